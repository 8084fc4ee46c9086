"""Ports of findings: the store of what monitoring noticed and what people decided."""

from collections.abc import Iterator
from typing import Protocol

from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.records_model import FindingRecord


class FindingStore(Protocol):
    """Findings of the models of all tenants."""

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings of a model, the newest day first."""
        ...

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding, read consistently. Raises NotFound."""
        ...

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open. Return False if it is stored already; its state stays then."""
        ...

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store a decision about an open finding. Raises Conflict if the stored one is not open, or NotFound."""
        ...
