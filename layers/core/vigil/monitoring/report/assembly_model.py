"""Assembly: facts of a health report from stored profiles, states, cohorts and findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from vigil.monitoring.drift.layout_model import sensors
from vigil.monitoring.drift.state_model import DriftState, is_of_sensors
from vigil.monitoring.drift.summary_model import WINDOW_DAYS
from vigil.monitoring.findings.model import BUDGET_SHARES
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.performance.cohorts_model import Cohort
from vigil.monitoring.profiles.model import Profile, Source
from vigil.monitoring.report.days_model import day_before, monday_of, sunday_of
from vigil.monitoring.report.drift_facts_model import describe_drift, describe_training_shift
from vigil.monitoring.report.facts_model import HealthFacts, VolumeFacts
from vigil.monitoring.report.group_facts_model import tally_groups, unjudged_intersections
from vigil.monitoring.report.model import Budget
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.monitoring.report.performance_facts_model import (
    calibration_bins,
    confirmed_facts,
    estimated_facts,
    reference_bins,
    sum_arms,
)
from vigil.monitoring.report.trend_facts_model import describe_weeks, sum_by_name
from vigil.monitoring.trials.model import WeighedTrial

HISTORY_DAYS = 365
"""Number of days of a report, its last day included."""


@dataclass(frozen=True, slots=True)
class ReportOrigin:
    """Model version and source of a report, and its last day `until` in UTC (`2026-11-29`), which is included.

    Decisions about findings are read up to the end of the day `decided_until`; "" means `until`.
    """

    model: str
    version: int
    source: Source
    until: str
    decided_until: str = ""

    @property
    def start(self) -> str:
        """First day (`2025-11-30`) of the report: the first of the 365 days that end with `until`."""
        return day_before(self.until, HISTORY_DAYS - 1)

    def includes(self, week: str) -> bool:
        """Return True if all days of an ISO week (`2026-W47`) are days of the report."""
        return self.start <= monday_of(week) and sunday_of(week) <= self.until


@dataclass(frozen=True, slots=True)
class Observations:
    """Stored counts and findings from which a report of one origin is made.

    `profiles` are those of the report's days, the earliest first. `cohorts` are all of the version, in the order of
    their weeks. `findings` are those of all versions of the model. `state` is the newest one, also if the report ends
    earlier; None before the first judged day. `trial` is the last weighed trial beside the version; None without one.
    """

    profiles: Sequence[Profile]
    state: DriftState | None
    cohorts: Sequence[Cohort]
    findings: Sequence[FindingRecord]
    trial: WeighedTrial | None = None


def assemble_facts(version: MonitoredVersion, origin: ReportOrigin, observed: Observations) -> HealthFacts:
    """Return the exact facts of a report, which only `publish` may show to people.

    A member is None or empty without its data: no state, no cohort, or fewer than 11 rows with a probability. Raises
    DamagedData if a profile does not fit the layout of the version.
    """
    contract, until = version.contract, origin.until
    mine = [each for each in observed.findings if _is_of(each, origin)]
    still_open = [each.finding for each in mine if each.is_open_on(origin.decided_until or until)]
    window = [each for each in observed.profiles if each.day > day_before(until, WINDOW_DAYS)]
    cohorts = [each for each in observed.cohorts if origin.includes(each.week)]
    arm = sum_arms(cohorts)
    has_failed = any(each.finding.kind in {"prior", "concept"} for each in mine)
    state = _state_on(version, observed.state, until)
    return HealthFacts(
        model=origin.model,
        version=origin.version,
        source=origin.source,
        until=until,
        is_settling=state is None or state.settling,
        budget=_budget(observed.profiles, mine, origin),
        volume=_volume(window, until),
        findings=tuple(still_open),
        estimated=estimated_facts(window, contract, is_withdrawn=has_failed),
        confirmed=confirmed_facts(arm, monday_of(cohorts[0].week), sunday_of(cohorts[-1].week)) if arm else None,
        calibration=calibration_bins(arm) if arm else (),
        reference=reference_bins(version.reference.scores) if version.reference else (),
        drift=describe_drift(version, state, window, still_open) if state else (),
        groups=tally_groups(contract, observed.profiles, cohorts),
        unjudged=unjudged_intersections(contract),
        trend=describe_weeks(observed.profiles, [each.finding.day for each in mine], contract, (origin.start, until)),
        training_shift=describe_training_shift(version, state) if state else (),
        trial=observed.trial if observed.trial and observed.trial.day <= until else None,
    )


def _is_of(record: FindingRecord, origin: ReportOrigin) -> bool:
    finding = record.finding
    is_same = (finding.version, finding.source) == (origin.version, origin.source)
    return is_same and origin.start <= finding.day <= origin.until


def _state_on(version: MonitoredVersion, state: DriftState | None, until: str) -> DriftState | None:
    """Return the state if its baseline had begun by a day; None for a later baseline.

    A state without the sensors of the version is left out, until a sweep builds it again.
    """
    if state is None or not is_of_sensors(state, sensors(version.layout)):
        return None
    return state if 0 < state.first <= date.fromisoformat(until).toordinal() else None


def _budget(profiles: Sequence[Profile], mine: Sequence[FindingRecord], origin: ReportOrigin) -> Budget:
    since = profiles[0].day if profiles else origin.until
    return Budget(expected_per_year=sum(BUDGET_SHARES.values()), used=len(mine), since=since)


def _volume(window: Sequence[Profile], until: str) -> VolumeFacts:
    return VolumeFacts(
        start=day_before(until, WINDOW_DAYS - 1),
        end=until,
        decisions=sum(each.rows for each in window),
        counted=sum(each.counted for each in window),
        abstained=sum_by_name([each.abstention_reasons for each in window]),
        degraded=sum_by_name([each.degraded_engines for each in window]),
    )
