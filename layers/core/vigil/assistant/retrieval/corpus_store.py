"""Manifests in DynamoDB: one item per tenant, `pk = <tenant>`, `sk = CORPUS`."""

from typing import Any

from vigil.assistant.retrieval.corpus_encoding_model import from_bytes, to_bytes
from vigil.assistant.retrieval.model import Corpus
from vigil.aws.tables import Item, Table


class DynamoCorpora:
    """Manifests of all tenants. Methods raise Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The documents table")

    def read(self, tenant_id: str) -> Corpus:
        """Return the manifest, read consistently; an empty one of revision 0 for a tenant without documents."""
        item = self._table.get(_key(tenant_id))
        if item is None:
            return Corpus(tenant_id)
        return from_bytes(tenant_id, int(item["revision"]["N"]), item["manifest"]["B"])

    def replace(self, before: Corpus, after: Corpus) -> bool:
        """Store `after` if the stored revision is that of `before`. Return False if it is not.

        Raises StorageFull for a manifest that is too large for an item.
        """
        if after.tenant_id != before.tenant_id or after.revision != before.revision + 1:
            raise ValueError("a manifest is replaced by the next one of the same tenant")
        item = _key(after.tenant_id) | {"revision": {"N": str(after.revision)}, "manifest": {"B": to_bytes(after)}}
        if not before.revision:
            return self._table.write_if("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)")
        return self._table.write_if(
            "put_item",
            Item=item,
            ConditionExpression="revision = :before",
            ExpressionAttributeValues={":before": {"N": str(before.revision)}},
        )


def _key(tenant_id: str) -> Item:
    return {"pk": {"S": tenant_id}, "sk": {"S": "CORPUS"}}
