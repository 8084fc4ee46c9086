"""Prepares decisions: the same code for one subject over HTTP and for a row of a batch."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from vigil.access.flags.model import EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT, Switches
from vigil.decisions.scoring.model import AbstentionAnswer, Decision, ScoreRequest, engine_answers, guarantee, reasons
from vigil.decisions.scoring.ports import FeatureExtractor, ScoringModel
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import ANSWER_FORMAT, FeatureValue, ModelRef
from vigil.kernel.time import format_timestamp
from vigil.kernel.values import value
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import Verdict
from vigil.prediction.trials.model import ModelAnswer

CLOCK_SKEW = timedelta(seconds=60)
NEVER_MISSING = "never_missing_in_training"
"""Warning of an answer without a value that every row of the training had."""


@value
class AssessedRequest:
    """A model's verdict on one request, with everything else a decision needs except its id and time."""

    model: ScoringModel
    subject_id: str
    vector: tuple[float, ...]
    """Encoded features in the order of the model's contract."""
    verdict: Verdict
    explain: bool
    as_of: str
    warnings: tuple[str, ...]
    flags: Switches

    def answer(self) -> ModelAnswer:
        """Return the part that trials compare with another model's answer."""
        return ModelAnswer(self.model.version, self.verdict.probability, self.verdict.decision)

    def label_due_at(self) -> str | None:
        """Return the time at which the label of this decision is final; None if the model has no horizon."""
        contract = self.model.contract
        due = contract.label.due_at(datetime.fromisoformat(self.as_of), contract.decode(self.vector))
        return format_timestamp(due) if due else None

    def decide(self, decision_id: str, created_at: str, answer_format: int = ANSWER_FORMAT) -> Decision:
        """Return the decision in an answer format. Equal inputs give equal bytes; a replay relies on this."""
        model, verdict = self.model, self.verdict
        lead = model.explained_engine(verdict)
        explained = model.explain(lead, self.vector) if lead and self._explains(verdict) else None
        return Decision(
            decision_id=decision_id,
            model=ModelRef(model.name, model.version, model.digest),
            subject_id=self.subject_id,
            probability=verdict.probability,
            raw_score=verdict.votes[lead].raw if lead else None,
            band=verdict.band,
            decision=verdict.decision,
            engines=engine_answers(model.contract, verdict),
            abstention=self._abstention(verdict),
            guarantee=guarantee(model.contract, verdict),
            degraded=verdict.degraded,
            explained_engine=lead,
            explanation=reasons(model.contract.label.name, explained, answer_format) if explained else None,
            base_value=explained.base if explained else None,
            as_of=self.as_of,
            created_at=created_at,
            warnings=self.warnings,
            flags=self.flags,
        )

    def _explains(self, verdict: Verdict) -> bool:
        alarming = EXPLAIN_HIGH_RISK in self.flags.on and self.model.contract.is_high_risk(verdict.band)
        return self.explain or alarming

    def _abstention(self, verdict: Verdict) -> AbstentionAnswer | None:
        if not verdict.reasons:
            return None
        missing = None if SKIP_MISSING_FACT in self.flags.on else self.model.missing_fact(self.vector, verdict)
        return AbstentionAnswer(verdict.reasons, missing)


class Preparation:
    """One request for one or more models. A history is parsed once per feature set."""

    def __init__(self, request: ScoreRequest, feature_sets: Callable[[str], FeatureExtractor], now: datetime) -> None:
        self._request = request
        self._feature_sets = feature_sets
        self._now = now
        self._as_of = (request.as_of or now).astimezone(UTC)
        self._extracted: dict[str, Mapping[str, FeatureValue]] = {}

    def assess(self, model: ScoringModel, warnings: Sequence[str], flags: Switches) -> AssessedRequest:
        """Run a model's engines once and return the verdict. Raises InvalidInput for an invalid request.

        `warnings` are the model's warnings. A model without a certified threshold adds `no_calibration`. A missing
        value of a feature that was never missing in training adds `never_missing_in_training`.
        """
        request, contract = self._request, model.contract
        _check(request, contract, self._now)
        vector = model.encode(self._features(contract))
        return AssessedRequest(
            model=model,
            subject_id=request.subject_id,
            vector=vector,
            verdict=model.assess(vector),
            explain=request.explain,
            as_of=format_timestamp(self._as_of),
            warnings=(*warnings, *_marks(contract), *_gaps(model, vector)),
            flags=flags,
        )

    def _features(self, contract: ModelContract) -> Mapping[str, Any]:
        if self._request.features is not None:
            return self._request.features
        name = contract.history
        assert name is not None  # noqa: S101 - `_check` rejects a history for a model without a feature set
        if name not in self._extracted:
            feature_set = self._feature_sets(name)
            self._extracted[name] = feature_set.extract(feature_set.parse(self._request.history), self._as_of)
        return self._extracted[name]


def _marks(contract: ModelContract) -> tuple[str, ...]:
    return () if contract.abstention else ("no_calibration",)


def _gaps(model: ScoringModel, vector: Sequence[float]) -> tuple[str, ...]:
    return (NEVER_MISSING,) if any(math.isnan(vector[place]) for place in model.never_missing) else ()


def _check(request: ScoreRequest, contract: ModelContract, now: datetime) -> None:
    if (request.features is None) == (request.history is None):
        message = "is required without a history" if request.features is None else "must be left out with a history"
        raise InvalidInput(FieldError("features", message, "exactly one of features and history"))
    if request.history is not None:
        if contract.history is None:
            raise InvalidInput(FieldError("history", "is not supported by this model", "send features"))
        if request.as_of is None:
            raise InvalidInput(FieldError("as_of", "is required with a history", "ISO 8601 with a zone"))
    if request.as_of is not None and request.as_of > now + CLOCK_SKEW:
        raise InvalidInput(FieldError("as_of", "is in the future", "at most 60 s ahead of the server's clock"))
