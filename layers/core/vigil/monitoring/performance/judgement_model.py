"""Judgement of cohorts in the order of their weeks: state of the detectors, alarms, and findings.

The state is a pure function of the cohorts and of the restarts. A cohort that changes later is judged again from its
week on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from vigil.kernel.time import format_day
from vigil.monitoring.findings.evidence_model import (
    LITTLE_EVIDENCE,
    NO_EVIDENCE,
    advance_evidence,
    from_log,
    log_mean,
)
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.findings.suppression_model import Estimate, round_measure, round_share, share_interval
from vigil.monitoring.performance.cohorts_model import Cohort, CohortArm
from vigil.monitoring.performance.confirmed_model import ConfirmedPerformance, confirm_performance
from vigil.monitoring.performance.detectors_model import (
    LOG_THRESHOLD,
    OVERDUE_TOLERANCE,
    TOLERANCE,
    calibration_log_ratios,
    labelled_bins,
    overdue_log_ratios,
)
from vigil.monitoring.performance.dispersion_model import WeekDispersion
from vigil.monitoring.performance.model import Metric
from vigil.monitoring.performance.overdue_model import SETTLING_WEEKS, OverdueBaseline, overdue_counts
from vigil.monitoring.performance.restarts_model import LabelRestarts, is_restarted
from vigil.monitoring.profiles.model import SUM_SCALE, Source

_NO_RESTARTS = LabelRestarts()


@dataclass(frozen=True, slots=True)
class Detector:
    """Evidence against calibration or against timely labels. `logs` has the natural logarithm of each bet's evidence.

    `recent` counts the untreated decisions from the week `since` on. `since` is the first week (`2026-W47`) after the
    last one with little evidence; "" for none. `fired` is the week of the first alarm, or "". After an alarm, the
    detector is resting until its next restart.
    """

    logs: tuple[float, ...] = ()
    recent: CohortArm = field(default=CohortArm())
    since: str = ""
    fired: str = ""
    is_resting: bool = False

    @property
    def log_evidence(self) -> float:
        """Natural logarithm of the mean evidence of the bets; `NO_EVIDENCE` without bets and at rest after an alarm."""
        return NO_EVIDENCE if self.is_resting else log_mean(self.logs)

    def alarm(self, week: str) -> "Detector":
        """Return the detector at rest after an alarm in a week (`2026-W47`)."""
        return replace(self, fired=self.fired or week, is_resting=True)

    def restart(self) -> "Detector":
        """Return the detector without evidence. The week of its first alarm does not change."""
        return Detector(fired=self.fired)


@dataclass(frozen=True, slots=True)
class LabelState:
    """State of the detectors of one model version and source.

    `through` is the last judged week (`2026-W47`), or "" before the first one. `waiting` has the weeks in which
    calibration is not judged yet, with their untreated decisions. These weeks wait for the dispersion between weeks.
    `waiting` is None once the first eight weeks with decisions were judged.
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
    """Judge of one model version and source. `tolerance` is the tolerated error of calibration, in natural log-odds."""

    version: int
    source: Source
    tolerance: float = TOLERANCE

    def judge(
        self, cohorts: Iterable[Cohort], restarts: LabelRestarts = _NO_RESTARTS
    ) -> tuple[LabelState, list[Finding]]:
        """Return the state after all cohorts, given in the order of their weeks, and all findings in that order.

        A detector has at most one finding from one restart until the next one. Raises ValueError for another order, or
        for a week that is given twice.
        """
        state, findings = LabelState(), list[Finding]()
        for cohort in cohorts:
            state, found = self.advance(state, cohort, restarts)
            findings += found
        return state, findings

    def advance(
        self, state: LabelState, cohort: Cohort, restarts: LabelRestarts = _NO_RESTARTS
    ) -> tuple[LabelState, list[Finding]]:
        """Return the state after one more week, and its findings, at most one.

        Only untreated decisions are judged, because help makes events rarer than the score predicts. Raises ValueError
        for a week that is not later than `state.through`.

        The log-likelihood ratios of calibration are divided by the dispersion of the weeks before, because facilities
        report by turns. The first eight weeks with decisions are judged together in the last of them. Overdue labels
        are judged after their baseline, which has at least eight weeks with decisions and 200 decisions.
        """
        if cohort.week <= state.through:
            raise ValueError("cohorts must be judged in the order of their weeks")
        arm = cohort.untreated
        state = _restarted(state, restarts, cohort.week)
        calibration, dispersion, waiting = self._judge_calibration(state, cohort.week, arm)
        overdue, baseline = state.overdue, state.baseline
        if baseline.is_complete:
            log_ratios = overdue_log_ratios(
                sum(arm.overdue), arm.total.rows, baseline.tolerated_log_odds, baseline.dispersion
            )
            overdue = _advance_detector(overdue, log_ratios, arm, cohort.week)
        else:
            baseline = baseline.add(arm)
        log_evidence = log_mean([calibration.log_evidence, overdue.log_evidence])
        findings: list[Finding] = []
        if log_evidence >= LOG_THRESHOLD:
            if calibration.log_evidence >= overdue.log_evidence:
                findings.append(self._calibration_finding(calibration, cohort.week, log_evidence))
                calibration = calibration.alarm(cohort.week)
            else:
                findings.append(self._overdue_finding(overdue, baseline, cohort.week, log_evidence))
                overdue = overdue.alarm(cohort.week)
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
        log_ratios = [
            log_ratio / dispersion for log_ratio in calibration_log_ratios(labelled_bins(arm), self.tolerance)
        ]
        return _advance_detector(detector, log_ratios, arm, week)

    def _calibration_finding(self, detector: Detector, week: str, log_evidence: float) -> Finding:
        found = confirm_performance(detector.recent)
        is_concept = found.slope is not None and found.slope.high is not None and found.slope.high < 1
        direction = "more" if _has_more_events(detector.recent) else "fewer"
        edge = self.tolerance if direction == "more" else -self.tolerance
        return Finding(
            version=self.version,
            source=self.source,
            family="labels",
            kind="concept" if is_concept else "prior",
            subjects=(),
            day=_day(week, 7),
            since=_day(detector.since, 1),
            effect=_effect(found, edge, is_concept=is_concept),
            e_value=_e_value(log_evidence),
            recommendation="retrain" if is_concept else "recalibrate",
            text=(
                "The scores separate events from other decisions less well than before. Retrain the model."
                if is_concept
                else f"There are {direction} events than predicted, at all levels of risk. Recalibrate the model."
            ),
        )

    def _overdue_finding(
        self, detector: Detector, baseline: OverdueBaseline, week: str, log_evidence: float
    ) -> Finding:
        """Return the finding of overdue labels. With small counts it has the tolerated edge and no shares."""
        rate, before = _shown_share(overdue_counts(detector.recent)), _shown_share(baseline.counts)
        effect = Effect("odds_ratio", OVERDUE_TOLERANCE)
        shares = "More decisions than before have no outcome after its due time."
        if rate.value is not None and before.value is not None:
            effect = Effect("rate", rate.value, rate.low, rate.high)
            shares = f"{rate.value:.0%} of the decisions have no outcome after its due time; it was {before.value:.0%}."
        return Finding(
            version=self.version,
            source=self.source,
            family="labels",
            kind="labels",
            subjects=(),
            day=_day(week, 7),
            since=_day(detector.since, 1),
            effect=effect,
            e_value=_e_value(log_evidence),
            recommendation="collect_labels",
            text=f"{shares} Report the missing outcomes, because confirmed performance may be biased.",
        )


