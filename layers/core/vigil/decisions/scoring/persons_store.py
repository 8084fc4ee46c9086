"""What the ledger keeps of one person: read whole, and reduced to what counts need."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from vigil.aws.tables import Table
from vigil.privacy.erasure.model import Found, Key
from vigil.privacy.persons.model import Extract, Person

_PAGE = 25
_OF_THE_PERSON = (
    "subject_id",
    "inputs",
    "body",
    "summary",
    "high_risk",
    "comparison",
    "comparison_pk",
    # A digest of the request could be found again by trying out what may have been in it.
    "fingerprint",
    "correlation_id",
)


class PersonDecisions:
    """Rows of the index `by_subject`. What is erased keeps its digest of the subject until `unlink`: so a report of an
    outcome that came meanwhile is still found by its decision.
    """

    def __init__(self, client: Any, table: str, clock: Callable[[], str]) -> None:
        self._table = Table(client, table, "The decision ledger")
        self._clock = clock

    def ids(self, person: Person, after: Mapping[str, str] | None) -> tuple[list[str], Key | None]:
        """Return a page of the ids of a person's decisions, those too that are erased and not yet unlinked."""
        page = self._page(person, after)
        return [item["pk"]["S"].partition("#")[2] for item in page["Items"]], _position(page)

    def find(self, person: Person, after: Key | None) -> Found:
        """Return a page of the rows that still hold something."""
        page = self._page(person, after)
        keys = tuple({"pk": item["pk"]["S"]} for item in page["Items"] if "summary" in item)
        return Found(keys, _position(page))

    def delete(self, person: Person, keys: Sequence[Key]) -> None:
        """Take all from rows but what counts need. Raises ValueError for a key of another tenant's."""
        if any(not key["pk"].startswith(f"{person.tenant_id}#") for key in keys):
            raise ValueError("a key is not the tenant's")
        for key in keys:
            self._update(
                key["pk"],
                f"REMOVE {', '.join(_OF_THE_PERSON)} SET erased_at = :now",
                {":now": {"S": self._clock()}},
            )

    def unlink(self, person: Person) -> None:
        """Take the digest of the subject from rows that are erased."""
        for page in self._pages(person):
            for item in page["Items"]:
                if "summary" not in item:
                    self._update(item["pk"]["S"], "REMOVE subject_pk", {})

    def read(self, person: Person, after: Mapping[str, str] | None, _: Callable[[], float]) -> Extract:
        """Return a page of decisions, newest first: the request's facts, the answer, and how a challenger compared."""
        page = self._page(person, after)
        found = (self._table.get({"pk": item["pk"]}) for item in page["Items"])
        return Extract(tuple(_told(row) for row in found if row and "body" in row), _position(page))

    def _pages(self, person: Person) -> Iterator[Any]:
        after: Key | None = None
        while True:
            page = self._page(person, after)
            yield page
            if (after := _position(page)) is None:
                return

    def _page(self, person: Person, after: Mapping[str, str] | None) -> Any:
        pk = {"S": f"{person.tenant_id}#{person.digest}"}
        start = {name: {"S": text} for name, text in (after or {}).items()} | {"subject_pk": pk}
        return self._table.call(
            "query",
            IndexName="by_subject",
            # Times sort before their row's own place, `<time>#<decision>`.
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
            ConditionExpression="attribute_exists(pk)",  # its tenant may have left meanwhile
            **({"ExpressionAttributeValues": values} if values else {}),
        )


def _told(row: Mapping[str, Any]) -> Mapping[str, Any]:
    documents = {"decision": "body", "inputs": "inputs", "comparison": "comparison"}
    said = {name: json.loads(row[kept]["S"]) for name, kept in documents.items() if kept in row}
    return {"correlation_id": row["correlation_id"]["S"], **said}


def _position(page: Any) -> Key | None:
    last = page.get("LastEvaluatedKey")
    return {"pk": last["pk"]["S"], "time_sk": last["time_sk"]["S"]} if last else None
