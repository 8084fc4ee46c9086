"""Stores of a simulation in memory: profiles, states, labels, cohorts, findings and progress of one model version."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from vigil.errors import NotFound
from vigil.monitoring.drift.state_model import DriftState
from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision, due_week
from vigil.monitoring.profiles.model import Profile, Source
from vigil.monitoring.report.monitored_model import MonitoredVersion


class MemoryProfiles:
    """Profiles of the simulated version by day. Tenant, model, version and source are ignored."""

    def __init__(self) -> None:
        self._days: dict[str, Profile] = {}

    def profiles(
        self, tenant_id: str, model: str, version: int, source: Source, start: str, end: str
    ) -> Iterator[Profile]:
        """Yield the profiles from the day `start` to the day `end` (`2026-11-21`), both included, in order."""
        return (self._days[day] for day in sorted(self._days) if start <= day <= end)

    def put(self, tenant_id: str, model: str, version: int, profile: Profile) -> None:
        """Store a profile in place of an earlier one of its day."""
        self._days[profile.day] = profile


class MemoryFindings:
    """Findings of the simulated version by id. A simulation decides about none, so that all of them stay open."""

    def __init__(self) -> None:
        self._records: dict[str, FindingRecord] = {}

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings, the newest day first."""
        return iter(sorted(self._records.values(), key=lambda record: record.position, reverse=True))

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding. Raises NotFound for an unknown id."""
        if record := self._records.get(finding_id):
            return record
        raise NotFound("There is no finding with this id.")

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open. Return False if its id is stored already; the stored record stays then."""
        record = FindingRecord(finding_id(model, finding), model, finding)
        return self._records.setdefault(record.finding_id, record) is record

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store a record in place of an earlier one. The state before is not checked."""
        self._records[record.finding_id] = record

    def mark_told(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the state of a record as its `told`. A finding that is not stored has no effect."""
        if record.finding_id in self._records:
            self._records[record.finding_id] = replace(self._records[record.finding_id], told=record.state)


class MemoryStates:
    """State of drift, saved with its findings."""

    def __init__(self, findings: MemoryFindings) -> None:
        self._findings = findings
        self._state: DriftState | None = None

    def load(self, tenant_id: str, model: str, version: int, source: Source) -> DriftState | None:
        """Return the last saved state, or None before the first day."""
        return self._state

    def save(
        self,
        tenant_id: str,
        model: str,
        version: int,
        source: Source,
        state: DriftState,
        findings: Sequence[Finding],
    ) -> None:
        """Save a state in place of the earlier one, with the findings of its last days."""
        self._state = state
        for finding in findings:
            self._findings.add(tenant_id, model, finding)


class MemoryLabels:
    """Decisions of the simulated version by the ISO week (`2026-W47`) in which their labels are due."""

    def __init__(self) -> None:
        self._weeks: dict[str, list[DueDecision]] = {}

    def add(self, decision: DueDecision) -> None:
        """Store a decision."""
        self._weeks.setdefault(due_week(decision.due_at), []).append(decision)

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        """Return the ISO weeks (`2026-W47`) in which labels are due, also later ones, in any order."""
        return self._weeks.keys()

    def due_in(self, tenant_id: str, model: str, version: int, weeks: Collection[str]) -> Iterator[DueDecision]:
        """Yield the decisions whose labels are due in these weeks. Raises KeyError for a week without decisions."""
        return (decision for week in weeks for decision in self._weeks[week])


class MemoryCohorts:
    """Cohorts of the simulated version by week."""

    def __init__(self) -> None:
        self._weeks: dict[str, Cohort] = {}

    def cohorts(self, tenant_id: str, model: str, version: int, source: Source) -> Iterator[Cohort]:
        """Yield the cohorts in the order of their weeks."""
        return (self._weeks[week] for week in sorted(self._weeks))

    def put(self, tenant_id: str, model: str, version: int, source: Source, cohort: Cohort) -> None:
        """Store a cohort in place of an earlier one of its week."""
        self._weeks[cohort.week] = cohort


class MemoryProgress:
    """Progress of the nightly work on the simulated version. The tenant is ignored."""

    def __init__(self) -> None:
        self._served: list[ServedVersion] = []

    def served(self, tenant_id: str) -> Collection[ServedVersion]:
        """Return the one stored version; empty before the first one is stored."""
        return self._served

    def put_served(self, tenant_id: str, served: ServedVersion) -> None:
        """Store the version in place of the one before; the store has only one."""
        self._served = [served]

    def counted_through(self, tenant_id: str) -> str:
        """Return "", because the simulation counts each day once."""
        return ""

    def put_counted(self, tenant_id: str, day: str) -> None:
        """Ignore the day, because the simulation counts each day once."""


class OneModel:
    """The simulated version, which is the champion of its model."""

    def __init__(self, number: int, version: MonitoredVersion) -> None:
        self._number = number
        self._version = version

    def champion(self, model: str) -> int:
        """Return the number of the version for every model name."""
        return self._number

    def version(self, model: str, version: int) -> MonitoredVersion:
        """Return the version for every name and number."""
        return self._version
