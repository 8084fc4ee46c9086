"""What outcomes need from outside: the decisions they belong to, and the books they are kept in."""

from typing import Protocol

from vigil.decisions.outcomes.model import Outcome, OutcomePage
from vigil.decisions.scoring.model import LedgerPage, LedgerRow


class DecisionReader(Protocol):
    """The decisions of all tenants, to read."""

    def get(self, tenant_id: str, decision_id: str) -> LedgerRow | None:
        """Return a tenant's decision."""
        ...

    def page(self, tenant_id: str, subject_id: str | None, after: dict[str, str] | None, limit: int) -> LedgerPage:
        """Return a tenant's decisions, newest first, of one subject or of all."""
        ...


class OutcomeStore(Protocol):
    """Every report ever made of a decision, and which of them holds."""

    def record(self, tenant_id: str, outcome: Outcome) -> Outcome | None:
        """Keep a report for ever and return None; return the one that was recorded at that very moment before.

        Safe to repeat: a delivery that was cut short is completed by the next one.
        """
        ...

    def history(self, tenant_id: str, decision_id: str) -> tuple[Outcome, ...]:
        """Return every report of a decision by `recorded_at`, so that the last one holds; empty if there is none."""
        ...

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        """Return what holds for a tenant's decisions, last received first: either resolved outcomes or the others."""
        ...
