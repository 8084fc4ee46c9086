"""Answers of moto without repeated work. moto tries names for each member of an answer, and measures items often."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from moto.core import responses
from moto.core.model import MapShape, StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

SIMPLE = {"S", "N", "BOOL", "NULL"}
"""Types of attribute values that JSON writes as they are."""
MAX_ITEM_BYTES = 405_000
"""Maximum size of an item. moto has the number in its code."""


@contextmanager
def direct_answers() -> Iterator[None]:
    """Send attribute values as they are, find the methods of a service once, and measure a new item once."""
    with pytest.MonkeyPatch.context() as patch:
        structure = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001 - moto has no setting for it
        mapping = BaseJSONSerializer._serialize_type_map  # noqa: SLF001 - see above

        def sent(serializer: Any, serialized: dict[str, Any], value: Any, shape: StructureShape, key: str) -> None:
            if shape.name == "AttributeValue" and _is_simple(value):
                serialized[key] = value
            else:
                structure(serializer, serialized, value, shape, key)

        def sent_map(serializer: Any, serialized: dict[str, Any], value: Any, shape: MapShape, key: str) -> None:
            if shape.value.name == "AttributeValue" and all(map(_is_simple, value.values())):
                serialized[key] = value
            else:
                mapping(serializer, serialized, value, shape, key)

        patch.setattr(BaseJSONSerializer, "_serialize_type_structure", sent)
        patch.setattr(BaseJSONSerializer, "_serialize_type_map", sent_map)
        patch.setattr(responses, "method_names_from_class", cache(method_names_from_class))
        patch.setattr(Item, "__init__", _made)
        patch.setattr(DynamoType, "size", _measured(DynamoType.size))
        yield


def _is_simple(value: Any) -> bool:
    """Return True if JSON writes an attribute value as it is, with the values inside."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    if kind in SIMPLE:
        return True
    if kind == "M":
        return type(content) is dict and all(map(_is_simple, content.values()))
    return kind == "L" and type(content) is list and all(map(_is_simple, content))


def _made(item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    """Make an item. moto measures all attributes for each attribute that it adds."""
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict()
    for key, value in attrs.items():
        dict.__setitem__(item.attrs, key, DynamoType(value))
    if item.size() > MAX_ITEM_BYTES:
        raise ItemSizeTooLarge


def _measured(size: Callable[[DynamoType], int]) -> Callable[[DynamoType], int]:
    """Return a measure of attribute values that makes no copies of texts and maps."""

    def measured(value: DynamoType) -> int:
        if value.type == "S":
            return len(value.value.encode())
        if value.type == "M":
            return sum(len(name.encode()) + member.size() for name, member in value.value.items())
        return size(value)

    return measured
