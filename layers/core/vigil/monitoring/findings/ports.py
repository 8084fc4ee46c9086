"""Ports of findings: their store, their alerts, and the baselines that people renew."""

from collections.abc import Iterator
from typing import Protocol

from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.records_model import FindingRecord


class FindingStore(Protocol):
    """Findings of the models of all tenants, in every state. Every method raises Unavailable."""

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings of all versions of a model, the newest day first, read consistently."""
        ...

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding, read consistently. Raises NotFound if the tenant's model has no finding with this id."""
        ...

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open. Return False if its id is stored already; the stored record stays then."""
        ...

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the decision of a decided record.

        The record has its three members of the decision. Raises Conflict if the stored record is not open, and NotFound
        if it is not stored.
        """
        ...

    def mark_told(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the state of a record as its `told`. A finding that is not stored has no effect."""
        ...


class FindingAlerts(Protocol):
    """Alerts about findings."""

    def tell(self, tenant_id: str, record: FindingRecord) -> None:
        """Raise the alert of an open finding, or clear the alert of a decided one.

        A record whose `told` equals its `state` has no effect, so that a sweep may pass every finding of a model. After
        a crash, the next call repeats the event under the same id, which counts once. Raises Unavailable.
        """
        ...


class Baselines(Protocol):
    """Baselines of drift of the models of all tenants."""

    def restart(self, tenant_id: str, model: str, finding: Finding) -> None:
        """Start a new baseline of the finding's version and source on the day after the last judged one.

        Raises Conflict if there is no baseline, or if another process changed it meanwhile. Raises Unavailable.
        """
        ...
