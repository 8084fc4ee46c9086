"""Consents in the table of persons: `sk = CONSENT` has the current state, `CONSENT#<version>` each declaration."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from vigil.aws.transactions import Part
from vigil.privacy.erasure.model import FoundKeys, Key
from vigil.privacy.persons.model import Consent, Declaration, DeclarationPage, Person, PersonExtract
from vigil.privacy.persons.store import PersonTable, partition_key, primary_key

_CURRENT = "CONSENT"
_PAGE = 100
"""Number of declarations in a part of an export, and of keys in a step of an erasure."""


class DynamoConsents:
    """Consents of persons, the condition for scores, and the erasure of consents."""

    def __init__(self, table: PersonTable) -> None:
        self._table = table

    def get(self, tenant_id: str, subject: str) -> Consent:
        """Return a person's consents, read consistently."""
        current = self._table.get(primary_key(partition_key(tenant_id, subject), _CURRENT))
        if current is None:
            return Consent()
        return Consent(json.loads(current["purposes"]["S"]), int(current["version"]["N"]))

    def history(self, tenant_id: str, subject_id: str, after: dict[str, str] | None, limit: int) -> DeclarationPage:
        """Return a page of a person's declarations, oldest first, read consistently."""
        pk = partition_key(tenant_id, subject_id)
        items, position = self._table.page_with_prefix(pk, f"{_CURRENT}#", after, limit)
        return DeclarationPage(tuple(Declaration(**json.loads(item["declaration"]["S"])) for item in items), position)

    def add(self, tenant_id: str, subject: str, consent: Consent, declaration: Declaration) -> bool:
        """Store a declaration and the resulting consents; return False if another version is stored."""
        pk, now = partition_key(tenant_id, subject), consent.with_declaration(declaration)
        current: dict[str, Any] = {
            **primary_key(pk, _CURRENT),
            "purposes": {"S": json.dumps(dict(now.purposes))},
            "version": {"N": str(now.version)},
            "recorded_at": {"S": declaration.recorded_at},
        }
        if withdrawn := [purpose for purpose, stance in now.purposes.items() if stance == "withdrawn"]:
            current["withdrawn"] = {"SS": withdrawn}
        if "scoring" in withdrawn:
            current |= {"list_pk": {"S": tenant_id}, "list_sk": {"S": pk}}
        put = {"Item": current, "ConditionExpression": "attribute_not_exists(pk)"}
        if consent.version:
            put |= {"ConditionExpression": "version = :old"}
            put |= {"ExpressionAttributeValues": {":old": {"N": str(consent.version)}}}
        archived = {
            **primary_key(pk, f"{_CURRENT}#{now.version:06}"),
            "declaration": {"S": json.dumps(asdict(declaration))},
        }
        archived["recorded_at"] = {"S": declaration.recorded_at}
        return self._table.write({"Put": put}, {"Put": {"Item": archived}})

    def condition(self, tenant_id: str, subject: str) -> Part:
        """Return the transaction part that fails for a subject with a withdrawn consent to scoring."""
        return {
            "ConditionCheck": {
                "TableName": self._table.name,
                "Key": primary_key(partition_key(tenant_id, subject), _CURRENT),
                "ConditionExpression": "NOT contains(withdrawn, :scoring)",
                "ExpressionAttributeValues": {":scoring": {"S": "scoring"}},
            }
        }

    def withdrawn(self, tenant_id: str) -> frozenset[str]:
        """Return the pseudonyms of subjects with a withdrawn consent to scoring; the last second may be missing."""
        return frozenset(item["pk"]["S"].partition("#")[2] for item in self._table.withdrawn_keys(tenant_id))

    def read(self, person: Person, after: Mapping[str, str] | None, _: Callable[[], float]) -> PersonExtract:
        """Return the current consents with a page of the declarations."""
        consent = self.get(person.tenant_id, person.subject)
        page = self.history(person.tenant_id, person.subject, dict(after) if after else None, _PAGE)
        declarations = {"history": [asdict(each) for each in page.declarations]}
        return PersonExtract((asdict(consent) | declarations,) if consent.version else (), page.next)

    def find(self, person: Person, after: Key | None) -> FoundKeys:
        """Return the keys of declarations up to `person.until`, and of the current state unless it has a withdrawal."""
        pk = partition_key(person.tenant_id, person.subject)
        items, position = self._table.page_with_prefix(pk, _CURRENT, after, _PAGE)
        found = [item for item in items if item["recorded_at"]["S"] <= person.until and "withdrawn" not in item]
        return FoundKeys(tuple({"pk": item["pk"]["S"], "sk": item["sk"]["S"]} for item in found), position)

    def delete(self, person: Person, keys: Sequence[Key]) -> None:
        """Delete the items of these keys, except one whose consent was withdrawn in the meantime.

        Raises ValueError for a key of another tenant.
        """
        if any(not key["pk"].startswith(f"{person.tenant_id}#") for key in keys):
            raise ValueError("a key belongs to another tenant")
        for key in keys:
            delete = {
                "Key": primary_key(key["pk"], key["sk"]),
                "ConditionExpression": "attribute_not_exists(withdrawn)",
            }
            self._table.write({"Delete": delete})
