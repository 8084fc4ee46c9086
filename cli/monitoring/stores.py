"""Stores of monitoring in memory: profiles, states, labels, cohorts, findings and progress."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from vigil.errors import Conflict, NotFound
from vigil.monitoring.drift.state_model import DriftState
from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision, due_week
from vigil.monitoring.profiles.model import Profile, Source
from vigil.monitoring.report.monitored_model import MonitoredVersion

Place = tuple[str, str, int, Source]
"""Tenant, model, version and source."""


class MemoryProfiles:
    """Profiles by place and day."""

    def __init__(self) -> None:
        self.stored: dict[tuple[Place, str], Profile] = {}

    def profiles(
        self, tenant_id: str, model: str, version: int, source: Source, start: str, end: str
    ) -> Iterator[Profile]:
        """Yield the profiles of a range of days in order."""
        place = tenant_id, model, version, source
        days = sorted(day for own, day in self.stored if own == place and start <= day <= end)
        return (self.stored[place, day] for day in days)

    def put(self, tenant_id: str, model: str, version: int, profile: Profile) -> None:
        """Store a profile."""
        self.stored[(tenant_id, model, version, profile.source), profile.day] = profile


class MemoryFindings:
    """Findings by tenant, model and id."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str, str], FindingRecord] = {}

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings of a model, the newest day first."""
        mine = [record for (tenant, name, _), record in self.stored.items() if (tenant, name) == (tenant_id, model)]
        return iter(sorted(mine, key=lambda record: record.position, reverse=True))

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding. Raises NotFound."""
        if record := self.stored.get((tenant_id, model, finding_id)):
            return record
        raise NotFound(f"There is no such finding; GET /v1/models/{model}/health/findings lists all.")

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open. Return False if it is stored already."""
        record = FindingRecord(finding_id(model, finding), model, finding)
        return self.stored.setdefault((tenant_id, model, record.finding_id), record) is record

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store a decision about an open finding. Raises Conflict or NotFound."""
        if self.get(tenant_id, record.model, record.finding_id).state != "open":
            raise Conflict("The finding is decided already.")
        self.stored[tenant_id, record.model, record.finding_id] = record

    def mark_told(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the state of a record as its `told`. A finding that is not stored has no effect."""
        key = tenant_id, record.model, record.finding_id
        if key in self.stored:
            self.stored[key] = replace(self.stored[key], told=record.state)


class MemoryStates:
    """States of drift by place, stored with their findings."""

    def __init__(self, findings: MemoryFindings) -> None:
        self.stored: dict[Place, DriftState] = {}
        self._findings = findings

    def load(self, tenant_id: str, model: str, version: int, source: Source) -> DriftState | None:
        """Return the last saved state, or None."""
        return self.stored.get((tenant_id, model, version, source))

    def save(
        self,
        tenant_id: str,
        model: str,
        version: int,
        source: Source,
        state: DriftState,
        findings: Sequence[Finding],
    ) -> None:
        """Save a state with its findings. Raises Conflict if the saved state has a higher revision."""
        place = tenant_id, model, version, source
        if (stored := self.stored.get(place)) and stored.revision > state.revision:
            raise Conflict("The baseline of drift was restarted meanwhile.")
        self.stored[place] = state
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
    """Cohorts by place and week."""

    def __init__(self) -> None:
        self.stored: dict[tuple[Place, str], Cohort] = {}

    def cohorts(self, tenant_id: str, model: str, version: int, source: Source) -> Iterator[Cohort]:
        """Yield the cohorts of a version in the order of their weeks."""
        place = tenant_id, model, version, source
        return (self.stored[place, week] for week in sorted(week for own, week in self.stored if own == place))

    def put(self, tenant_id: str, model: str, version: int, source: Source, cohort: Cohort) -> None:
        """Store a cohort."""
        self.stored[(tenant_id, model, version, source), cohort.week] = cohort


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
