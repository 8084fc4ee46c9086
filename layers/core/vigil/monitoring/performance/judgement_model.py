"""Judgement of cohorts in the order of their weeks: state of the detectors, alarms, and findings.

The state is a pure function of the cohorts. A cohort that changes later is judged again from its week on.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from vigil.kernel.time import format_day
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.performance.cohorts_model import Cohort, CohortArm
from vigil.monitoring.performance.confirmed_model import ConfirmedPerformance, confirm_performance
from vigil.monitoring.performance.detectors_model import (
    NO_EVIDENCE,
    THRESHOLD,
    TOLERANCE,
    calibration_ratios,
    grow,
    labelled_bins,
    log_mean,
    overdue_ratios,
)
from vigil.monitoring.performance.model import Metric
from vigil.monitoring.performance.overdue_model import OverdueBaseline, overdue_rate

LITTLE_EVIDENCE = math.log(10)
"""Logarithm of evidence below which a change, if any, is taken to begin in a later week."""


@dataclass(frozen=True, slots=True)
class Detector:
    """Logarithms of the bets, untreated decisions since the last week with little evidence, and that first week.

    `fired` is the week of the alarm, from which on the detector rests until a new baseline.
    """

    logs: tuple[float, ...] = ()
    recent: CohortArm = field(default=CohortArm())
    since: str = ""
    fired: str = ""

    @property
    def evidence(self) -> float:
        """Logarithm of the evidence; none after an alarm."""
        return NO_EVIDENCE if self.fired else log_mean(self.logs)


@dataclass(frozen=True, slots=True)
class LabelState:
    """State of the detectors of one model version and source after the week `through`."""

    calibration: Detector = field(default=Detector())
    overdue: Detector = field(default=Detector())
    baseline: OverdueBaseline = field(default=OverdueBaseline())
    through: str = ""

    @property
    def has_calibration_alarm(self) -> bool:
        """True if estimates of performance are withdrawn."""
        return bool(self.calibration.fired)


@dataclass(frozen=True, slots=True)
class LabelJudge:
    """Judge of one model version and source. `tolerance` is that of calibration, in log-odds."""

    version: int
    source: str
    tolerance: float = TOLERANCE

    def judge(self, cohorts: Iterable[Cohort]) -> tuple[LabelState, list[Finding]]:
        """Return the state after all cohorts, given in the order of their weeks, and the findings."""
        state, findings = LabelState(), list[Finding]()
        for cohort in cohorts:
            state, found = self.advance(state, cohort)
            findings += found
        return state, findings

    def advance(self, state: LabelState, cohort: Cohort) -> tuple[LabelState, list[Finding]]:
        """Return the state after one more week, and its findings. Raises ValueError for a week that is not later.

        Only untreated decisions are judged, because help makes events rarer than the score says.
        """
        if cohort.week <= state.through:
            raise ValueError("cohorts must be judged in the order of their weeks")
        arm = cohort.untreated
        calibration = _advance(
            state.calibration, calibration_ratios(labelled_bins(arm), self.tolerance), arm, cohort.week
        )
        overdue, baseline = state.overdue, state.baseline
        if baseline.is_complete:
            ratios = overdue_ratios(sum(arm.overdue), arm.total.rows, baseline.tolerated_odds, baseline.dispersion)
            overdue = _advance(overdue, ratios, arm, cohort.week)
        else:
            baseline = baseline.add(arm)
        evidence = log_mean([calibration.evidence, overdue.evidence])
        findings: list[Finding] = []
        if evidence >= THRESHOLD:
            if calibration.evidence >= overdue.evidence:
                findings.append(self._calibration_finding(calibration, cohort.week, evidence))
                calibration = replace(calibration, fired=cohort.week)
            else:
                findings.append(self._overdue_finding(overdue, baseline, cohort.week, evidence))
                overdue = replace(overdue, fired=cohort.week)
        return LabelState(calibration, overdue, baseline, cohort.week), findings

    def _calibration_finding(self, detector: Detector, week: str, evidence: float) -> Finding:
        found = confirm_performance(detector.recent)
        is_concept = found.slope is not None and found.slope.high is not None and found.slope.high < 1
        effect = _effect(found, is_concept=is_concept)
        direction = "more" if found.intercept and found.intercept.value > 0 else "fewer"
        return Finding(
            version=self.version,
            source=self.source,
            family="labels",
            kind="concept" if is_concept else "prior",
            subjects=(),
            day=_day(week, 7),
            since=_day(detector.since, 1),
            effect=effect,
            e_value=math.exp(evidence),
            recommendation="retrain" if is_concept else "recalibrate",
            text=(
                "The scores separate events from other decisions less well than before. Retrain the model."
                if is_concept
                else f"There are {direction} events than the scores say, at all levels of risk. Recalibrate the model."
            ),
        )

    def _overdue_finding(self, detector: Detector, baseline: OverdueBaseline, week: str, evidence: float) -> Finding:
        rate = overdue_rate(detector.recent) or Metric(0.0)
        return Finding(
            version=self.version,
            source=self.source,
            family="labels",
            kind="labels",
            subjects=(),
            day=_day(week, 7),
            since=_day(detector.since, 1),
            effect=Effect("rate", rate.value, rate.low, rate.high),
            e_value=math.exp(evidence),
            recommendation="collect_labels",
            text=(
                f"{rate.value:.0%} of the decisions have no outcome after its due time; it was {baseline.rate:.0%}. "
                "Report the missing outcomes, because confirmed performance may be biased."
            ),
        )


def _advance(detector: Detector, ratios: Sequence[float], arm: CohortArm, week: str) -> Detector:
    if detector.fired:
        return detector
    logs = grow(detector.logs, ratios)
    recent, since = (detector.recent + arm, detector.since) if detector.since else (arm, week)
    if log_mean(logs) < LITTLE_EVIDENCE:
        recent, since = CohortArm(), ""
    return Detector(logs, recent, since)


def _effect(found: ConfirmedPerformance, *, is_concept: bool) -> Effect:
    metric = (found.slope if is_concept else found.intercept) or Metric(0.0)
    return Effect("calibration_slope" if is_concept else "calibration_intercept", metric.value, metric.low, metric.high)


def _day(week: str, weekday: int) -> str:
    """Return a day of an ISO week; 1 is Monday."""
    return format_day(date.fromisocalendar(int(week[:4]), int(week[6:]), weekday))
