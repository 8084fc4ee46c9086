"""From a request to all that a decision depends on: the same for one subject over HTTP and for a row of a batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vigil.access.flags.model import EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT, Switches
from vigil.decisions.scoring.model import AbstentionAnswer, Decision, ScoreRequest, engine_answers, guarantee, reasons
from vigil.decisions.scoring.ports import FeatureSet, ScoringModel
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import ModelRef
from vigil.kernel.time import format_timestamp
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import DegradedEngine, Verdict
from vigil.prediction.trials.model import ModelAnswer

CLOCK_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything a decision depends on, except its id and time."""

    model: ScoringModel
    subject_id: str
    row: tuple[float, ...]
    explain: bool
    as_of: str
    warnings: tuple[str, ...]
    flags: Switches
    without: tuple[DegradedEngine, ...] = ()
    """Engines that were missing when a replayed decision was made."""

    def answer(self) -> ModelAnswer:
        """Return what is compared of this draft."""
        verdict = self.model.assess(self.row, self.without)
        return ModelAnswer(self.model.version, verdict.probability, verdict.decision)

    def decide(self, decision_id: str, created_at: str) -> Decision:
        """Return the decision: a pure function of the draft, so that a replay gives the same bytes."""
        model = self.model
        verdict = model.assess(self.row, self.without)
        lead = model.explained_engine(verdict)
        explained = model.explain(lead, self.row) if lead and self._explains(verdict) else None
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
            explanation=reasons(model.contract.label.name, explained) if explained else None,
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
        missing = None if SKIP_MISSING_FACT in self.flags.on else self.model.missing_fact(self.row, verdict)
        return AbstentionAnswer(verdict.reasons, missing)


def draft(
    model: ScoringModel,
    request: ScoreRequest,
    feature_sets: Callable[[str], FeatureSet],
    now: datetime,
    warnings: Sequence[str],
    flags: Switches,
) -> Draft:
    """Return what a model is to decide of a request at a moment; raise InvalidInput for a broken rule.

    `warnings` are those of the model; the draft adds what its contract lacks.
    """
    _check(request, model.contract, now)
    as_of = (request.as_of or now).astimezone(UTC)
    features = request.features
    if features is None:
        assert request.history is not None and model.contract.history is not None  # noqa: S101, PT018 - checked
        feature_set = feature_sets(model.contract.history)
        features = feature_set.extract(feature_set.parse(request.history), as_of)
    return Draft(
        model=model,
        subject_id=request.subject_id,
        row=model.contract.encode(features),
        explain=request.explain,
        as_of=format_timestamp(as_of),
        warnings=(*warnings, *_marks(model.contract)),
        flags=flags,
    )


def _marks(contract: ModelContract) -> tuple[str, ...]:
    return () if contract.abstention else ("no_calibration",)


def _check(request: ScoreRequest, contract: ModelContract, now: datetime) -> None:
    if (request.features is None) == (request.history is None):
        raise InvalidInput(FieldError("features", "must be given, or history, but not both", "exactly one"))
    if request.history is not None:
        if contract.history is None:
            raise InvalidInput(FieldError("history", "is not understood by this model", "send features"))
        if request.as_of is None:
            raise InvalidInput(FieldError("as_of", "is required with a history", "ISO 8601 with a zone"))
    if request.as_of is not None and request.as_of > now + CLOCK_SKEW:
        raise InvalidInput(FieldError("as_of", "is in the future", "at most 60 s ahead of our clock"))
