"""Erasures of persons in DynamoDB: item `ERASURE` is in progress, item `ERASED#<time>` has a certificate."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from vigil.privacy.erasure.model import Certificate, decode_progress, encode_progress
from vigil.privacy.persons.model import Person, PersonErasure, PersonErasures, PersonExtract
from vigil.privacy.persons.store import Item, PersonTable, partition_key, primary_key

_LIST = "ERASURES"
_RUNNING = "ERASURE"
_FIELDS = ("payload", "signature", "algorithm", "key_arn")


class DynamoPersonErasures:
    """Erasures of persons. `unlink` removes the pseudonym, the last identifier, from a person's decisions."""

    def __init__(self, table: PersonTable, unlink: Callable[[Person], None]) -> None:
        self._table = table
        self._unlink = unlink

    def begin(self, tenant_id: str, erasure: PersonErasure) -> bool:
        """Store a new erasure; return False if one of the same person is in progress."""
        return self._table.write(
            {"Put": {"Item": _item(tenant_id, erasure), "ConditionExpression": "attribute_not_exists(pk)"}}
        )

    def get(self, tenant_id: str, subject: str) -> PersonErasures:
        """Return a person's erasures, read consistently."""
        pk = partition_key(tenant_id, subject)
        running = self._table.get(primary_key(pk, _RUNNING))
        done = {item["sk"]["S"]: _certificate(tenant_id, item) for item in self._table.items_with_prefix(pk, "ERASED#")}
        if running and _certificate_key(running["started_at"]["S"]) in done:  # it ended between the two reads
            running = None
        return PersonErasures(_erasure(running) if running else None, tuple(done.values()))

    def pending(self) -> list[PersonErasure]:
        """Return every erasure in progress; one of the last second may be missing."""
        found = [self._table.get({name: key[name] for name in ("pk", "sk")}) for key in self._table.due_keys(_LIST)]
        return [_erasure(item) for item in found if item]

    def save(self, tenant_id: str, erasure: PersonErasure) -> bool:
        """Store a step; return False if another worker has stored one since."""
        return self._table.write({"Put": {"Item": _item(tenant_id, erasure), **_after(erasure.revision - 1)}})

    def close(self, tenant_id: str, erasure: PersonErasure, certificate: Certificate) -> bool:
        """Unlink the person's decisions, then store the certificate and end the erasure in one transaction."""
        self._unlink(erasure.owner)
        pk, at = partition_key(tenant_id, erasure.subject), json.loads(certificate.payload)["certified_at"]
        texts = {name: {"S": getattr(certificate, name)} for name in _FIELDS}
        put = {"Item": {**primary_key(pk, _certificate_key(erasure.started_at)), **texts, "recorded_at": {"S": at}}}
        return self._table.write(
            {"Put": put}, {"Delete": {"Key": primary_key(pk, _RUNNING), **_after(erasure.revision)}}
        )

    def read(self, person: Person, _: Mapping[str, str] | None, __: Callable[[], float]) -> PersonExtract:
        """Return the certificates of a person's erasures as one part."""
        return PersonExtract(
            tuple(asdict(done) for done in self.get(person.tenant_id, person.subject).certificates), None
        )


def _certificate_key(started_at: str) -> str:
    return f"ERASED#{started_at}"


def _after(revision: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "revision = :before",
        "ExpressionAttributeValues": {":before": {"N": str(revision)}},
    }


def _item(tenant_id: str, erasure: PersonErasure) -> dict[str, Any]:
    pk = partition_key(tenant_id, erasure.subject)
    texts = ("subject", "key_id", "started_at")
    return {
        **primary_key(pk, _RUNNING),
        "tenant_id": {"S": tenant_id},
        **{name: {"S": getattr(erasure, name)} for name in texts},
        "revision": {"N": str(erasure.revision)},
        "sweeps": {"S": encode_progress(erasure.progress)},
        "due_pk": {"S": _LIST},
        "due_at": {"S": erasure.started_at},
    }


def _erasure(item: Item) -> PersonErasure:
    return PersonErasure(
        tenant_id=item["tenant_id"]["S"],
        started_at=item["started_at"]["S"],
        revision=int(item["revision"]["N"]),
        progress=decode_progress(item["sweeps"]["S"]),
        subject=item["subject"]["S"],
        key_id=item["key_id"]["S"],
    )


def _certificate(tenant_id: str, item: Item) -> Certificate:
    return Certificate(tenant_id, **{name: item[name]["S"] for name in _FIELDS})
