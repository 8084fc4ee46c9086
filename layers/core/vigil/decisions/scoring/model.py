"""Values of scoring: requests, reasons, decisions and ledger rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from vigil.access.flags.model import Switches
from vigil.kernel.ids import derive_id
from vigil.kernel.json_documents import with_equal_numbers
from vigil.kernel.money import SpendLimit
from vigil.kernel.pseudonyms import TenantKey
from vigil.kernel.rows import ANSWER_FORMAT, FeatureValue, ModelRef
from vigil.kernel.values import value
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import AbstentionReason, DegradedEngine, MissingFact, Verdict
from vigil.prediction.engines.votes import EngineKind, Evidence, Explanation, Vote
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.trials.model import Comparison


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A tenant's request: exactly one of `features` and `history`. `as_of` has a UTC offset.

    `groups` has values of the model's group attributes. They have no effect on the answer.
    """

    model: str
    subject_id: str
    features: Mapping[str, Any] | None = None
    history: Mapping[str, Any] | None = None
    as_of: datetime | None = None
    explain: bool = False
    groups: Mapping[str, Any] | None = None

    def canonical(self, answer_format: int = ANSWER_FORMAT) -> bytes:
        """Return the canonical JSON of the request, by the rules of an answer format.

        The order of keys does not matter. From format 2 on, equal numbers are equal: 17 and 17.0. A request without
        groups has the bytes of the releases before groups, so that their keys find their answers.
        """
        given = {name: getattr(self, name) for name in self.__slots__ if name != "groups" or self.groups}
        given = given if answer_format < 2 else with_equal_numbers(given)
        return json.dumps(given, sort_keys=True, separators=(",", ":"), default=datetime.isoformat).encode()


class EncodedSubject(NamedTuple):
    """A subject with features encoded by `ModelContract.encode` and packed as native doubles."""

    subject_id: str
    vector: bytes

    def to_document(self, contract: ModelContract) -> dict[str, Any]:
        """Return the JSON document with the same subject and features."""
        return {"subject_id": self.subject_id, "features": contract.decode(memoryview(self.vector).cast("d"))}


@value
class Reason:
    """One feature's contribution to the raw score (log-odds), and a sentence in the feature's own unit."""

    feature: str
    value: FeatureValue
    unit: str
    contribution: float
    text: str


@value
class EngineAnswer:
    """One engine's vote. `veto` names the lowest band that this engine allows for the answer."""

    name: str
    kind: EngineKind
    vote: Vote
    probability: float | None
    veto: str | None
    evidence: tuple[Evidence, ...]
    version: str


@value
class AbstentionAnswer:
    """Reasons for an abstention, and the missing fact that would most likely allow a decision."""

    reasons: tuple[AbstentionReason, ...]
    missing_fact: MissingFact | None


@value
class Guarantee:
    """The model's guarantee for its answers: with confidence `1 - delta`, at most `alpha` of them are wrong."""

    alpha: float
    delta: float
    harm: str
    threshold: float
    accepted_error_bound: float
    method: str


@value
class Decision:
    """The answer. `raw_score` belongs to the `explained_engine`; it is the sum of `base_value` and all contributions.

    `probability` is None if all engines failed to give one. For an abstention, `decision` is `abstain` and `band` is
    the band as far as it is known. `degraded` names the missing engines, `flags` the flags that were on.
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
    degraded: tuple[DegradedEngine, ...]
    explained_engine: str | None
    explanation: tuple[Reason, ...] | None
    base_value: float | None
    as_of: str
    created_at: str
    warnings: tuple[str, ...]
    flags: Switches


@value
class LedgerRow:
    """One item that serves as idempotency record, decision and ledger entry.

    `nonce` identifies the writer when the response to a write was lost. `inputs` is the JSON of the features that the
    engines received. `expires_at` (epoch seconds) ends the idempotency guarantee; the row remains. `correlation_id`
    comes from the first request. `high_risk` triggers an alert. `comparison` is for operators and not in an answer.
    `subject` is the pseudonym of the subject. `fingerprint` is a digest of the request with the tenant's key.
    `answer_format` is the version of the rules that made the answer; a replay follows the same ones.
    `groups` is the JSON of the groups that were given with the request. `sealed_groups` has the encrypted ones.
    """

    tenant_id: str
    decision_id: str
    subject_id: str
    subject: str
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
    answer_format: int = ANSWER_FORMAT
    groups: str = "{}"
    sealed_groups: bytes = b""


class LedgerEntry(NamedTuple):
    """Entry of a decision in the list of its day."""

    decision_id: str
    model: str
    version: int


@value
class Conditions:
    """Conditions for writing a tenant's decision: monthly quota, spend limit, consent of the subject.

    None means unlimited. `consents` is True if the tenant records consents.
    """

    quota: int | None = None
    hard_stop: SpendLimit | None = None
    consents: bool = False


UNCONDITIONAL = Conditions()


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """One page of decision summaries, newest first, and the position of the next page."""

    summaries: tuple[str, ...]
    next: dict[str, str] | None


def derive_decision_id(tenant: TenantKey, key: str, generation: int) -> str:
    """Return the decision id of a tenant's idempotency key; `generation` counts the key's expired uses."""
    return derive_id("dec-", "POST /v1/scores", tenant, key, generation)


def engine_answers(contract: ModelContract, verdict: Verdict) -> tuple[EngineAnswer, ...]:
    """Return the votes of all engines in the order of the contract."""
    return tuple(
        EngineAnswer(spec.name, spec.kind, v.vote, v.probability, v.veto, v.evidence, v.version)
        for spec in contract.engines
        if (v := verdict.votes.get(spec.name)) is not None
    )


def guarantee(contract: ModelContract, verdict: Verdict) -> Guarantee | None:
    """Return the guarantee for this verdict; None for an abstention, a veto, or a missing engine."""
    rule = contract.abstention
    if rule is None or not verdict.guaranteed:
        return None
    return Guarantee(rule.alpha, rule.delta, rule.harm, rule.threshold, rule.accepted_error_bound, rule.method)


def reasons(outcome: str, explanation: Explanation, answer_format: int = ANSWER_FORMAT) -> tuple[Reason, ...]:
    """Return one reason per feature of the explained engine, strongest first, with the texts of an answer format."""
    unsorted = []
    for spec, x, contribution in zip(explanation.features, explanation.row, explanation.contributions, strict=True):
        value = spec.decode(x)
        fact = _earlier_fact(spec, value) if answer_format < 3 else spec.format_value(value)
        sentence = _sentence(spec.label, fact, contribution, outcome)
        unsorted.append(Reason(spec.name, value, spec.unit, contribution, sentence))
    return tuple(sorted(unsorted, key=lambda reason: -abs(reason.contribution)))


def _sentence(label: str, fact: str, contribution: float, outcome: str) -> str:
    effect = "raises" if contribution > 0 else "lowers" if contribution < 0 else "does not change"
    return f"{label[:1].upper()}{label[1:]}: {fact}; {effect} the chance of {outcome}."


def _earlier_fact(spec: FeatureSpec, value: FeatureValue) -> str:
    """Return the words of answer formats 1 and 2 for a value; a replay needs them byte for byte."""
    if value is None:
        return "not recorded"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:.6g}" + (f" {spec.unit}" if spec.unit else "")
