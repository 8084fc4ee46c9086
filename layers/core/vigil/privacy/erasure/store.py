"""Erasures and certificates in the access table, and signatures by a KMS key."""

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from vigil.aws.errors import ConditionFailed, translate_errors
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.privacy.erasure.model import Certificate, Erasure, decode_progress, encode_progress

_LIST = "ERASURES"
_ALGORITHM = "ECDSA_SHA_256"
_FIELDS = ("payload", "signature", "algorithm", "key_arn")


class DynamoTenantErasures:
    """Erasures under `pk = ERASURES`, `sk = <tenant>`; certificates under `pk = TENANT#<id>`, `sk = CERTIFICATE`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def pending(self) -> list[Erasure]:
        """Return every erasure in progress, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :list",
            ExpressionAttributeValues={":list": {"S": _LIST}},
            ConsistentRead=True,
        )
        return list(map(_erasure, items))

    def save(self, tenant_id: str, erasure: Erasure) -> bool:
        """Store a step; return False if another worker has stored one since."""
        return self._write({"Put": {"Item": _item(tenant_id, erasure), **_after(erasure.revision - 1)}})

    def close(self, tenant_id: str, erasure: Erasure, certificate: Certificate) -> bool:
        """Close the tenant, store the certificate and end the erasure in one transaction.

        Returns False without writing if another worker has stored a step since.
        """
        now = json.loads(certificate.payload)["certified_at"]
        close = {
            "Key": _key(f"TENANT#{tenant_id}"),
            "UpdateExpression": "SET #status = :closed, changed_at = :now, settings = :none ADD version :one",
            "ConditionExpression": "#status = :offboarding",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":closed": {"S": "closed"},
                ":offboarding": {"S": "offboarding"},
                ":now": {"S": now},
                ":none": {"S": "{}"},
                ":one": {"N": "1"},
            },
        }
        texts = {name: {"S": getattr(certificate, name)} for name in _FIELDS}
        put = {"Item": {**_key(f"TENANT#{tenant_id}", "CERTIFICATE"), **texts}}
        end = {"Key": _key(_LIST, tenant_id), **_after(erasure.revision)}
        return self._write({"Update": close}, {"Put": put}, {"Delete": end})

    def certificate(self, tenant_id: str) -> Certificate | None:
        """Return the certificate of a closed tenant, or None."""
        item = self._table.get(_key(f"TENANT#{tenant_id}", "CERTIFICATE"))
        return Certificate(tenant_id, **{name: item[name]["S"] for name in _FIELDS}) if item else None

    def _write(self, *parts: Part) -> bool:
        # The token makes the write safe to send twice, as the client library does after a lost answer.
        return self._table.transact(*parts, token=uuid.uuid4().hex) is None


class KmsSigner:
    """Signs with an asymmetric KMS key; the private key never leaves KMS."""

    def __init__(self, client: Any, key_arn: str) -> None:
        self._client = client
        self._key_arn = key_arn

    def sign(self, tenant_id: str, payload: bytes) -> Certificate:
        """Return the signed certificate of a statement; raise Unavailable if KMS does not answer."""
        options = {"KeyId": self._key_arn, "MessageType": "DIGEST", "SigningAlgorithm": _ALGORITHM}
        with translate_errors("KMS"):
            answer = self._client.sign(Message=_digest(payload), **options)
        signature = base64.b64encode(answer["Signature"]).decode()
        return Certificate(tenant_id, payload.decode(), signature, _ALGORITHM, self._key_arn)

    def verify(self, certificate: Certificate) -> bool:
        """Return True if the signature is from the key that the certificate names; raise Unavailable."""
        try:
            with translate_errors("KMS", {"KMSInvalidSignatureException": ConditionFailed()}):
                answer = self._client.verify(
                    KeyId=certificate.key_arn,
                    Message=_digest(certificate.payload.encode()),
                    MessageType="DIGEST",
                    Signature=base64.b64decode(certificate.signature),
                    SigningAlgorithm=certificate.algorithm,
                )
        except ConditionFailed:
            return False
        return bool(answer["SignatureValid"])


def _key(pk: str, sk: str = "META") -> dict[str, dict[str, str]]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _digest(payload: bytes) -> bytes:
    """Return the SHA-256 of a payload: KMS accepts messages of at most 4 KB."""
    return hashlib.sha256(payload).digest()


def _after(revision: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "revision = :before",
        "ExpressionAttributeValues": {":before": {"N": str(revision)}},
    }


def _item(tenant_id: str, erasure: Erasure) -> Mapping[str, Any]:
    return {
        **_key(_LIST, tenant_id),
        "started_at": {"S": erasure.started_at},
        "revision": {"N": str(erasure.revision)},
        "sweeps": {"S": encode_progress(erasure.progress)},
    }


def _erasure(item: Any) -> Erasure:
    return Erasure(
        tenant_id=item["sk"]["S"],
        started_at=item["started_at"]["S"],
        revision=int(item["revision"]["N"]),
        progress=decode_progress(item["sweeps"]["S"]) if "sweeps" in item else {},
    )
