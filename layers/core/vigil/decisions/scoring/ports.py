"""Ports of scoring: models, feature sets and the decision ledger."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from vigil.decisions.scoring.model import UNCONDITIONAL, Conditions, LedgerPage, LedgerRow
from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import DegradedEngine, MissingFact, Verdict
from vigil.prediction.engines.ports import ExplainableEngine
from vigil.prediction.engines.votes import Explanation
from vigil.prediction.packages.reference_model import Reference


class ScoringModel(Protocol):
    """A verified model that is ready to score."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    @property
    def version(self) -> int:
        """Version number; it only increases."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of the signed manifest."""
        ...

    @property
    def contract(self) -> ModelContract:
        """Contract of the model: features, engines and bands."""
        ...

    @property
    def reference(self) -> Reference | None:
        """Distributions of the held-out rows; None for a package without them."""
        ...

    @property
    def never_missing(self) -> Sequence[int]:
        """Positions of the features that may be missing in a vector, although they never were in training."""
        ...

    def encode(self, features: Mapping[str, object]) -> tuple[float, ...]:
        """Return the vector of named values; raise InvalidInput with every invalid field."""
        ...

    def assess(self, vector: Sequence[float], without: Collection[DegradedEngine] = ()) -> Verdict:
        """Return the verdict on one encoded feature vector. A replay excludes the engines in `without`."""
        ...

    def only_engine(self) -> ExplainableEngine | None:
        """Return the boosted engine if the model consists of this one engine; otherwise None."""
        ...

    def explained_engine(self, verdict: Verdict) -> str | None:
        """Return the engine to explain for this verdict, or None if no engine supports explanations."""
        ...

    def explain(self, engine: str, vector: Sequence[float]) -> Explanation:
        """Return the contributions of an engine's features to its raw score."""
        ...

    def missing_fact(self, vector: Sequence[float], verdict: Verdict) -> MissingFact | None:
        """Return the cheapest missing fact that would most likely allow a decision."""
        ...


class ModelTrial(Protocol):
    """A trial of a challenger beside the champion."""

    @property
    def model(self) -> ScoringModel:
        """Challenger model."""
        ...

    @property
    def share(self) -> int:
        """Subjects per thousand that the challenger decides for."""
        ...


class ScoringModels(Protocol):
    """Source of verified models."""

    def champion(self, name: str) -> ScoringModel:
        """Return the model with the champion alias. Raises NotFound or Unavailable."""
        ...

    def trial(self, name: str) -> ModelTrial | None:
        """Return the trial beside the champion that was returned last, or None. Makes no request."""
        ...

    def archived(self, name: str, version: int) -> ScoringModel:
        """Return an exact version for a replay, also after its expiry. Raises ModelRefused."""
        ...

    def warnings(self, name: str) -> Sequence[str]:
        """Return current warnings about the model for callers, e.g. that a newer version was refused."""
        ...


class FeatureExtractor(Protocol):
    """Converts histories to features; the only code path for training and serving."""

    @property
    def parse(self) -> Callable[[object], Any]:
        """Parser of an untrusted history. It raises InvalidInput that names the record and the bound."""
        ...

    @property
    def extract(self) -> Callable[[Any, datetime], Mapping[str, FeatureValue]]:
        """Function from a parsed history and a time to features. It raises InvalidInput that names `as_of`."""
        ...


class DecisionLedger(Protocol):
    """Decisions of all tenants. A row is written once and changes only when its person's data are erased."""

    def commit(self, row: LedgerRow, conditions: Conditions = UNCONDITIONAL) -> LedgerRow | None:
        """Write the row and return None; return the existing row if its id is taken.

        The row is written only if all conditions are met, and is charged in the same transaction. Raises QuotaExceeded,
        BudgetExhausted or ConsentWithdrawn, and Erased if the existing row is erased.
        """
        ...

    def get(self, tenant_id: str, decision_id: str) -> LedgerRow | None:
        """Return a tenant's decision, read consistently. Raises Erased for an erased decision."""
        ...

    def page(self, tenant_id: str, subject: str | None, after: dict[str, str] | None, limit: int) -> LedgerPage:
        """Return a tenant's decisions, newest first. `subject`, a pseudonym, restricts the page to one subject."""
        ...
