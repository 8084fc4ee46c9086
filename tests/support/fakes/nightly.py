"""Progress of the nightly sweep, due decisions and alerts in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.performance.cohorts_model import DueDecision, due_week
from vigil.monitoring.profiles.model import Source


@dataclass
class FakeProgress:
    """Served versions, the last counted day, and due weeks."""

    versions: dict[tuple[str, str, int, Source], ServedVersion] = field(default_factory=dict)
    counted: dict[str, str] = field(default_factory=dict)
    weeks: dict[tuple[str, str, int, Source], dict[str, Mapping[str, int]]] = field(default_factory=dict)

    def served(self, tenant_id: str) -> Collection[ServedVersion]:
        return [each for place, each in sorted(self.versions.items()) if place[0] == tenant_id]

    def put_served(self, tenant_id: str, served: ServedVersion) -> None:
        self.versions[tenant_id, *served.place] = served

    def counted_through(self, tenant_id: str) -> str:
        return self.counted.get(tenant_id, "")

    def put_counted(self, tenant_id: str, day: str) -> None:
        self.counted[tenant_id] = day

    def due_weeks(self, tenant_id: str, model: str, version: int, source: Source) -> Mapping[str, Mapping[str, int]]:
        return self.weeks.get((tenant_id, model, version, source), {})

    def put_due_weeks(
        self, tenant_id: str, model: str, version: int, source: Source, day: str, weeks: Mapping[str, int]
    ) -> None:
        self.weeks.setdefault((tenant_id, model, version, source), {})[day] = weeks


@dataclass
class FakeDueDecisions:
    """Due decisions of every tenant and version, and the weeks that were read."""

    decisions: Sequence[DueDecision] = ()
    reads: list[Sequence[str]] = field(default_factory=list)

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        return {due_week(each.due_at) for each in self.decisions}

    def due_in(
        self,
        tenant_id: str,
        model: str,
        version: int,
        weeks: Collection[str],
    ) -> Iterator[DueDecision]:
        self.reads.append(sorted(weeks))
        return (each for each in self.decisions if due_week(each.due_at) in weeks)


@dataclass
class FakeAlerts:
    """Findings that were told."""

    told: list[FindingRecord] = field(default_factory=list)

    def tell(self, tenant_id: str, record: FindingRecord) -> None:
        self.told.append(record)
