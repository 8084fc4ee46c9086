"""Alerts of the nightly sweep in memory."""

from dataclasses import dataclass, field

from vigil.monitoring.findings.records_model import FindingRecord


@dataclass
class FakeAlerts:
    """Findings whose state was published."""

    published: list[FindingRecord] = field(default_factory=list)

    def publish(self, tenant_id: str, record: FindingRecord) -> None:
        self.published.append(record)