def _advance_detector(detector: Detector, log_ratios: Sequence[float], arm: CohortArm, week: str) -> Detector:
    if detector.is_resting:
        return detector
    logs = advance_evidence(detector.logs, log_ratios)
    recent, since = (detector.recent + arm, detector.since) if detector.since else (arm, week)
    if log_mean(logs) < LITTLE_EVIDENCE:
        recent, since = CohortArm(), ""
    return replace(detector, logs=logs, recent=recent, since=since)


def _restarted(state: LabelState, restarts: LabelRestarts, week: str) -> LabelState:
    """Return the state with the detectors that restart before they judge a week."""
    calibration, overdue = state.calibration, state.overdue
    if is_restarted(restarts.calibration, state.through, week):
        calibration = calibration.restart()
    if is_restarted(restarts.overdue, state.through, week):
        overdue = overdue.restart()
    return replace(state, calibration=calibration, overdue=overdue)


def _effect(found: ConfirmedPerformance, edge: float, *, is_concept: bool) -> Effect:
    """Return the slope or the intercept as a report shows it; the tolerated edge of the intercept if it is hidden."""
    metric = (found.slope if is_concept else found.intercept) or Metric(0.0)
    exact, rarer = Estimate(metric.value, metric.low, metric.high), min(found.events, found.rows - found.events)
    shown = round_measure(exact, rarer)
    if shown.value is None:
        return Effect("calibration_intercept", edge)
    return Effect("calibration_slope" if is_concept else "calibration_intercept", shown.value, shown.low, shown.high)


def _shown_share(counts: tuple[int, int]) -> Estimate:
    """Return the share of the first of two counts as a report shows it, with its interval."""
    rows = sum(counts)
    return share_interval(round_share(counts[0], rows), rows)


def _has_more_events(arm: CohortArm) -> bool:
    return sum(arm.events) * SUM_SCALE > sum(arm.labelled.sums)


def _e_value(log_evidence: float) -> float:
    return float(f"{from_log(log_evidence):.2g}")


def _day(week: str, weekday: int) -> str:
    """Return a day of an ISO week; 1 is Monday."""
    return format_day(date.fromisocalendar(int(week[:4]), int(week[6:]), weekday))
