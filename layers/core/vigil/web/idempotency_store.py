"""Claims on idempotency keys in DynamoDB, on Powertools Idempotency: leases, owners, answers that only callers read.

Powertools puts a record `INPROGRESS` with the end of its lease where there is none, or one whose lease has ended, and
compares payloads. It completes and deletes a record whoever holds it; here only its owner does. The end of the lease
tells owners apart: a random fraction of a millisecond makes it unique.
"""

import base64
import hmac
import json
import secrets
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import STATUS_CONSTANTS, DataRecord
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigil.aws.errors import Refused, asking
from vigil.errors import IdempotencyKeyReused, InProgress, MalformedRequest, Unavailable
from vigil.kernel.json_documents import MAX_LEVELS, is_value_too_deep, too_deep
from vigil.web.idempotency import Answer, Claim, Use

_TABLE = "The idempotency table"
GRACE_SECONDS = 1
"""Lambda ends a function somewhat after its timeout, and clocks differ: nobody begins before the owner is gone."""
_PAYLOAD_LEVELS = MAX_LEVELS + 1
"""Maximum levels of a payload: a body, in the list that makes it a payload."""
_SALT = b"vigil idempotency answer 1"
_NONCE_BYTES = 12


class DynamoClaims:
    """Records under `pk = <tenant>`, `sk = <method> <route>#<SHA-256 of the key>`; for one thread, like a function."""

    def __init__(self, client: Any, table: str, window: timedelta) -> None:
        self._records = _OwnedRecords(table, "pk", sort_key_attr="sk", boto3_client=client)
        self._config = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="payload",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=int(window.total_seconds()),
            hash_function="sha256",
        )

    def claim(self, use: Use, seconds: float) -> Claim | Answer:
        """Return the claim on a use for so many seconds, or the answer that is kept."""
        if is_value_too_deep(use.payload, _PAYLOAD_LEVELS):
            raise MalformedRequest(too_deep("body"))
        milliseconds = int((seconds + GRACE_SECONDS) * 1e3)
        claim = Claim(use, int(time.time() * 1e3) + milliseconds + Decimal(secrets.randbits(48)).scaleb(-15))
        try:
            with asking(_TABLE):
                self._of(claim).save_inprogress(_data(use), milliseconds)
        except IdempotencyValidationError as error:
            raise IdempotencyKeyReused("The Idempotency-Key was used before with another payload.") from error
        except IdempotencyItemAlreadyExistsError as error:
            record = error.old_data_record
            if record is None or record.status != STATUS_CONSTANTS["COMPLETED"]:
                raise InProgress("The first request with this Idempotency-Key is still being carried out.") from error
            return _opened(use, json.loads(record.response_data))
        return claim

    def keep(self, claim: Claim, answer: Answer) -> bool:
        """Keep the answer, and say whether that worked: not when somebody else holds the claim by now."""
        try:
            with asking(_TABLE):
                self._of(claim).save_success(_data(claim.use), {"sealed": _sealed(claim.use, answer)})
        except (Refused, Unavailable):
            return False
        return True

    def release(self, claim: Claim) -> None:
        """Give the claim back; where that fails its lease ends by itself."""
        with suppress(Refused, Unavailable), asking(_TABLE):
            self._of(claim).delete_record(_data(claim.use), Exception("not carried out"))

    def _of(self, claim: Claim) -> "_OwnedRecords":
        self._records.configure(self._config, key_prefix=f"{claim.use.tenant_id}#{claim.use.operation}")
        self._records.lease = claim.lease
        return self._records


class _OwnedRecords(DynamoDBPersistenceLayer):
    """Powertools' records, each completed and deleted by the one who put it."""

    lease = Decimal()

    def _get_key(self, idempotency_key: str) -> dict[str, Any]:
        tenant_id, _, rest = idempotency_key.partition("#")
        return {self.key_attr: {"S": tenant_id}, "sk": {"S": rest}}

    def _put_record(self, data_record: DataRecord) -> None:
        data_record.in_progress_expiry_timestamp = self.lease  # type: ignore[assignment]  # a number to DynamoDB
        try:
            super()._put_record(data_record)
        except IdempotencyItemAlreadyExistsError as error:
            there = error.old_data_record
            if there is None or there.in_progress_expiry_timestamp != self.lease:
                raise  # otherwise it is our own put, repeated by botocore because its answer was lost

    def _update_record(self, data_record: DataRecord) -> None:
        self.client.update_item(
            TableName=self.table_name,
            Key=self._get_key(data_record.idempotency_key),
            UpdateExpression="SET #status = :status, #expiry = :expiry, #data = :data",
            ConditionExpression="#lease = :lease",
            ExpressionAttributeNames={
                "#status": self.status_attr,
                "#expiry": self.expiry_attr,
                "#data": self.data_attr,
                "#lease": self.in_progress_expiry_attr,
            },
            ExpressionAttributeValues={
                ":status": {"S": data_record.status},
                ":expiry": {"N": str(data_record.expiry_timestamp)},
                ":data": {"S": data_record.response_data},
                ":lease": {"N": str(self.lease)},
            },
        )

    def _delete_record(self, data_record: DataRecord) -> None:
        self.client.delete_item(
            TableName=self.table_name,
            Key=self._get_key(data_record.idempotency_key),
            ConditionExpression="#lease = :lease",
            ExpressionAttributeNames={"#lease": self.in_progress_expiry_attr},
            ExpressionAttributeValues={":lease": {"N": str(self.lease)}},
        )


def _data(use: Use) -> dict[str, Any]:
    return {"key": use.key, "payload": use.payload}


def _cipher(use: Use) -> AESGCM:
    """Return what seals answers: the table knows a digest of the Idempotency-Key only, the caller has the key itself.

    So an answer that is shown once, like an API key, lies nowhere in the clear.
    """
    return AESGCM(hmac.digest(_SALT, "\n".join((use.tenant_id, use.operation, use.key)).encode(), "sha256"))


def _sealed(use: Use, answer: Answer) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    document = json.dumps(asdict(answer), separators=(",", ":")).encode()
    return base64.b64encode(nonce + _cipher(use).encrypt(nonce, document, None)).decode()


def _opened(use: Use, kept: dict[str, str]) -> Answer:
    raw = base64.b64decode(kept["sealed"])
    return Answer(**json.loads(_cipher(use).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)))
