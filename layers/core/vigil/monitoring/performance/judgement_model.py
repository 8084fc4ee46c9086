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
    OVERDUE_TOLERANCE,
    THRESHOLD,
    TOLERANCE,
    calibration_ratios,
    grow,
    labelled_bins,
    log_mean,
    overdue_ratios,
)
from vigil.monitoring.performance.dispersion_model import WeekDispersion
from vigil.monitoring.performance.model import Metric
from vigil.monitoring.performance.overdue_model import SETTLING_WEEKS, OverdueBaseline, overdue_rate
from vigil.monitoring.profiles.model import SUM_SCALE, Source
from vigil.prediction.packages.reference_model import MIN_CELL

LITTLE_EVIDENCE = math.log(10)
"""Natural logarithm of the evidence below which a change, if any, is taken to begin in a later week."""
_MAX_LOG = 690.0


@dataclass(frozen=True, slots=True)
class Detector:
    """Natural logarithm of each bet's evidence, and untreated decisions since the week `since`.

    `since` is the first week (`2026-W47`) after the last one with little evidence; "" for none. `fired` is the week of
    the alarm, or "". From then on, the detector of this version rests.
    """

    logs: tuple[float, ...] = ()
    recent: CohortArm = field(default=CohortArm())
    since: str = ""
    fired: str = ""

    @property
    def evidence(self) -> float:
        """Natural logarithm of the mean evidence of the bets; `NO_EVIDENCE` after an alarm."""
        return NO_EVIDENCE if self.fired else log_mean(self.logs)


@dataclass(frozen=True, slots=True)
class LabelState:
    """State of the detectors of one model version and source.

    `through` is the last judged week (`2026-W47`), or "" before the first one. `waiting` has the weeks in which
    calibration is not judged yet, with their untreated decisions, because the dispersion between weeks is unknown. It
    is None once the first eight weeks with decisions were judged.
    """

    calibration: Detector = field(default=Detector())
    overdue: Detector = field(default=Detector())
    baseline: OverdueBaseline = field(default=OverdueBaseline())
    dispersion: WeekDispersion = field(default=WeekDispersion())
    waiting: tuple[tuple[str, CohortArm], ...] | None = ()
    through: str = ""

    @property
    def has_calibration_alarm(self) -> bool:
        """True after an alarm about calibration: estimates of performance are withdrawn."""
        return bool(self.calibration.fired)


