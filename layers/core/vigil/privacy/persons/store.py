"""Table of persons: `pk = <tenant>#<pseudonym of the subject>`, so keys do not contain subject ids.

Two indexes are sparse: `by_tenant` lists withdrawals of the consent to scoring, `by_due` erasures in progress.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part

Item = dict[str, dict[str, str]]


class PersonTable(Table):
    """Items of the table of persons."""

    def __init__(self, client: Any, table: str) -> None:
        super().__init__(client, table, "The subjects table")

    def items_with_prefix(self, pk: str, prefix: str) -> Iterator[Item]:
        """Yield the items of a partition by prefix of `sk`, in order, read consistently."""
        condition, values = "pk = :pk AND begins_with(sk, :sk)", {":pk": {"S": pk}, ":sk": {"S": prefix}}
        return self.items(
            "query", KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
        )

    def page_with_prefix(
        self, pk: str, prefix: str, after: Mapping[str, str] | None, limit: int
    ) -> tuple[list[Item], dict[str, str] | None]:
        """Return one page of the items of a partition by prefix of `sk`, and the position of the next page."""
        start = {"ExclusiveStartKey": primary_key(pk, after["sk"])} if after else {}
        answer = self.call(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": pk}, ":sk": {"S": prefix}},
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return answer["Items"], {"sk": last["sk"]["S"]} if last else None

    def withdrawn_keys(self, tenant_id: str) -> Iterator[Item]:
        """Yield the keys of subjects with a withdrawn consent to scoring; the last second may be missing."""
        return self._listed("by_tenant", "list_pk", tenant_id)

    def due_keys(self, kind: str) -> Iterator[Item]:
        """Yield the keys of due work of all tenants, oldest first; the last second may be missing."""
        return self._listed("by_due", "due_pk", kind)

    def write(self, *parts: Part) -> bool:
        """Write all parts in one transaction; return False without writing if a condition is not met."""
        return self.transact(*parts) is None

    def _listed(self, index: str, attribute: str, value: str) -> Iterator[Item]:
        return self.items(
            "query",
            IndexName=index,
            KeyConditionExpression=f"{attribute} = :pk",
            ExpressionAttributeValues={":pk": {"S": value}},
        )


def partition_key(tenant_id: str, subject: str) -> str:
    """Return the partition key of a subject, given its pseudonym."""
    return f"{tenant_id}#{subject}"


def primary_key(pk: str, sk: str) -> Item:
    """Return an item's primary key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}
