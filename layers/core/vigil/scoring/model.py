"""What a decision is: request, reasons, answer and ledger row. Pure values and rules."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vigil.lifecycle.model import Comparison
from vigil.registry.model import FeatureSpec, FeatureValue, ModelContract


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
        canonical = json.dumps(_plain(self), sort_keys=True, separators=(",", ":"), default=datetime.isoformat)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reason:
    """How far one feature moved the raw score (log-odds), with a sentence in the feature's own unit."""

    feature: str
    value: FeatureValue
    unit: str
    contribution: float
    text: str


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The exact model behind a decision."""

    name: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `raw_score` is in log-odds; `base_value` and the contributions add up to it."""

    decision_id: str
    model: ModelRef
    subject_id: str
    probability: float
    raw_score: float
    band: str
    decision: str
    explanation: tuple[Reason, ...] | None
    base_value: float | None
    as_of: str
    created_at: str
    warnings: tuple[str, ...]

    def body(self) -> str:
        """Return the JSON that is stored, answered and replayed: the same decision is always the same bytes."""
        explanation = None if self.explanation is None else [_plain(reason) for reason in self.explanation]
        return _json(_plain(self) | {"model": _plain(self.model), "explanation": explanation})

    def summary(self) -> str:
        """Return the JSON of a list entry: the answer without its explanation."""
        rest = {name: value for name, value in _plain(self).items() if name not in {"explanation", "base_value"}}
        return _json(rest | {"model": _plain(self.model)})


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One item that is idempotency record, decision and ledger entry at once.

    `nonce` tells our own write from another's when the answer to a write was lost. `inputs` is the JSON of the
    features as the engine saw them, `expires_at` (epoch seconds) ends the idempotency promise, not the row.
    `high_risk` says whether someone must be told; `comparison` is for operators and never in an answer.
    """

    tenant_id: str
    decision_id: str
    subject_id: str
    model: ModelRef
    fingerprint: str
    nonce: str
    created_at: str
    expires_at: int
    inputs: str
    body: str
    summary: str
    high_risk: bool
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of decisions, newest first, and the position after it."""

    summaries: tuple[str, ...]
    next: dict[str, str] | None


def _plain(value: Any) -> dict[str, Any]:
    """Return a slotted dataclass as a dict, one level deep: `asdict` copies all below, at ten times the cost."""
    return {name: getattr(value, name) for name in value.__slots__}


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def decision_id(tenant_id: str, key: str, generation: int) -> str:
    """Return the id that a tenant's idempotency key leads to; `generation` counts the key's expired uses."""
    seed = f"POST /v1/scores\n{tenant_id}\n{generation}\n{key}".encode()
    return "dec_" + base64.b32hexencode(hashlib.sha256(seed).digest()[:20]).decode().lower()


def reasons(contract: ModelContract, row: Sequence[float], contributions: Sequence[float]) -> tuple[Reason, ...]:
    """Return one reason per feature, the strongest first."""
    unsorted = [
        Reason(spec.name, spec.decode(x), spec.unit, phi, _sentence(spec, spec.decode(x), phi, contract.label.name))
        for spec, x, phi in zip(contract.features, row, contributions, strict=True)
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