@dataclass(frozen=True, slots=True)
class LabelJudge:
    """Judge of one model version and source. `tolerance` is the tolerated error of calibration, in log-odds."""

    version: int
    source: Source
    tolerance: float = TOLERANCE

    def judge(self, cohorts: Iterable[Cohort]) -> tuple[LabelState, list[Finding]]:
        """Return the state after all cohorts, given in the order of their weeks, and all findings.

        Raises ValueError for another order, or for a week that is given twice.
        """
        state, findings = LabelState(), list[Finding]()
        for cohort in cohorts:
            state, found = self.advance(state, cohort)
            findings += found
        return state, findings

    def advance(self, state: LabelState, cohort: Cohort) -> tuple[LabelState, list[Finding]]:
        """Return the state after one more week, and its findings, at most one.

        Raises ValueError for a week that is not later than `state.through`. Only untreated decisions are judged,
        because help makes events rarer than the score predicts. The log-likelihood ratios of calibration are divided by
        the dispersion of the weeks before, because facilities report by turns. Its first eight weeks with decisions are
        judged together in the last of them. Overdue labels are judged after their baseline of at least eight weeks with
        decisions and 200 decisions.
        """
        if cohort.week <= state.through:
            raise ValueError("cohorts must be judged in the order of their weeks")
        arm = cohort.untreated
        calibration, dispersion, waiting = self._judge_calibration(state, cohort.week, arm)
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
        return LabelState(calibration, overdue, baseline, dispersion, waiting, cohort.week), findings

    def _judge_calibration(
        self, state: LabelState, week: str, arm: CohortArm
    ) -> tuple[Detector, WeekDispersion, tuple[tuple[str, CohortArm], ...] | None]:
        """Return the detector, the dispersion, and the weeks that still wait for it."""
        dispersion, detector = state.dispersion.add(arm), state.calibration
        if state.waiting is None:
            return self._advance_calibration(detector, state.dispersion.value, week, arm), dispersion, None
        waiting = (*state.waiting, (week, arm)) if arm.total.rows else state.waiting
        if len(waiting) < SETTLING_WEEKS:
            return detector, dispersion, waiting
        for each in waiting:
            detector = self._advance_calibration(detector, dispersion.value, *each)
        return detector, dispersion, None

    def _advance_calibration(self, detector: Detector, dispersion: float, week: str, arm: CohortArm) -> Detector:
        ratios = [ratio / dispersion for ratio in calibration_ratios(labelled_bins(arm), self.tolerance)]
        return _advance(detector, ratios, arm, week)

    def _calibration_finding(self, detector: Detector, week: str, evidence: float) -> Finding:
        found = confirm_performance(detector.recent)
        is_concept = found.slope is not None and found.slope.high is not None and found.slope.high < 1
        direction = "more" if _has_more_events(detector.recent) else "fewer"
        edge = self.tolerance if direction == "more" else -self.tolerance
        is_shown = min(found.events, found.rows - found.events) >= MIN_CELL
        effect = _effect(found, is_concept=is_concept) if is_shown else Effect("calibration_intercept", edge)
        return Finding(
            version=self.version,
            source=self.source,
            family="labels",
            kind="concept" if is_concept else "prior",
            subjects=(),
            day=_day(week, 7),
            since=_day(detector.since, 1),
            effect=effect,
            e_value=_e_value(evidence),
            recommendation="retrain" if is_concept else "recalibrate",
            text=(
                "The scores separate events from other decisions less well than before. Retrain the model."
                if is_concept
                else f"There are {direction} events than the scores say, at all levels of risk. Recalibrate the model."
            ),
        )

    def _overdue_finding(self, detector: Detector, baseline: OverdueBaseline, week: str, evidence: float) -> Finding:
        """Return the finding of overdue labels. With small counts it has the tolerated edge and no shares."""
        rate = overdue_rate(detector.recent) or Metric(0.0)
        counts = *_overdue_counts(detector.recent), *baseline.counts
        is_shown = min(counts) >= MIN_CELL
        shares = (
            f"{rate.value:.0%} of the decisions have no outcome after its due time; it was {baseline.rate:.0%}."
            if is_shown
            else "More decisions than before have no outcome after its due time."
        )
        return Finding(
            version=self.version,
            source=self.source,
            family="labels",
            kind="labels",
            subjects=(),
            day=_day(week, 7),
            since=_day(detector.since, 1),
            effect=Effect("rate", rate.value, rate.low, rate.high)
            if is_shown
            else Effect("odds_ratio", OVERDUE_TOLERANCE),
            e_value=_e_value(evidence),
            recommendation="collect_labels",
            text=f"{shares} Report the missing outcomes, because confirmed performance may be biased.",
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


def _has_more_events(arm: CohortArm) -> bool:
    return sum(arm.events) * SUM_SCALE > sum(arm.labelled.sums)


def _overdue_counts(arm: CohortArm) -> tuple[int, int]:
    """Return the overdue labels, and the other decisions."""
    overdue = sum(arm.overdue)
    return overdue, arm.total.rows - overdue


def _e_value(evidence: float) -> float:
    return float(f"{math.exp(min(evidence, _MAX_LOG)):.2g}")


def _day(week: str, weekday: int) -> str:
    """Return a day of an ISO week; 1 is Monday."""
    return format_day(date.fromisocalendar(int(week[:4]), int(week[6:]), weekday))
