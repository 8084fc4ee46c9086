"""Transactions of moto at the cost of their own items. moto copies each table of a transaction, once per item."""

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table


@contextmanager
def small_copies() -> Iterator[None]:
    """Copy only the items that a transaction can change. The other items of the table are shared with the copy."""
    transact = DynamoDBBackend.transact_write_items

    def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        operations = [operation for item in transact_items for operation in item.values()]

        def copied(table: Table, _memo: Any) -> Table:
            keys = [op.get("Key") or op["Item"] for op in operations if op["TableName"] == table.name]
            return _restorable(table, keys)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Table, "__deepcopy__", copied, raising=False)
            transact(backend, transact_items)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoDBBackend, "transact_write_items", transact_write_items)
        yield


def _restorable(table: Table, keys: Sequence[Mapping[str, Any]]) -> Table:
    """Return a copy of a table that keeps the items with these keys, and the stream, as they are now."""
    kept = copy.copy(table)
    kept.items = defaultdict(dict, {partition: copy.copy(items) for partition, items in table.items.items()})
    for key in keys:
        partition = DynamoType(key[table.hash_key_attr])
        items = kept.items.get(partition)
        if items and table.range_key_attr is None:
            kept.items[partition] = copy.deepcopy(items)
        elif items and table.range_key_attr and (place := DynamoType(key[table.range_key_attr])) in items:
            items[place] = copy.deepcopy(items[place])
    if table.stream_shard is not None:
        kept.stream_shard = copy.copy(table.stream_shard)
        kept.stream_shard.table, kept.stream_shard.items = kept, list(table.stream_shard.items)
    return kept
