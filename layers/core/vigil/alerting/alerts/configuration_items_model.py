"""Keys of a tenant's configuration in the alerts table, and the counter of its changes.

The item `sk = ALL` counts the changes of a configuration. A transaction over its generation succeeds only if the
configuration is the one that was checked. So two changes that are checked at once cannot break a reference together.
"""

from typing import Any

GENERATION = "ALL"
"""Sort key of the counter. It precedes all others, so that a query reads it first."""


def configuration_key(tenant_id: str, sk: str) -> dict[str, Any]:
    """Return the key of an item of a tenant's configuration."""
    return {"pk": {"S": f"{tenant_id}#CONFIG"}, "sk": {"S": sk}}


def generation_part(tenant_id: str, generation: int) -> dict[str, Any]:
    """Return the part of a transaction that counts a change over a generation; another stored generation refuses it."""
    values = {":next": {"N": str(generation + 1)}}
    return {
        "Update": {
            "Key": configuration_key(tenant_id, GENERATION),
            "UpdateExpression": "SET generation = :next",
            "ConditionExpression": "generation = :before" if generation else "attribute_not_exists(pk)",
            "ExpressionAttributeValues": values | ({":before": {"N": str(generation)}} if generation else {}),
        }
    }
