"""Consents in the table of persons: `sk = CONSENT` says what holds, `CONSENT#<version>` keeps each declaration."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from vigil.aws.transactions import Part
from vigil.privacy.erasure.model import FoundKeys, Key
from vigil.privacy.persons.model import Consent, Declaration, Person, PersonExtract
from vigil.privacy.persons.store import PersonTable, partition_key, primary_key

_HOLDS = "CONSENT"


class DynamoConsents:
    """What persons declared, the condition that a score puts on it, and what of it is erased."""

    def __init__(self, table: PersonTable) -> None:
        self._table = table

    def get(self, tenant_id: str, subject_id: str) -> Consent:
        """Return what holds of a person, with its history, in one consistent read."""
        items = list(self._table.items_with_prefix(partition_key(tenant_id, subject_id), _HOLDS))
        if not items or items[0]["sk"]["S"] != _HOLDS:
            return Consent()
        holds, *kept = items
        history = tuple(Declaration(**json.loads(item["declaration"]["S"])) for item in kept)
        return Consent(json.loads(holds["purposes"]["S"]), int(holds["version"]["N"]), history)

    def add(self, tenant_id: str, subject_id: str, consent: Consent, declaration: Declaration) -> bool:
        """Put what holds, under the condition of the version before it, and the declaration, or neither."""
        pk, now = partition_key(tenant_id, subject_id), consent.with_declaration(declaration)
        holds: dict[str, Any] = {
            **primary_key(pk, _HOLDS),
            "purposes": {"S": json.dumps(dict(now.purposes))},
            "version": {"N": str(now.version)},
            "recorded_at": {"S": declaration.recorded_at},
        }
        if withdrawn := [purpose for purpose, stance in now.purposes.items() if stance == "withdrawn"]:
            holds["withdrawn"] = {"SS": withdrawn}
        if "scoring" in withdrawn:
            holds |= {"list_pk": {"S": tenant_id}, "list_sk": {"S": pk}}
        put = {"Item": holds, "ConditionExpression": "attribute_not_exists(pk)"}
        if consent.version:
            put |= {"ConditionExpression": "version = :old"}
            put |= {"ExpressionAttributeValues": {":old": {"N": str(consent.version)}}}
        kept = {**primary_key(pk, f"{_HOLDS}#{now.version:06}"), "declaration": {"S": json.dumps(asdict(declaration))}}
        kept["recorded_at"] = {"S": declaration.recorded_at}
        return self._table.write({"Put": put}, {"Put": {"Item": kept}})

    def condition(self, tenant_id: str, subject_id: str) -> Part:
        """Return the part of a transaction that refuses a subject who has withdrawn the consent to scoring."""
        return {
            "ConditionCheck": {
                "TableName": self._table.name,
                "Key": primary_key(partition_key(tenant_id, subject_id), _HOLDS),
                "ConditionExpression": "NOT contains(withdrawn, :scoring)",
                "ExpressionAttributeValues": {":scoring": {"S": "scoring"}},
            }
        }

    def withdrawn(self, tenant_id: str) -> frozenset[str]:
        """Return the digests of all who withdrew the consent to scoring, a second ago or longer."""
        return frozenset(item["pk"]["S"].partition("#")[2] for item in self._table.withdrawn_keys(tenant_id))

    def read(self, person: Person, _: Mapping[str, str] | None, __: Callable[[], float]) -> PersonExtract:
        """Return what holds and every declaration, at once."""
        consent = self.get(person.tenant_id, person.subject_id)
        return PersonExtract((asdict(consent),) if consent.version else (), None)

    def find(self, person: Person, _: Key | None) -> FoundKeys:
        """Return the keys of what was declared in time, and of what holds where that withdraws nothing."""
        items = self._table.items_with_prefix(partition_key(person.tenant_id, person.subject_id), _HOLDS)
        found = [item for item in items if item["recorded_at"]["S"] <= person.until and "withdrawn" not in item]
        return FoundKeys(tuple({"pk": item["pk"]["S"], "sk": item["sk"]["S"]} for item in found), None)

    def delete(self, person: Person, keys: Sequence[Key]) -> None:
        """Delete what keys name, but not what has come to withdraw something meanwhile.

        Raises ValueError for a key of another tenant's.
        """
        if any(not key["pk"].startswith(f"{person.tenant_id}#") for key in keys):
            raise ValueError("a key is not the tenant's")
        for key in keys:
            delete = {
                "Key": primary_key(key["pk"], key["sk"]),
                "ConditionExpression": "attribute_not_exists(withdrawn)",
            }
            self._table.write({"Delete": delete})
