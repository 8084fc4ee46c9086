"""Scores requests: computes in memory, then commits once."""

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.access.flags.model import Switches, all_off
from vigil.decisions.scoring import serialize
from vigil.decisions.scoring.decision_groups import GivenGroups, read_given_groups
from vigil.decisions.scoring.model import (
    UNCONDITIONAL,
    Conditions,
    LedgerPage,
    LedgerRow,
    ScoreRequest,
    derive_decision_id,
)
from vigil.decisions.scoring.ports import DecisionLedger, FeatureExtractor, ScoringModel, ScoringModels
from vigil.decisions.scoring.prepare import AssessedRequest, Preparation
from vigil.errors import FieldError, IdempotencyKeyReused, InvalidInput, NotFound, VigilError
from vigil.kernel.pseudonyms import TenantKey, TenantKeys
from vigil.kernel.rows import ANSWER_FORMAT
from vigil.kernel.time import format_timestamp
from vigil.kernel.values import value
from vigil.prediction.engines.ensemble import DegradedEngine
from vigil.prediction.trials.model import Comparison, ModelAnswer, is_challenger_subject


@value
class ScoreResult:
    """A committed decision. `replayed` is True if an earlier request committed it."""

    row: LedgerRow
    band: str
    replayed: bool
    explained: bool = False
    """True if this request computed an explanation."""
    reasons: tuple[str, ...] = ()
    """Reasons of an abstention that this request committed."""


