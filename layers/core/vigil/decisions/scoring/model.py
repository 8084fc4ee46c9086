"""What a decision is: request, reasons, answer and ledger row. Pure values and rules."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from vigil.access.flags.model import Switches
from vigil.kernel.ids import derive_id
from vigil.kernel.money import HardStop
from vigil.kernel.rows import FeatureValue, ModelRef
from vigil.prediction.engines.contract import Explanation, ModelContract
from vigil.prediction.engines.ensemble import AbstentionReason, Degraded, MissingFact, Verdict
from vigil.prediction.engines.votes import EngineKind, Evidence, Vote
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.trials.model import Comparison


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """What a tenant asks: exactly one of `features` and `history`. `as_of` is aware, in any zone."""

    model: str
    subject_id: str
    features: Mapping[str, Any] | None = None
    history: Mapping[str, Any] | None = None
    as_of: datetime | None = None
    explain: bool = False

    def fingerprint(self) -> str:
        """Return the SHA-256 of the request's canonical JSON: equal requests are equal whatever their key order."""
        given = {name: getattr(self, name) for name in self.__slots__}
        canonical = json.dumps(given, sort_keys=True, separators=(",", ":"), default=datetime.isoformat)
        return hashlib.sha256(canonical.encode()).hexdigest()


class EncodedSubject(NamedTuple):
    """A subject whose features are encoded already, as `ModelContract.encode` does it, and packed as native doubles."""

    subject_id: str
    vector: bytes

    def to_document(self, contract: ModelContract) -> dict[str, Any]:
        """Return the document that says the same."""
        return {"subject_id": self.subject_id, "features": contract.decode(memoryview(self.vector).cast("d"))}


@dataclass(frozen=True, slots=True)
class Reason:
    """How far one feature moved the raw score (log-odds), with a sentence in the feature's own unit."""

    feature: str
    value: FeatureValue
    unit: str
    contribution: float
    text: str


@dataclass(frozen=True, slots=True)
class EngineAnswer:
    """What one engine said; `veto` names the band below which it does not let the answer fall."""

    name: str
    kind: EngineKind
    vote: Vote
    probability: float | None
    veto: str | None
    evidence: tuple[Evidence, ...]
    version: str


@dataclass(frozen=True, slots=True)
class AbstentionAnswer:
    """Why there is no decision, and the fact that would most likely bring one, if one is missing."""

    reasons: tuple[AbstentionReason, ...]
    missing_fact: MissingFact | None


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What the model promises of the answers that it gives: with confidence `1 - delta`, at most `alpha` in error."""

    alpha: float
    delta: float
    harm: str
    threshold: float
    accepted_error_bound: float
    method: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `raw_score` is that of the `explained_engine`; `base_value` and the contributions add up to it.

    `probability` is None where no engine could give one. With an abstention `decision` is `abstain`, and `band` what is
    known. `degraded` names the engines that were missing, `flags` what was switched on.
    """

    decision_id: str
    model: ModelRef
    subject_id: str
    probability: float | None
    raw_score: float | None
    band: str
    decision: str
    engines: tuple[EngineAnswer, ...]
    abstention: AbstentionAnswer | None
    guarantee: Guarantee | None
    degraded: tuple[Degraded, ...]
    explained_engine: str | None
    explanation: tuple[Reason, ...] | None
    base_value: float | None
    as_of: str
    created_at: str
    warnings: tuple[str, ...]
    flags: Switches


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One item that is idempotency record, decision and ledger entry at once.

    `nonce` tells our own write from another's when the answer to a write was lost. `inputs` is the JSON of the
    features as the engine saw them, `expires_at` (epoch seconds) ends the idempotency promise, not the row.
    `correlation_id` is the first request's; `high_risk` says whether someone must be told; `comparison` is for
    operators and never in an answer.
    """

    tenant_id: str
    decision_id: str
    subject_id: str
    model: ModelRef
    fingerprint: str
    correlation_id: str
    nonce: str
    created_at: str
    expires_at: int
    inputs: str
    body: str
    summary: str
    high_risk: bool
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a tenant's decisions are written under: predictions per month, what they may cost, consents of persons.

    None is without limit; `consents` says that the tenant keeps them.
    """

    quota: int | None = None
    hard_stop: HardStop | None = None
    consents: bool = False


UNCONDITIONAL = Conditions()


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """One page of decisions, newest first, and the position after it."""

    summaries: tuple[str, ...]
    next: dict[str, str] | None


def derive_decision_id(tenant_id: str, key: str, generation: int) -> str:
    """Return the decision id of a tenant's idempotency key; `generation` counts the key's expired uses."""
    return derive_id("dec_", "POST /v1/scores", tenant_id, key, generation)


def engine_answers(contract: ModelContract, verdict: Verdict) -> tuple[EngineAnswer, ...]:
    """Return what each engine said, in the order of the contract."""
    return tuple(
        EngineAnswer(spec.name, spec.kind, v.vote, v.probability, v.veto, v.evidence, v.version)
        for spec in contract.engines
        if (v := verdict.votes.get(spec.name)) is not None
    )


def guarantee(contract: ModelContract, verdict: Verdict) -> Guarantee | None:
    """Return what holds for this answer: nothing for an abstention, a veto, or with an engine missing."""
    rule = contract.abstention
    if rule is None or not verdict.guaranteed:
        return None
    return Guarantee(rule.alpha, rule.delta, rule.harm, rule.threshold, rule.accepted_error_bound, rule.method)


def reasons(outcome: str, explanation: Explanation) -> tuple[Reason, ...]:
    """Return one reason per feature that the explained engine sees, the strongest first."""
    unsorted = [
        Reason(spec.name, spec.decode(x), spec.unit, phi, _sentence(spec, spec.decode(x), phi, outcome))
        for spec, x, phi in zip(explanation.features, explanation.row, explanation.contributions, strict=True)
    ]
    return tuple(sorted(unsorted, key=lambda reason: -abs(reason.contribution)))


def _sentence(spec: FeatureSpec, value: FeatureValue, contribution: float, outcome: str) -> str:
    effect = "raises" if contribution > 0 else "lowers" if contribution < 0 else "does not change"
    if value is None:
        fact = "not recorded"
    elif isinstance(value, bool):
        fact = "yes" if value else "no"
    else:
        fact = value if isinstance(value, str) else f"{value:.6g}" + (f" {spec.unit}" if spec.unit else "")
    return f"{spec.label[:1].upper()}{spec.label[1:]}: {fact}; {effect} the chance of {outcome}."
