"""Outcome reports about one person: export and erasure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from vigil.aws.tables import Table
from vigil.decisions.outcomes.model import Outcome
from vigil.decisions.outcomes.store import DynamoOutcomes
from vigil.privacy.erasure.model import FoundKeys, Key
from vigil.privacy.persons.model import Person, PersonExtract

_PAGE = 1_000
"""Number of reports that are read at a time."""
DecisionIds: TypeAlias = Callable[[Person, Mapping[str, str] | None], tuple[Iterable[str], Key | None]]
"""Function that returns a page of a person's decision ids and the position of the next page."""


class PersonOutcomes:
    """Items of the outcomes table for one person, one page of decisions at a time."""

    def __init__(self, client: Any, table: str, decisions: DecisionIds) -> None:
        self._table = Table(client, table, "The outcomes table")
        self._decisions = decisions
        self._outcomes = DynamoOutcomes(client, table)

    def find(self, person: Person, after: Key | None) -> FoundKeys:
        """Return the keys of all reports and current outcomes for a page of decisions."""
        names, position = self._decisions(person, after)
        return FoundKeys(tuple(key for name in names for key in self._keys(person.tenant_id, name)), position)

    def delete(self, person: Person, keys: Sequence[Key]) -> None:
        """Delete items by key. Raises ValueError for a key of another tenant."""
        if any(not key["pk"].startswith(f"{person.tenant_id}#") for key in keys):
            raise ValueError("the key belongs to another tenant")
        for key in keys:
            self._table.call("delete_item", Key={name: {"S": text} for name, text in key.items()})

    def history(self, tenant_id: str, decision_id: str) -> Sequence[Mapping[str, Any]]:
        """Return all reports of one decision or batch row, in order of `recorded_at`."""
        return tuple(map(asdict, self._reports(tenant_id, decision_id)))

    def forget(self, tenant_id: str, decision_id: str) -> None:
        """Delete all reports of one decision or batch row."""
        for key in self._keys(tenant_id, decision_id):
            self._table.call("delete_item", Key={name: {"S": text} for name, text in key.items()})

    def read(self, person: Person, after: Mapping[str, str] | None, _: Callable[[], float]) -> PersonExtract:
        """Return all reports for a page of decisions, in order of `recorded_at` per decision."""
        names, position = self._decisions(person, after)
        return PersonExtract(tuple(each for name in names for each in self.history(person.tenant_id, name)), position)

    def _reports(self, tenant_id: str, decision_id: str) -> Iterator[Outcome]:
        after: dict[str, str] | None = None
        while True:
            page = self._outcomes.history(tenant_id, decision_id, after, _PAGE)
            yield from page.outcomes
            if (after := page.next) is None:
                return

    def _keys(self, tenant_id: str, decision_id: str) -> Iterator[Key]:
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#{decision_id}"}},
            ConsistentRead=True,
        )
        yield from ({"pk": item["pk"]["S"], "sk": item["sk"]["S"]} for item in items)
