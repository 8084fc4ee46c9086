"""The table of persons: `pk = <tenant>#<digest of the subject>`, so that no key shows a subject.

Two indexes are sparse: `by_tenant` has who has withdrawn the consent to scoring, `by_due` every erasure under way.
"""

from collections.abc import Iterator
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.kernel.ids import subject_digest

Item = dict[str, dict[str, str]]


class PersonTable(Table):
    """Items of one table."""

    def __init__(self, client: Any, table: str) -> None:
        super().__init__(client, table, "The table of subjects")

    def items_with_prefix(self, pk: str, prefix: str) -> Iterator[Item]:
        """Yield what stands under a key, in order, read consistently."""
        condition, values = "pk = :pk AND begins_with(sk, :sk)", {":pk": {"S": pk}, ":sk": {"S": prefix}}
        return self.items(
            "query", KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
        )

    def withdrawn_keys(self, tenant_id: str) -> Iterator[Item]:
        """Yield the keys of a tenant's subjects who have withdrawn, but maybe of the last moment."""
        return self._listed("by_tenant", "list_pk", tenant_id)

    def due_keys(self, kind: str) -> Iterator[Item]:
        """Yield the keys of what is to be done, of all tenants, the oldest first, but maybe of the last moment."""
        return self._listed("by_due", "due_pk", kind)

    def write(self, *parts: Part) -> bool:
        """Do all parts of a transaction or none; return False if a condition speaks against it."""
        return self.transact(*parts) is None

    def _listed(self, index: str, attribute: str, value: str) -> Iterator[Item]:
        return self.items(
            "query",
            IndexName=index,
            KeyConditionExpression=f"{attribute} = :pk",
            ExpressionAttributeValues={":pk": {"S": value}},
        )


def partition_key(tenant_id: str, subject_id: str) -> str:
    """Return the key under which all of a subject stands."""
    return f"{tenant_id}#{subject_digest(tenant_id, subject_id)}"


def primary_key(pk: str, sk: str) -> Item:
    """Return an item's primary key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}
