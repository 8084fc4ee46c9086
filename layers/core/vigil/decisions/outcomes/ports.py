"""Ports of outcomes: decisions to join and a store of reports."""

from typing import Protocol

from vigil.decisions.outcomes.model import BatchRow, Outcome, OutcomePage
from vigil.decisions.scoring.model import LedgerPage, LedgerRow


class DecisionReader(Protocol):
    """Read access to the decisions of all tenants."""

    def get(self, tenant_id: str, decision_id: str) -> LedgerRow | None:
        """Return a tenant's decision."""
        ...

    def page(self, tenant_id: str, subject: str | None, after: dict[str, str] | None, limit: int) -> LedgerPage:
        """Return a tenant's decisions, newest first. `subject`, a pseudonym, restricts the page to one subject."""
        ...


class BatchRowReader(Protocol):
    """Read access to the rows of the batches of all tenants."""

    def find(self, tenant_id: str, batch_id: str, number: int) -> BatchRow:
        """Return a row with an answer. Raises Erased, and NotFound, also if the row is no longer joined."""
        ...


class OutcomeStore(Protocol):
    """All reports per decision, and the current outcome."""

    def record(self, tenant_id: str, outcome: Outcome) -> Outcome | None:
        """Store a report permanently and return None; return the existing report with the same `recorded_at`.

        Safe to repeat: the next delivery completes an interrupted one.
        """
        ...

    def current(self, tenant_id: str, decision_id: str) -> Outcome | None:
        """Return the report of a decision with the latest `recorded_at`, read consistently."""
        ...

    def history(self, tenant_id: str, decision_id: str, after: dict[str, str] | None, limit: int) -> OutcomePage:
        """Return a page of the reports of a decision by `recorded_at`, read consistently."""
        ...

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        """Return the current outcomes of a tenant, last received first: either the resolved or the unresolved ones."""
        ...
