"""What became of one person's decisions: every report of each, read and erased."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from vigil.aws.tables import Table
from vigil.decisions.outcomes.store import DynamoOutcomes
from vigil.privacy.erasure.model import Found, Key
from vigil.privacy.persons.model import Extract, Person

DecisionIds: TypeAlias = Callable[[Person, Mapping[str, str] | None], tuple[Iterable[str], Key | None]]
"""A page of the ids of a person's decisions, and where the next one begins."""


class PersonOutcomes:
    """Items of the outcomes table by the decisions that they belong to, page by page of these."""

    def __init__(self, client: Any, table: str, decisions: DecisionIds) -> None:
        self._table = Table(client, table, "The outcomes table")
        self._decisions = decisions
        self._outcomes = DynamoOutcomes(client, table)

    def find(self, person: Person, after: Key | None) -> Found:
        """Return the keys of every report, and of what holds, of a page of decisions."""
        names, position = self._decisions(person, after)
        return Found(tuple(key for name in names for key in self._keys(person, name)), position)

    def delete(self, person: Person, keys: Sequence[Key]) -> None:
        """Delete what keys name. Raises ValueError for a key of another tenant's."""
        if any(not key["pk"].startswith(f"{person.tenant_id}#") for key in keys):
            raise ValueError("a key is not the tenant's")
        for key in keys:
            self._table.call("delete_item", Key={name: {"S": text} for name, text in key.items()})

    def read(self, person: Person, after: Mapping[str, str] | None, _: Callable[[], float]) -> Extract:
        """Return every report of a page of decisions, of each in the order in which they were recorded."""
        names, position = self._decisions(person, after)
        reports = (self._outcomes.history(person.tenant_id, name) for name in names)
        return Extract(tuple(asdict(report) for history in reports for report in history), position)

    def _keys(self, person: Person, decision_id: str) -> Iterator[Key]:
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{person.tenant_id}#{decision_id}"}},
            ConsistentRead=True,
        )
        yield from ({"pk": item["pk"]["S"], "sk": item["sk"]["S"]} for item in items)
