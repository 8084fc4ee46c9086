"""Keys and expiry of items of monitoring. The partition of a tenant's model is `<tenant>#<model>`."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from vigil.errors import DamagedData
from vigil.kernel.stored_values import naming_damage
from vigil.kernel.time import format_day
from vigil.monitoring.profiles.model import Source

RETENTION = timedelta(days=800)
"""Age at which items of monitoring expire, from the start of their day in UTC. The day of a cohort is its Monday."""

Item = dict[str, dict[str, Any]]
"""Item of DynamoDB, or some of its attributes: typed values by name."""
_Value = TypeVar("_Value")


def model_partition(tenant_id: str, model: str) -> str:
    """Return the partition key of a tenant's model: `<tenant>#<model>`."""
    return f"{tenant_id}#{model}"


def version_prefix(kind: str, version: int, source: Source) -> str:
    """Return the beginning of the sort keys of one kind of item of a model version and source: `DAY#3#single#`."""
    return f"{kind}#{version}#{source}#"


def item_key(tenant_id: str, model: str, sort_key: str) -> Item:
    """Return the primary key, `pk` and `sk`, of an item of a tenant's model."""
    return {"pk": {"S": model_partition(tenant_id, model)}, "sk": {"S": sort_key}}


def expiry(day: str) -> Item:
    """Return the attribute `expires_at` of an item: Unix seconds, 800 days after its day begins in UTC.

    `day` has the form `2026-11-21`. Raises ValueError for another form.
    """
    start = date.fromisoformat(day)
    if format_day(start) != day:
        raise ValueError("a day must have the form 2026-11-21")
    end = datetime.combine(start, time(), UTC) + RETENTION
    return {"expires_at": {"N": str(int(end.timestamp()))}}


def check_key(item: Item, *parts: str) -> None:
    """Raise DamagedData if the sort key of an item does not end with these parts, which its content names."""
    if item["sk"]["S"].split("#")[-len(parts) :] != [*parts]:
        raise DamagedData("it must not have the content of another item")


def read_item(model: str, item: Item, read: Callable[[Item], _Value]) -> _Value:
    """Return the value that `read` makes of an item of a model. DamagedData names the item."""
    with naming_damage(f"{item['sk']['S']} of {model} in the monitoring table"):
        return read(item)
