"""What became of past decisions, as rows to learn from."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.known import KnownOutcomes, known_outcomes
from vigil.decisions.outcomes.model import Outcome, OutcomePage
from vigil.decisions.scoring.model import LedgerRow
from vigil.errors import InvalidInput
from vigil.prediction.engines.contract import ModelContract

LABELS = {"occurred": 1, "not_occurred": 0}
"""Outcomes that are labels; excluded ones have none, and unresolved ones are not even looked at."""
_PAGE = 100


class Books(Protocol):
    """Where outcomes are read."""

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        """Return what holds for a tenant's decisions, last received first."""
        ...


class Decisions(Protocol):
    """Where the decisions behind them are read."""

    def get(self, tenant_id: str, decision: str) -> LedgerRow:
        """Return a tenant's decision."""
        ...


@dataclass(frozen=True, slots=True)
class Harvest:
    """Known outcomes as rows, and how many there were whose decision saw another schema."""

    known: KnownOutcomes
    unlike: int


def gather(
    contract: ModelContract, tenants: Iterable[str], since: datetime, books: Books, decisions: Decisions
) -> Harvest:
    """Return what these tenants reported of a model's decisions since then, with the features that were seen."""
    rows, labels, subjects, unlike = list[tuple[float, ...]](), list[int](), list[str](), 0
    for tenant in tenants:
        for outcome in _received(books, tenant, since):
            if outcome.model != contract.name or outcome.status not in LABELS:
                continue
            decision = decisions.get(tenant, outcome.decision_id)
            try:
                rows.append(contract.encode(json.loads(decision.inputs)))
            except InvalidInput:
                unlike += 1
                continue
            labels.append(LABELS[outcome.status])
            subjects.append(f"{tenant}/{decision.subject_id}")
    return Harvest(known_outcomes(rows, labels, subjects, len(contract.features)), unlike)


def _received(books: Books, tenant: str, since: datetime) -> Iterator[Outcome]:
    after = None
    while True:
        page = books.page(tenant, after, _PAGE, resolved=True)
        for outcome in page.outcomes:
            if datetime.fromisoformat(outcome.received_at) < since:
                return
            yield outcome
        if (after := page.next) is None:
            return
