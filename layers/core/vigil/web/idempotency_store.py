"""Idempotency claims in DynamoDB: one owner at a time, and stored responses that only the caller can decrypt.

The lease of a claim (`in_progress_expiration`, epoch milliseconds) identifies its owner: a random fraction of a
millisecond makes it unique. The attributes are those of Powertools Idempotency, whose records have no owner.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigil.aws.answer_format import answer_format_attribute, read_answer_format
from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.errors import IdempotencyKeyReused, InProgress, MalformedRequest, Unavailable
from vigil.kernel.json_documents import MAX_LEVELS, is_value_too_deep, too_deep
from vigil.kernel.rows import ANSWER_FORMAT
from vigil.web.idempotency import Claim, IdempotentRequest, StoredResponse

GRACE_SECONDS = 1
"""Extra length of a lease, in seconds: Lambda stops a function somewhat after its timeout, and clocks differ."""
_MAX_PAYLOAD_LEVELS = MAX_LEVELS + 1
"""Maximum levels of a payload: those of a body, in the list that makes it a payload."""
_SALT = b"vigil idempotency answer 1"
_PAYLOAD_SALT = b"vigil idempotency payload 1"
_NONCE_BYTES = 12
_NAMES = {"#expiry": "expiration", "#lease": "in_progress_expiration", "#status": "status"}
_IS_FREE = "attribute_not_exists(pk) OR #expiry < :now OR (#status = :running AND #lease < :now_in_ms)"
_RUNNING, _COMPLETED = {"S": "INPROGRESS"}, {"S": "COMPLETED"}


class DynamoClaimStore:
    """Records under `pk = <tenant>`, `sk = <method> <route>#<SHA-256 of the key>`."""

    def __init__(self, client: Any, table: str, window: timedelta) -> None:
        self._table = Table(client, table, "The idempotency table")
        self._window = window

    def claim(self, request: IdempotentRequest, seconds: float) -> Claim | StoredResponse:
        """Return the claim on a request for this many seconds, or the stored response."""
        now = time.time()
        lease = int(now * 1e3) + int((seconds + GRACE_SECONDS) * 1e3) + Decimal(secrets.randbits(48)).scaleb(-15)
        claim = Claim(request, lease)
        record = {
            "status": _RUNNING,
            "expiration": self._expiration(now),
            "in_progress_expiration": {"N": str(lease)},
            "validation": {"S": _keyed_payload_digest(request, ANSWER_FORMAT)},
            **answer_format_attribute(),
        }
        times = {":now": {"N": str(int(now))}, ":now_in_ms": {"N": str(int(now * 1e3))}, ":running": _RUNNING}
        try:
            self._table.call(
                "put_item",
                Item=_key(request) | record,
                ConditionExpression=_IS_FREE,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues=times,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failure:
            return _resolve(claim, failure.item)
        return claim

    def complete(self, claim: Claim, response: StoredResponse) -> bool:
        """Store the response and return True; return False if the claim has another owner or the table is away."""
        values = {
            ":completed": _COMPLETED,
            ":expiry": self._expiration(time.time()),
            ":data": {"S": json.dumps({"sealed": _encrypt(claim.request, response)})},
            ":lease": {"N": str(claim.lease)},
        }
        with suppress(Unavailable):
            return self._table.write_if(
                "update_item",
                Key=_key(claim.request),
                UpdateExpression="SET #status = :completed, #expiry = :expiry, #data = :data",
                ConditionExpression="#lease = :lease",
                ExpressionAttributeNames=_NAMES | {"#data": "data"},
                ExpressionAttributeValues=values,
            )
        return False

    def release(self, claim: Claim) -> None:
        """Delete the claim. If that fails, its lease ends by itself."""
        with suppress(Unavailable):
            self._table.write_if(
                "delete_item",
                Key=_key(claim.request),
                ConditionExpression="#lease = :lease",
                ExpressionAttributeNames={"#lease": "in_progress_expiration"},
                ExpressionAttributeValues={":lease": {"N": str(claim.lease)}},
            )

    def _expiration(self, now: float) -> dict[str, str]:
        return {"N": str(int(now) + int(self._window.total_seconds()))}


def _resolve(claim: Claim, existing: Mapping[str, Any]) -> Claim | StoredResponse:
    """Return the response of the existing record, or the claim if the record is its own.

    The client repeats a put if its connection breaks, and the repeated put meets the record of the first one.
    """
    stored_format = read_answer_format(existing)
    # A record of an earlier release has a digest without a key. It lives for one window.
    known = (
        _keyed_payload_digest(claim.request, stored_format),
        _digest(claim.request.compared_value(stored_format)),
    )
    if existing["validation"]["S"] not in known:
        raise IdempotencyKeyReused("The Idempotency-Key was used before with another payload.")
    if Decimal(existing["in_progress_expiration"]["N"]) == claim.lease:
        return claim
    if existing["status"] != _COMPLETED:
        raise InProgress("The first request with this Idempotency-Key is still running; try again.")
    return _decrypt(claim.request, json.loads(existing["data"]["S"])["sealed"])


def _key(request: IdempotentRequest) -> dict[str, Any]:
    return {"pk": {"S": request.tenant_id}, "sk": {"S": f"{request.operation}#{_digest(request.key)}"}}


def _keyed_payload_digest(request: IdempotentRequest, answer_format: int) -> str:
    """Return the digest of the payload under a key derived from the Idempotency-Key.

    A payload can name a subject and little else, so that a digest without a key could be guessed.
    """
    if is_value_too_deep(request.payload, _MAX_PAYLOAD_LEVELS):
        raise MalformedRequest(too_deep("body"))
    compared = _digest(request.compared_value(answer_format))
    return hmac.digest(_secret(request, _PAYLOAD_SALT), compared.encode(), "sha256").hex()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _cipher(request: IdempotentRequest) -> AESGCM:
    """Return the cipher of a request's response, whose key is derived from the Idempotency-Key.

    The table holds only a digest of that key, so only the caller can decrypt the response. A response that is shown
    once, such as an API key, is never stored in clear text.
    """
    return AESGCM(_secret(request, _SALT))


def _secret(request: IdempotentRequest, salt: bytes) -> bytes:
    text = "\n".join((request.tenant_id, request.operation, request.key))
    return hmac.digest(salt, text.encode(), "sha256")


def _encrypt(request: IdempotentRequest, response: StoredResponse) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    document = json.dumps(asdict(response), separators=(",", ":")).encode()
    return base64.b64encode(nonce + _cipher(request).encrypt(nonce, document, None)).decode()


def _decrypt(request: IdempotentRequest, sealed: str) -> StoredResponse:
    raw = base64.b64decode(sealed)
    return StoredResponse(**json.loads(_cipher(request).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)))