class Scoring:
    """Scores requests for tenants. Stateless and safe to share between threads."""

    def __init__(
        self,
        models: ScoringModels,
        feature_sets: Callable[[str], FeatureExtractor],
        ledger: DecisionLedger,
        clock: Callable[[], datetime],
        idempotency_window: timedelta,
        switches: Callable[[str, str], Switches] = all_off,
        *,
        keys: TenantKeys,
    ) -> None:
        self._models = models
        self._feature_sets = feature_sets
        self._ledger = ledger
        self._clock = clock
        self._window = idempotency_window
        self._switches = switches
        self._keys = keys

    def score(
        self,
        tenant_id: str,
        request: ScoreRequest,
        key: str | None = None,
        correlation_id: str = "",
        conditions: Conditions = UNCONDITIONAL,
    ) -> ScoreResult:
        """Return the one decision for this request, also when it is delivered again. Events carry the correlation id.

        Raises IdempotencyKeyReused for a key with another payload, Erased for a key with an erased decision,
        InvalidInput for an invalid request, QuotaExceeded, BudgetExhausted or ConsentWithdrawn for an unmet condition,
        and Unavailable if the model or the ledger does not respond. The ledger is written only after the score is
        computed.
        """
        try:
            assessment = self._assess(tenant_id, request)
        except VigilError:
            # The model may have changed since the first delivery. The first answer remains valid.
            if key and (row := self._earlier(self._keys(tenant_id), key, request)):
                return _replayed(row)
            raise
        identity = _Identity(self._keys(tenant_id), key, request, correlation_id, conditions)
        return self._commit(identity, assessment)

    def get(self, tenant_id: str, decision: str) -> LedgerRow:
        """Return a tenant's decision. Raises NotFound for an unknown id and for another tenant's id."""
        if (row := self._ledger.get(tenant_id, decision)) is None:
            raise NotFound("There is no such decision. GET /v1/scores lists all.")
        return row

    def page(self, tenant_id: str, subject: str | None, after: dict[str, str] | None, limit: int) -> LedgerPage:
        """Return a page of a tenant's decisions, newest first, of one subject by its pseudonym or of all.

        A new decision can take a second to appear.
        """
        return self._ledger.page(tenant_id, subject, after, limit)

    def replay(self, tenant_id: str, decision: str) -> tuple[LedgerRow, str]:
        """Score an old decision again with its exact model version; return its row and the new body.

        Raises NotFound, or ModelRefused if that version is missing or no longer verifies.
        """
        row = self.get(tenant_id, decision)
        model = self._models.archived(row.model.name, row.model.version)
        stored = json.loads(row.body)
        vector = model.encode(json.loads(row.inputs))
        assessed = AssessedRequest(
            model=model,
            subject_id=row.subject_id,
            vector=vector,
            verdict=model.assess(vector, tuple(DegradedEngine(**lack) for lack in stored["degraded"])),
            explain=stored["explanation"] is not None,
            as_of=stored["as_of"],
            warnings=tuple(stored["warnings"]),
            flags=Switches(stored["flags"]["digest"], tuple(stored["flags"]["on"])),
        )
        return row, serialize.body(assessed.decide(row.decision_id, row.created_at, row.answer_format))

    def _assess(self, tenant_id: str, request: ScoreRequest) -> "_Assessment":
        """Return the verdict of the model that decides for this subject, and the comparison with the challenger.

        Each model runs once. The champion's attributes apply to the groups of all subjects.
        """
        flags = self._switches(tenant_id, request.subject_id)
        champion_model = self._champion(request.model)
        groups = read_given_groups(champion_model.contract, request.groups)
        preparation = Preparation(request, self._feature_sets, self._clock())
        champion = preparation.assess(champion_model, self._models.warnings(request.model), flags)
        if (trial := self._models.trial(request.model)) is None:
            return _Assessment(champion, None, groups)
        try:
            challenger = preparation.assess(trial.model, self._models.warnings(request.model), flags)
            answer = challenger.answer()
        except Exception:  # a failing challenger must not affect the champion's answer; the comparison records it
            challenger, answer = champion, ModelAnswer(trial.model.version, None, "")
        comparison = Comparison(champion.answer(), answer, champion.label_due_at())
        chosen = is_challenger_subject(request.model, trial.model.version, tenant_id, request.subject_id, trial.share)
        decisive = challenger if chosen and answer.probability is not None else champion
        return _Assessment(decisive, comparison, groups)

    def _champion(self, name: str) -> ScoringModel:
        try:
            return self._models.champion(name)
        except NotFound as error:
            raise InvalidInput(FieldError("model", "is not a model of this service", "see GET /v1/models")) from error

    def _commit(self, request: "_Identity", assessment: "_Assessment") -> ScoreResult:
        assessed, groups = assessment.request, assessment.groups
        now, nonce, generation = self._clock(), os.urandom(16).hex(), 0
        key = request.key or os.urandom(16).hex()
        # Without a key, no other request can address this row, so that a fingerprint is not needed.
        fingerprint = _fingerprint(request.tenant_key, request.payload) if request.key else ""
        while True:
            decision = assessed.decide(derive_decision_id(request.tenant_key, key, generation), format_timestamp(now))
            row = LedgerRow(
                tenant_id=request.tenant_id,
                decision_id=decision.decision_id,
                subject_id=assessed.subject_id,
                subject=request.tenant_key.pseudonym(assessed.subject_id),
                model=decision.model,
                fingerprint=fingerprint,
                correlation_id=request.correlation_id,
                nonce=nonce,
                created_at=decision.created_at,
                expires_at=int((now + self._window).timestamp()),
                inputs=serialize.inputs(assessed.model.contract.decode(assessed.vector)),
                body=serialize.body(decision),
                summary=serialize.summary(decision),
                high_risk=assessed.model.contract.is_high_risk(decision.band),
                comparison=assessment.comparison,
                groups=groups.plain(),
                sealed_groups=groups.seal(request.tenant_key, decision.decision_id),
            )
            existing = self._ledger.commit(row, request.conditions)
            if existing is None or existing.nonce == nonce:
                explained = decision.explanation is not None
                reasons = decision.abstention.reasons if decision.abstention else ()
                return ScoreResult(row, decision.band, False, explained, reasons)
            if existing.expires_at > now.timestamp():
                break
            generation += 1  # the idempotency window has ended: the row remains, and the key starts a new one
        if not _is_repeated(request.tenant_key, request.payload, existing):
            raise IdempotencyKeyReused("The Idempotency-Key was used before with another payload. Use a new key.")
        return _replayed(existing)

    def _earlier(self, tenant: TenantKey, key: str, request: ScoreRequest) -> LedgerRow | None:
        """Return the unexpired row of an idempotency key if an equal request made it, or None."""
        generation = 0
        while row := self._ledger.get(tenant.tenant_id, derive_decision_id(tenant, key, generation)):
            if row.expires_at > self._clock().timestamp():
                return row if _is_repeated(tenant, request, row) else None
            generation += 1
        return None


@value
class _Assessment:
    """The verdict on a request, the comparison with the challenger, and the groups that the request has given."""

    request: AssessedRequest
    comparison: Comparison | None
    groups: GivenGroups


@value
class _Identity:
    """The identity of a request for idempotency."""

    tenant_key: TenantKey
    key: str | None
    payload: ScoreRequest
    correlation_id: str
    conditions: Conditions

    @property
    def tenant_id(self) -> str:
        """Tenant of the request."""
        return self.tenant_key.tenant_id


def _fingerprint(key: TenantKey, request: ScoreRequest, answer_format: int = ANSWER_FORMAT) -> str:
    return key.digest(request.canonical(answer_format))


def _is_repeated(key: TenantKey, request: ScoreRequest, row: LedgerRow) -> bool:
    """Return True if a row was made for an equal request, by the rules of the row's own format."""
    return row.fingerprint == _fingerprint(key, request, row.answer_format)


def _replayed(row: LedgerRow) -> ScoreResult:
    return ScoreResult(row, json.loads(row.summary)["band"], replayed=True)
