"""Stores of a simulation in memory: profiles, states, labels, cohorts, findings and progress of one model version."""

from collections.abc import Collection, Iterator, Sequence

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
    """Profiles by day."""

    def __init__(self) -> None:
        self._days: dict[str, Profile] = {}

    def profiles(
        self, tenant_id: str, model: str, version: int, source: Source, start: str, end: str
    ) -> Iterator[Profile]:
        """Yield the profiles of a range of days in order."""
        return (self._days[day] for day in sorted(self._days) if start <= day <= end)

    def put(self, tenant_id: str, model: str, version: int, profile: Profile) -> None:
        """Store a profile in place of an earlier one of its day."""
        self._days[profile.day] = profile


class MemoryFindings:
    """Findings by id; all of them are open."""

    def __init__(self) -> None:
        self._records: dict[str, FindingRecord] = {}

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings, the newest day first."""
        return iter(sorted(self._records.values(), key=lambda record: record.position, reverse=True))

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding. Raises NotFound."""
        if record := self._records.get(finding_id):
            return record
        raise NotFound("There is no finding with this id.")

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open. Return False if it is stored already."""
        record = FindingRecord(finding_id(model, finding), model, finding)
        return self._records.setdefault(record.finding_id, record) is record

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store a decision about a finding."""
        self._records[record.finding_id] = record

    def mark_told(self, tenant_id: str, record: FindingRecord) -> None:
        """Store a record whose alert was raised."""
        self._records[record.finding_id] = record


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
        """Save a state with the findings of its last day."""
        self._state = state
        for finding in findings:
            self._findings.add(tenant_id, model, finding)


class MemoryLabels:
    """Decisions by the week in which their labels are due."""

    def __init__(self) -> None:
        self._weeks: dict[str, list[DueDecision]] = {}

    def add(self, decision: DueDecision) -> None:
        """Store a decision."""
        self._weeks.setdefault(due_week(decision.due_at), []).append(decision)

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        """Return the weeks in which labels are due."""
        return self._weeks.keys()

    def due_in(self, tenant_id: str, model: str, version: int, weeks: Collection[str]) -> Iterator[DueDecision]:
        """Yield the decisions whose labels are due in some weeks."""
        return (decision for week in weeks for decision in self._weeks[week])


class MemoryCohorts:
    """Cohorts by week."""

    def __init__(self) -> None:
        self._weeks: dict[str, Cohort] = {}

    def cohorts(self, tenant_id: str, model: str, version: int, source: Source) -> Iterator[Cohort]:
        """Yield the cohorts in the order of their weeks."""
        return (self._weeks[week] for week in sorted(self._weeks))

    def put(self, tenant_id: str, model: str, version: int, source: Source, cohort: Cohort) -> None:
        """Store a cohort in place of an earlier one of its week."""
        self._weeks[cohort.week] = cohort


class MemoryProgress:
    """Progress of the nightly work about the version."""

    def __init__(self) -> None:
        self._served: list[ServedVersion] = []

    def served(self, tenant_id: str) -> Collection[ServedVersion]:
        """Return the version if it served."""
        return self._served

    def put_served(self, tenant_id: str, served: ServedVersion) -> None:
        """Store the version in place of its earlier state."""
        self._served = [served]

    def counted_through(self, tenant_id: str) -> str:
        """Return no day: the simulation counts each day once."""
        return ""

    def put_counted(self, tenant_id: str, day: str) -> None:
        """Store nothing."""


class OneModel:
    """The simulated version, which is the champion of its model."""

    def __init__(self, number: int, version: MonitoredVersion) -> None:
        self._number = number
        self._version = version

    def champion(self, model: str) -> int:
        """Return the number of the version."""
        return self._number

    def version(self, model: str, version: int) -> MonitoredVersion:
        """Return the version."""
        return self._version
