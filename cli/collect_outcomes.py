"""Collects reported outcomes of decisions as training rows."""

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
"""Label by outcome status. Outcomes with another status are skipped; unresolved outcomes are not read."""
_PAGE_SIZE = 100


class OutcomePages(Protocol):
    """Source of the outcomes of a tenant."""

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        """Return a page of the current outcomes of a tenant, last received first."""
        ...


class DecisionReader(Protocol):
    """Source of the decisions of a tenant."""

    def get(self, tenant_id: str, decision: str) -> LedgerRow:
        """Return a decision of a tenant by its id."""
        ...


class Model(Protocol):
    """A model version."""

    @property
    def contract(self) -> ModelContract:
        """Contract of the version."""
        ...


class ModelArchive(Protocol):
    """Source of the model versions of earlier decisions."""

    def archived(self, name: str, version: int) -> Model:
        """Return one exact version of a model."""
        ...


@dataclass(frozen=True, slots=True)
class OutcomeSources:
    """Stores of outcomes, decisions and models."""

    outcomes: OutcomePages
    decisions: DecisionReader
    models: ModelArchive


@dataclass(frozen=True, slots=True)
class CollectedOutcomes:
    """Outcomes as training rows, and the numbers of others: those whose decisions had another schema (skipped), those
    of treated subjects, and those of rows of batches."""

    known: KnownOutcomes
    skipped: int
    treated: int
    of_batches: int


def collect_outcomes(
    contract: ModelContract,
    tenants: Iterable[str],
    since: datetime,
    sources: OutcomeSources,
    propensity: float = 0.0,
) -> CollectedOutcomes:
    """Return the outcomes of a model received from these tenants since a moment, with the features of the decisions.

    Decisions of a model with another feature set are skipped: equal names can mean other values there. Outcomes of
    treated subjects are left out, because help changes them, and those of rows of batches, because the inputs of rows
    are not stored in full. `propensity` is the share of high-risk decisions whose subjects were treated: each untreated
    one then counts 1 / (1 - propensity) times, and stands in for them.
    """
    rows, labels, subjects, weights = list[tuple[float, ...]](), list[int](), list[str](), list[float]()
    skipped = treated = of_batches = 0
    for tenant in tenants:
        for outcome in _received(sources.outcomes, tenant, since):
            if outcome.model != contract.name or outcome.status not in LABELS:
                continue
            if outcome.treated:
                treated += 1
                continue
            if outcome.is_of_batch:
                of_batches += 1
                continue
            decision = sources.decisions.get(tenant, outcome.decision_id)
            if sources.models.archived(contract.name, decision.model.version).contract.history != contract.history:
                skipped += 1
                continue
            try:
                rows.append(contract.encode(json.loads(decision.inputs)))
            except InvalidInput:
                skipped += 1
                continue
            labels.append(LABELS[outcome.status])
            subjects.append(f"{tenant}/{decision.subject_id}")
            weights.append(1 / (1 - propensity) if decision.high_risk else 1.0)
    known = known_outcomes(rows, labels, subjects, len(contract.features), weights)
    return CollectedOutcomes(known, skipped, treated, of_batches)


def has_same_inputs(one: ModelContract, other: ModelContract) -> bool:
    """True if two models have the same features, computed by the same feature set."""
    return (one.features, one.history) == (other.features, other.history)


def _received(outcomes: OutcomePages, tenant: str, since: datetime) -> Iterator[Outcome]:
    after = None
    while True:
        page = outcomes.page(tenant, after, _PAGE_SIZE, resolved=True)
        for outcome in page.outcomes:
            if datetime.fromisoformat(outcome.received_at) < since:
                return
            yield outcome
        if (after := page.next) is None:
            return
