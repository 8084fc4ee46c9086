"""Keys of a tenant's configuration in the alerts table, and the generation that counts its changes.

The item `sk = ALL` stores the generation: the number of changes of policies, routes, silences, schedules and members,
and of deletions of channels. A transaction with this item succeeds only if the stored generation is the one that was
read. So two changes that are checked at once cannot break a reference together.
"""

from typing import Any

GENERATION = "ALL"
"""Sort key of the item with the generation. It precedes all others, so that a query reads it first."""


def configuration_key(tenant_id: str, sk: str) -> dict[str, Any]:
    """Return the key of an item of a tenant's configuration. `sk` is a sort key such as `CHANNEL#<id>`."""
    return {"pk": {"S": f"{tenant_id}#CONFIG"}, "sk": {"S": sk}}


def generation_part(tenant_id: str, generation: int) -> dict[str, Any]:
    """Return the part of a transaction that stores `generation + 1`.

    Its condition fails unless `generation` is the stored one. A configuration without changes has generation 0 and no
    item.
    """
    values = {":next": {"N": str(generation + 1)}}
    return {
        "Update": {
            "Key": configuration_key(tenant_id, GENERATION),
            "UpdateExpression": "SET generation = :next",
            "ConditionExpression": "generation = :before" if generation else "attribute_not_exists(pk)",
            "ExpressionAttributeValues": values | ({":before": {"N": str(generation)}} if generation else {}),
        }
    }
