"""The table of persons: `pk = <tenant>#<digest of the subject>`, so that no key shows a subject.

Two indexes are sparse: `by_tenant` has who has withdrawn the consent to scoring, `by_due` every erasure under way.
"""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable
from vigil.platform.transactions import Part, name, transact
from vigil.scoring.model import subject_digest

Item = dict[str, dict[str, str]]


class SubjectTable:
    """Items of one table."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self.name = table

    def items(self, pk: str, prefix: str) -> Iterator[Item]:
        """Yield what stands under a key, in order, read consistently."""
        condition, values = "pk = :pk AND begins_with(sk, :sk)", {":pk": {"S": pk}, ":sk": {"S": prefix}}
        yield from self._pages(KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True)

    def withdrawn(self, tenant_id: str) -> Iterator[Item]:
        """Yield the keys of a tenant's subjects who have withdrawn, but maybe of the last moment."""
        yield from self._listed("by_tenant", "list_pk", tenant_id)

    def due(self, kind: str) -> Iterator[Item]:
        """Yield the keys of what is to be done, of all tenants, the oldest first, but maybe of the last moment."""
        yield from self._listed("by_due", "due_pk", kind)

    def item(self, pk: str, sk: str) -> Item | None:
        """Return an item, read consistently, or None."""
        found: Item | None = self.call("get_item", Key=key_of(pk, sk), ConsistentRead=True).get("Item")
        return found

    def write(self, *parts: Part) -> bool:
        """Do all parts of a transaction or none; return False if a condition speaks against it."""
        named = [{verb: {"TableName": self.name, **part} for verb, part in each.items()} for each in parts]
        return transact(self._client, name(named), named) is None

    def call(self, operation: str, **arguments: Any) -> Any:
        """Return the answer of an operation on the table; raise Unavailable where there is none."""
        try:
            return getattr(self._client, operation)(TableName=self.name, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The table of subjects did not answer.") from error

    def _listed(self, index: str, attribute: str, value: str) -> Iterator[Item]:
        yield from self._pages(
            IndexName=index,
            KeyConditionExpression=f"{attribute} = :pk",
            ExpressionAttributeValues={":pk": {"S": value}},
        )

    def _pages(self, **arguments: Any) -> Iterator[Item]:
        start: dict[str, Any] = {}
        while True:
            answer = self.call("query", **arguments, **start)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def pk_of(tenant_id: str, subject_id: str) -> str:
    """Return the key under which all of a subject stands."""
    return f"{tenant_id}#{subject_digest(tenant_id, subject_id)}"


def key_of(pk: str, sk: str) -> Item:
    """Return an item's primary key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}
