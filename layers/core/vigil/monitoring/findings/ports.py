"""Ports of findings: their store, their alerts, and the baselines that people start again."""

from collections.abc import Iterator
from typing import Protocol

from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.records_model import FindingRecord


class FindingStore(Protocol):
    """Findings of the models of all tenants, in every state. Every method raises Unavailable.

    `findings` and `get` raise DamagedData for a damaged finding.
    """

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings of all versions of a model, read consistently.

        The newest day is first. Within a day, the largest id is first.
        """
        ...

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding, read consistently. Raises NotFound if the tenant's model has no finding with this id."""
        ...

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open and return True. If its id is stored already, change nothing and return False."""
        ...

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the decision of a record: its `state`, `decided_by`, `reason` and `decided_at`.

        The first decision is final: raises Conflict if the stored record is not open. Raises NotFound if the finding is
        not stored.
        """
        ...

    def mark_published(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the `state` of a record as its `published_state`, in place of an earlier one.

        A finding that is not stored has no effect.
        """
        ...


class FindingAlerts(Protocol):
    """Alerts about the findings of all tenants."""

    def publish(self, tenant_id: str, record: FindingRecord) -> None:
        """Raise the alert of an open finding, or clear the alert of a decided one. Raises Unavailable.

        A record with an equal `state` and `published_state` has no effect. So a sweep may pass every finding of a
        model. After a crash, the next call repeats the event under the same id, which counts once.
        """
        ...


class Baselines(Protocol):
    """Baselines of drift of the models of all tenants."""

    def restart(self, tenant_id: str, model: str, finding: Finding) -> None:
        """Start a new baseline of the finding's version and source on the day after the last judged one.

        A second call starts the baseline once more. Raises Conflict if there is no baseline, or if another process
        changed it meanwhile. Raises Unavailable.
        """
        ...
