"""Erasures and certificates in the access table; signatures by a key that never leaves KMS."""

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from vigil.aws.errors import Refused, asking
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.privacy.erasure.model import Certificate, Erasure, Sweep

_LIST = "ERASURES"
_ALGORITHM = "ECDSA_SHA_256"
_FIELDS = ("payload", "signature", "algorithm", "key_arn")


class DynamoErasures:
    """Erasures under `pk = ERASURES`, `sk = <tenant>`; certificates under `pk = TENANT#<id>`, `sk = CERTIFICATE`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def pending(self) -> list[Erasure]:
        """Return every erasure that is under way, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :list",
            ExpressionAttributeValues={":list": {"S": _LIST}},
            ConsistentRead=True,
        )
        return list(map(_erasure, items))

    def save(self, tenant_id: str, erasure: Erasure) -> bool:
        """Keep a step under the condition of the step before it."""
        return self._write({"Put": {"Item": _item(tenant_id, erasure), **_after(erasure.revision - 1)}})

    def close(self, tenant_id: str, erasure: Erasure, certificate: Certificate) -> bool:
        """Close the tenant, keep the certificate and end the erasure, all or nothing."""
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
        keep = {"Item": {**_key(f"TENANT#{tenant_id}", "CERTIFICATE"), **texts}}
        end = {"Key": _key(_LIST, tenant_id), **_after(erasure.revision)}
        return self._write({"Update": close}, {"Put": keep}, {"Delete": end})

    def certificate(self, tenant_id: str) -> Certificate | None:
        """Return the certificate of a closed tenant."""
        item = self._table.get(_key(f"TENANT#{tenant_id}", "CERTIFICATE"))
        return Certificate(tenant_id, **{name: item[name]["S"] for name in _FIELDS}) if item else None

    def _write(self, *parts: Part) -> bool:
        # The token keeps a write that is sent twice after a lost answer from being refused.
        return self._table.transact(*parts, token=uuid.uuid4().hex) is None


class KmsSeal:
    """Signs with an asymmetric key of KMS."""

    def __init__(self, client: Any, key_arn: str) -> None:
        self._client = client
        self._key_arn = key_arn

    def sign(self, tenant_id: str, payload: bytes) -> Certificate:
        """Return the certificate of a statement; raise Unavailable if KMS does not answer."""
        asked = {"KeyId": self._key_arn, "MessageType": "DIGEST", "SigningAlgorithm": _ALGORITHM}
        with asking("KMS"):
            answer = self._client.sign(Message=_digest(payload), **asked)
        signature = base64.b64encode(answer["Signature"]).decode()
        return Certificate(tenant_id, payload.decode(), signature, _ALGORITHM, self._key_arn)

    def verifies(self, certificate: Certificate) -> bool:
        """Say whether the signature is that of the key which the certificate names; raise Unavailable as above."""
        try:
            with asking("KMS", {"KMSInvalidSignatureException": Refused()}):
                answer = self._client.verify(
                    KeyId=certificate.key_arn,
                    Message=_digest(certificate.payload.encode()),
                    MessageType="DIGEST",
                    Signature=base64.b64decode(certificate.signature),
                    SigningAlgorithm=certificate.algorithm,
                )
        except Refused:
            return False
        return bool(answer["SignatureValid"])


def _key(pk: str, sk: str = "META") -> dict[str, dict[str, str]]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _digest(payload: bytes) -> bytes:
    """Return what KMS is given: it takes no more than 4 KB of a message itself."""
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
        "sweeps": {"S": json.dumps({name: asdict(sweep) for name, sweep in erasure.sweeps.items()})},
    }


def _erasure(item: Any) -> Erasure:
    sweeps = json.loads(item["sweeps"]["S"]) if "sweeps" in item else {}
    return Erasure(
        tenant_id=item["sk"]["S"],
        started_at=item["started_at"]["S"],
        revision=int(item["revision"]["N"]),
        sweeps={name: Sweep(**{**sweep, "deleting": tuple(sweep["deleting"])}) for name, sweep in sweeps.items()},
    )
