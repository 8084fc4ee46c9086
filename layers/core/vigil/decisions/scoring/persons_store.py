"""One person's ledger rows: export, and erasure down to the attributes that counts need."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from vigil.aws.tables import Table
from vigil.decisions.scoring.model import LedgerRow
from vigil.decisions.scoring.store import parse_row
from vigil.privacy.erasure.model import FoundKeys, Key
from vigil.privacy.persons.model import Person, PersonExtract

_PAGE = 25
_PERSONAL_ATTRIBUTES = (
    "subject_id",
    "packed",
    # Rows of the first three answer formats.
    "inputs",
    "body",
    "summary",
    "high_risk",
    "comparison",
    "comparison_pk",
    "groups",
    "sealed_groups",
    # A digest of the request would allow guesses of its content.
    "fingerprint",
    "correlation_id",
)


class PersonDecisions:
    """Rows of the index `by_subject`.

    An erased row keeps its pseudonym until `unlink`, so that an outcome reported meanwhile is still found.
    `given_groups` returns the groups that were given with a decision, also sealed ones.
    """

    def __init__(
        self, client: Any, table: str, clock: Callable[[], str], given_groups: Callable[[LedgerRow], Mapping[str, str]]
    ) -> None:
        self._table = Table(client, table, "The decision ledger")
        self._clock = clock
        self._given_groups = given_groups

    def decision_ids(self, person: Person, after: Mapping[str, str] | None) -> tuple[list[str], Key | None]:
        """Return a page of ids of a person's decisions, including erased ones before `unlink`."""
        page = self._page(person, after)
        return [item["pk"]["S"].partition("#")[2] for item in page["Items"]], _position(page)

    def find(self, person: Person, after: Key | None) -> FoundKeys:
        """Return a page of the rows that still contain personal data."""
        page = self._page(person, after)
        keys = tuple({"pk": item["pk"]["S"]} for item in page["Items"] if "summary" in item)
        return FoundKeys(keys, _position(page))

    def delete(self, person: Person, keys: Sequence[Key]) -> None:
        """Remove all personal attributes from rows. Raises ValueError for a key of another tenant."""
        if any(not key["pk"].startswith(f"{person.tenant_id}#") for key in keys):
            raise ValueError("the key belongs to another tenant")
        for key in keys:
            self._update(
                key["pk"],
                f"REMOVE {', '.join(_PERSONAL_ATTRIBUTES)} SET erased_at = :now",
                {":now": {"S": self._clock()}},
            )

    def unlink(self, person: Person) -> None:
        """Remove the pseudonym from erased rows."""
        for page in self._pages(person):
            for item in page["Items"]:
                if "summary" not in item:
                    self._update(item["pk"]["S"], "REMOVE subject_pk", {})

    def read(self, person: Person, after: Mapping[str, str] | None, _: Callable[[], float]) -> PersonExtract:
        """Return a page of decisions, newest first: features, groups, answer and comparison with a challenger."""
        page = self._page(person, after)
        found = (self._table.get({"pk": item["pk"]}) for item in page["Items"])
        rows = [parse_row(item) for item in found if item and "summary" in item]
        return PersonExtract(tuple(_export(row, self._given_groups(row)) for row in rows), _position(page))

    def _pages(self, person: Person) -> Iterator[Any]:
        after: Key | None = None
        while True:
            page = self._page(person, after)
            yield page
            if (after := _position(page)) is None:
                return

    def _page(self, person: Person, after: Mapping[str, str] | None) -> Any:
        pk = {"S": f"{person.tenant_id}#{person.subject}"}
        start = {name: {"S": text} for name, text in (after or {}).items()} | {"subject_pk": pk}
        return self._table.call(
            "query",
            IndexName="by_subject",
            # Sort keys are `<time>#<decision>`; `~` sorts after `#`.
            KeyConditionExpression="subject_pk = :pk AND time_sk <= :until",
            ExpressionAttributeValues={":pk": pk, ":until": {"S": f"{person.until}~"}},
            ScanIndexForward=False,
            Limit=_PAGE,
            **({"ExclusiveStartKey": start} if after else {}),
        )

    def _update(self, pk: str, expression: str, values: Mapping[str, Any]) -> None:
        self._table.write_if(
            "update_item",
            Key={"pk": {"S": pk}},
            UpdateExpression=expression,
            ConditionExpression="attribute_exists(pk)",  # the tenant may have been removed meanwhile
            **({"ExpressionAttributeValues": values} if values else {}),
        )


def _export(row: LedgerRow, groups: Mapping[str, str]) -> Mapping[str, Any]:
    compared = {"comparison": json.loads(row.comparison.to_document())} if row.comparison else {}
    return {
        "correlation_id": row.correlation_id,
        "decision": json.loads(row.body),
        "inputs": json.loads(row.inputs),
        "groups": groups,
        **compared,
    }


def _position(page: Any) -> Key | None:
    last = page.get("LastEvaluatedKey")
    return {"pk": last["pk"]["S"], "time_sk": last["time_sk"]["S"]} if last else None
