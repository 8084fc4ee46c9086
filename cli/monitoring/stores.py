"""Stores of monitoring in memory: profiles, states, labels, cohorts, findings and progress."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from vigil.errors import Conflict, DamagedData, NotFound
from vigil.monitoring.drift.ports import MAX_FINDINGS_PER_SAVE
from vigil.monitoring.drift.state_model import DriftState
from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision, due_week
from vigil.monitoring.profiles.model import Profile, Source
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.monitoring.trials.model import WeighedTrial

VersionKey = tuple[str, str, int, Source]
"""Tenant, model, version and source."""


class MemoryProfiles:
    """Profiles by tenant, model, version, source and day."""

    def __init__(self) -> None:
        self.stored: dict[tuple[VersionKey, str], Profile] = {}

    def profiles(
        self, tenant_id: str, model: str, version: int, source: Source, start: str, end: str
    ) -> Iterator[Profile]:
        """Yield the profiles of the days (`2026-11-21`) from `start` to `end`, both included, the earliest first."""
        key = tenant_id, model, version, source
        days = sorted(day for own, day in self.stored if own == key and start <= day <= end)
        return (self.stored[key, day] for day in days)

    def put(self, tenant_id: str, model: str, version: int, profile: Profile) -> None:
        """Store a profile in place of an earlier one of its version, source and day."""
        self.stored[(tenant_id, model, version, profile.source), profile.day] = profile


class MemoryFindings:
    """Findings of all tenants by tenant, model and id."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str, str], FindingRecord] = {}

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings of all versions of a model: the newest day first, within a day the largest id first."""
        mine = [record for (tenant, name, _), record in self.stored.items() if (tenant, name) == (tenant_id, model)]
        return iter(sorted(mine, key=lambda record: record.position, reverse=True))

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding. Raises NotFound if the tenant's model has no finding with this id."""
        if record := self.stored.get((tenant_id, model, finding_id)):
            return record
        raise NotFound(f"There is no such finding; GET /v1/models/{model}/health/findings lists all.")

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open and return True. If its id is stored already, change nothing and return False."""
        record = FindingRecord(finding_id(tenant_id, model, finding), model, finding)
        return self.stored.setdefault((tenant_id, model, record.finding_id), record) is record

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store a decided record in place of the open one.

        Raises Conflict if the stored record is not open, and NotFound if the finding is not stored.
        """
        if self.get(tenant_id, record.model, record.finding_id).state != "open":
            raise Conflict("The finding is decided already.")
        self.stored[tenant_id, record.model, record.finding_id] = record

    def mark_published(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the `state` of a record as its `published_state`, in place of an earlier one.

        A finding that is not stored has no effect.
        """
        key = tenant_id, record.model, record.finding_id
        if key in self.stored:
            self.stored[key] = replace(self.stored[key], published_state=record.state)


class MemoryStates:
    """States of drift by tenant, model, version and source, saved with their findings."""

    def __init__(self, findings: MemoryFindings) -> None:
        self.stored: dict[VersionKey, DriftState] = {}
        self._findings = findings

    def load(self, tenant_id: str, model: str, version: int, source: Source) -> DriftState | None:
        """Return the last saved state; None before the first one."""
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
        """Save a state in place of the one before, and add its findings.

        A finding that is stored already is not changed. Raises Conflict if the saved state has a higher revision, and
        ValueError for more than `MAX_FINDINGS_PER_SAVE` (50) findings.
        """
        if len(findings) > MAX_FINDINGS_PER_SAVE:
            raise ValueError(f"a state must be saved with at most {MAX_FINDINGS_PER_SAVE} findings")
        key = tenant_id, model, version, source
        if (stored := self.stored.get(key)) and stored.revision > state.revision:
            raise Conflict("The baseline of drift was restarted meanwhile.")
        self.stored[key] = state
        for finding in findings:
            self._findings.add(tenant_id, model, finding)


class MemoryLabels:
    """Decisions of every tenant and version by the ISO week in which their labels are due.

    `reads` has the weeks of each read.
    """

    def __init__(self, decisions: Iterable[DueDecision] = ()) -> None:
        self.reads: list[Sequence[str]] = []
        self._weeks: dict[str, list[DueDecision]] = {}
        for decision in decisions:
            self.add(decision)

    def add(self, decision: DueDecision) -> None:
        """Store a decision, with its label, in the week in which the label is due. A second call stores it twice."""
        self._weeks.setdefault(due_week(decision.due_at), []).append(decision)

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        """Return the ISO weeks (`2026-W47`) in which labels are due, also later ones, in any order."""
        return self._weeks.keys()

    def due_in(self, tenant_id: str, model: str, version: int, weeks: Collection[str]) -> Iterator[DueDecision]:
        """Yield the decisions whose labels are due in these ISO weeks. Weeks without decisions are ignored."""
        self.reads.append(sorted(weeks))
        return (decision for week in weeks for decision in self._weeks.get(week, ()))


class MemoryCohorts:
    """Packed cohorts by tenant, model, version, source and week."""

    def __init__(self) -> None:
        self._packed: dict[tuple[VersionKey, str], bytes] = {}

    def cohorts(self, tenant_id: str, model: str, version: int, source: Source) -> Iterator[Cohort]:
        """Yield the cohorts of a version and source, the earliest week first."""
        key = tenant_id, model, version, source
        weeks = sorted(week for own, week in self._packed if own == key)
        return (Cohort.from_bytes(self._packed[key, week]) for week in weeks)

    def put(self, tenant_id: str, model: str, version: int, source: Source, cohort: Cohort) -> None:
        """Store a cohort in place of an earlier one of its version, source and week.

        Raises ValueError for a cohort of more than `MAX_COHORT_BYTES` (300 kB) when packed.
        """
        self._packed[(tenant_id, model, version, source), cohort.week] = cohort.to_bytes()


class MemoryTrials:
    """Last weighed trials of all tenants by tenant, model and champion."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str, int], WeighedTrial] = {}

    def load(self, tenant_id: str, model: str, champion: int) -> WeighedTrial | None:
        """Return the last weighed trial beside a version; None without one."""
        return self._stored.get((tenant_id, model, champion))

    def put(self, tenant_id: str, model: str, champion: int, trial: WeighedTrial) -> None:
        """Store a trial beside a version in place of the one before."""
        self._stored[tenant_id, model, champion] = trial


class MemoryProgress:
    """Progress of the nightly work for all tenants: served versions, the last counted days, and due weeks."""

    def __init__(self) -> None:
        self._served: dict[VersionKey, ServedVersion] = {}
        self._counted: dict[str, str] = {}
        self._weeks: dict[VersionKey, dict[str, Mapping[str, int]]] = {}

    def served(self, tenant_id: str) -> Collection[ServedVersion]:
        """Return the versions that served a tenant, each once per source, in the order of model, version and source."""
        return [each for key, each in sorted(self._served.items()) if key[0] == tenant_id]

    def damaged(self, tenant_id: str) -> Collection[DamagedData]:
        """Return an empty tuple, because progress in memory is never damaged."""
        return ()

    def put_served(self, tenant_id: str, served: ServedVersion) -> None:
        """Store the progress of a version and source in place of its earlier progress."""
        self._served[tenant_id, *served.key] = served

    def counted_through(self, tenant_id: str) -> str:
        """Return the last counted day of a tenant (`2026-11-21`, UTC); "" before the first count."""
        return self._counted.get(tenant_id, "")

    def put_counted(self, tenant_id: str, day: str) -> None:
        """Store the last counted day of a tenant (`2026-11-21`, UTC) in place of the earlier one."""
        self._counted[tenant_id] = day

    def due_weeks(self, tenant_id: str, model: str, version: int, source: Source) -> Mapping[str, Mapping[str, int]]:
        """Return the number of decisions by day of the decision (`2026-11-21`), then by due week (`2026-W47`)."""
        return self._weeks.get((tenant_id, model, version, source), {})

    def put_due_weeks(
        self, tenant_id: str, model: str, version: int, source: Source, day: str, weeks: Mapping[str, int]
    ) -> None:
        """Store the decisions of a day by due week, in place of earlier ones of this day."""
        self._weeks.setdefault((tenant_id, model, version, source), {})[day] = weeks


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
