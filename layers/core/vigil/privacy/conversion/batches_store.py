"""Older rows of batches: digests of orders and of parts of results, which had no key."""

from typing import Any

from vigil.aws.tables import Item, Table
from vigil.kernel.pseudonyms import TenantKey

_DIGESTS = ("fingerprint", "part_sha256")


class BatchItems:
    """Batches and their chunks. A converted item has the attribute `has_keyed_digest`."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The batches table")

    def convert(self, key: TenantKey) -> int:
        """Convert the digests of the tenant's batches and chunks, and return the number of items."""
        items = self._table.items(
            "scan",
            FilterExpression="begins_with(pk, :tenant) AND attribute_not_exists(has_keyed_digest) "
            # The key of a part with lost rows has the digest, so that the digest stays.
            "AND (attribute_exists(fingerprint) OR attribute_exists(part_sha256)) "
            "AND (attribute_not_exists(lost) OR lost = :none)",
            ExpressionAttributeValues={":tenant": {"S": f"{key.tenant_id}#"}, ":none": {"S": "[]"}},
            ConsistentRead=True,
        )
        return sum(self._convert(item, key) for item in items)

    def _convert(self, item: Item, key: TenantKey) -> bool:
        name = next(name for name in _DIGESTS if name in item)
        digest = item[name]["S"]
        return self._table.write_if(
            "update_item",
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET #digest = :keyed, has_keyed_digest = :yes",
            ConditionExpression="#digest = :old AND attribute_not_exists(has_keyed_digest)",
            ExpressionAttributeNames={"#digest": name},
            ExpressionAttributeValues={
                ":old": {"S": digest}, ":keyed": {"S": key.convert_digest(digest) if digest else ""},
                ":yes": {"BOOL": True},
            },
        )  # fmt: skip
