"""Reads of moto at the cost of their own partition. moto sorts all items of a table for each query."""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

PLAIN = frozenset({"S", "N", "B", "BOOL", "NULL"})
"""Types of attribute values without other values inside."""
DIRECT = PLAIN - {"N", "NULL"}
"""Types of attribute values that are compared as they are."""


@contextmanager
def small_reads() -> Iterator[None]:
    """Read only the partition of a query, and compare and copy plain values directly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "query", _in_partition(Table.query))
        patch.setattr(Table, "all_items", _all_items)
        patch.setattr(DynamoType, "cast_value", property(_directly(vars(DynamoType)["cast_value"].fget)))
        patch.setattr(DynamoType, "__deepcopy__", _shallow(DynamoType.__deepcopy__))
        yield


def _in_partition(query: Callable[..., Any]) -> Callable[..., Any]:
    """Return a query that reads a table with the items of one partition only, unless it reads an index."""

    def in_partition(table: Table, hash_key: DynamoType | None, *rest: Any, **more: Any) -> Any:
        index_name = rest[6]
        if index_name is None and hash_key is not None:
            items = table.items.get(hash_key)
            table = copy.copy(table)
            table.items = defaultdict(dict, {} if items is None else {hash_key: items})
        return query(table, hash_key, *rest, **more)

    return in_partition


def _all_items(table: Table) -> list[Item]:
    """Return the items in the order of their keys, each of which is converted once."""
    stored: list[Any] = list(table.items.values())
    items: list[Item] = [item for each in stored for item in each.values()] if table.range_key_attr else stored
    return sorted(items, key=_key)


def _key(item: Item) -> tuple[Any, ...]:
    keys = (item.hash_key, item.range_key) if item.range_key else (item.hash_key,)
    return tuple(key.cast_value for key in keys)


def _directly(cast: Callable[[DynamoType], Any]) -> Callable[[DynamoType], Any]:
    return lambda value: value.value if value.type in DIRECT else cast(value)


def _shallow(deepcopy: Callable[[DynamoType, dict[int, Any]], DynamoType]) -> Callable[..., DynamoType]:
    def copied(value: DynamoType, memo: dict[int, Any]) -> DynamoType:
        if value.type not in PLAIN:
            return deepcopy(value, memo)
        result = DynamoType.__new__(DynamoType)
        result.type, result.value = value.type, value.value
        return result

    return copied
