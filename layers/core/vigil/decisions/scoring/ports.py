"""What scoring needs from outside: models to score with and a ledger to commit to."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from vigil.decisions.scoring.model import UNCONDITIONAL, Conditions, LedgerPage, LedgerRow
from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import Explanation, ModelContract
from vigil.prediction.engines.ensemble import Degraded, MissingFact, Verdict
from vigil.prediction.engines.ports import Explainer


class ScoringModel(Protocol):
    """A verified model, ready to score."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def version(self) -> int:
        """Its version, ever rising."""
        ...

    @property
    def digest(self) -> str:
        """The SHA-256 of its signed manifest."""
        ...

    @property
    def contract(self) -> ModelContract:
        """What it promises."""
        ...

    def assess(self, row: Sequence[float], without: Collection[Degraded] = ()) -> Verdict:
        """Return the verdict on one encoded row; `without` leaves engines out, for a replay."""
        ...

    def only_engine(self) -> Explainer | None:
        """Return the one boosted engine that decides by itself, where the model is no more than that."""
        ...

    def explained_engine(self, verdict: Verdict) -> str | None:
        """Return the engine that an explanation of this verdict explains, if any can be."""
        ...

    def explain(self, engine: str, row: Sequence[float]) -> Explanation:
        """Return the contributions of an engine's features to its raw score."""
        ...

    def missing_fact(self, row: Sequence[float], verdict: Verdict) -> MissingFact | None:
        """Return the cheapest missing fact that would most likely let the model answer."""
        ...


class ModelTrial(Protocol):
    """A challenger beside the champion."""

    @property
    def model(self) -> ScoringModel:
        """The challenger."""
        ...

    @property
    def share(self) -> int:
        """How many subjects in a thousand it decides for."""
        ...


class ScoringModels(Protocol):
    """Where verified models come from."""

    def champion(self, name: str) -> ScoringModel:
        """Return the model behind the champion alias; raise NotFound or Unavailable."""
        ...

    def trial(self, name: str) -> ModelTrial | None:
        """Return the challenger of the champion that was returned last, if there is one; looks nothing up."""
        ...

    def archived(self, name: str, version: int) -> ScoringModel:
        """Return an exact version for a replay, even when it is past its expiry; raise ModelRefused."""
        ...

    def warnings(self, name: str) -> Sequence[str]:
        """Return what callers should know of the model now, e.g. that a newer version was refused."""
        ...


class FeatureExtractor(Protocol):
    """The one code path from histories to features, in training and in serving."""

    @property
    def parse(self) -> Callable[[object], Any]:
        """Read an untrusted history; raises InvalidInput naming the record and the bound."""
        ...

    @property
    def extract(self) -> Callable[[Any, datetime], Mapping[str, FeatureValue]]:
        """Return the features of a parsed history as of a moment; raises InvalidInput naming `as_of`."""
        ...


class DecisionLedger(Protocol):
    """The decisions of all tenants; each row is written once and never changed until its person's data are erased."""

    def commit(self, row: LedgerRow, conditions: Conditions = UNCONDITIONAL) -> LedgerRow | None:
        """Write the row if its id is free and the conditions are met, and return None; return the row that is there.

        What the conditions limit is charged with the row. Raises QuotaExceeded, BudgetExhausted, ConsentWithdrawn, and
        Erased for a row that was there.
        """
        ...

    def get(self, tenant_id: str, decision_id: str) -> LedgerRow | None:
        """Return a tenant's decision, read consistently; raise Erased for one that was there."""
        ...

    def page(self, tenant_id: str, subject_id: str | None, after: dict[str, str] | None, limit: int) -> LedgerPage:
        """Return a tenant's decisions, newest first, of one subject or of all."""
        ...
