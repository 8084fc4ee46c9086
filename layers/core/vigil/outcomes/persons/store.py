"""What became of one person's decisions: every report of each, read and erased."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable
from vigil.outcomes.store import DynamoOutcomes
from vigil.subjects.model import Extract, Person
from vigil.tenancy.offboarding.model import Found, Key


class PersonOutcomes:
    """Items of the outcomes table by the decisions that they belong to, which `decisions` names."""

    def __init__(self, client: Any, table: str, decisions: Callable[[Person], Iterable[str]]) -> None:
        self._client = client
        self._table = table
        self._decisions = decisions
        self._outcomes = DynamoOutcomes(client, table)

    def find(self, person: Person, after: Key | None) -> Found:
        """Return the keys of every report, and of what holds, of all decisions at once."""
        return Found(tuple(key for name in self._decisions(person) for key in self._keys(person, name)), None)

    def delete(self, person: Person, keys: Sequence[Key]) -> None:
        """Delete what keys name."""
        for key in keys:
            self._call("delete_item", Key={name: {"S": text} for name, text in key.items()})

    def read(self, person: Person, after: Mapping[str, str] | None, _: Callable[[], float]) -> Extract:
        """Return every report of every decision, in the order in which they were recorded."""
        reports = (self._outcomes.history(person.tenant_id, name) for name in self._decisions(person))
        return Extract(tuple(asdict(report) for history in reports for report in history), None)

    def _keys(self, person: Person, decision_id: str) -> Iterator[Key]:
        answer = self._call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{person.tenant_id}#{decision_id}"}},
            ConsistentRead=True,
        )
        yield from ({"pk": item["pk"]["S"], "sk": item["sk"]["S"]} for item in answer["Items"])

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, operation)(TableName=self._table, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The outcomes table did not answer.") from error
