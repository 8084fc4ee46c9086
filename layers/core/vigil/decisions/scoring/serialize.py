"""Decisions as JSON. Equal decisions give equal bytes, which are stored, returned and replayed.

The serializer knows the dataclasses of a decision. It writes the same bytes as `to_json`, which finds the fields of
every object anew, in a third of the time.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic_core import CoreConfig, CoreSchema, SchemaSerializer, core_schema, to_json

from vigil.decisions.scoring.model import Decision
from vigil.kernel.rows import FeatureValue

_OF_ONE_REQUEST = {"decision_id", "created_at", "explanation", "base_value"}
_NOT_IN_LISTS = {"engines", "explanation", "base_value", "flags"}


def body(decision: Decision) -> str:
    """Return the answer to a score request."""
    return _write(decision)


def summary(decision: Decision) -> str:
    """Return a list entry: the answer without engines, explanation and flags."""
    return _write(decision, _NOT_IN_LISTS)


def result_members(decision: Decision) -> str:
    """Return the members of a batch result: the answer without request fields and without the opening brace."""
    return _write(decision, _OF_ONE_REQUEST)[1:]


def inputs(features: Mapping[str, FeatureValue]) -> str:
    """Return the features that the engines received; a replay starts from them."""
    return to_json(features, inf_nan_mode="null").decode()


def _write(decision: Decision, exclude: set[str] | None = None) -> str:
    return _serializer().to_json(decision, exclude=exclude).decode()


@cache
def _serializer() -> SchemaSerializer:
    return SchemaSerializer(_schema(Decision), CoreConfig(ser_json_inf_nan="null"))


def _schema(kind: Any) -> CoreSchema:
    """Return the schema of a type: its dataclasses and tuples of them. A leaf is written by the type of its value."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        members = [core_schema.dataclass_field(name, _schema(hint)) for name, hint in hints.items()]
        arguments = core_schema.dataclass_args_schema(kind.__name__, members)
        return core_schema.dataclass_schema(kind, arguments, list(hints), slots=True)
    parts = get_args(kind)
    if get_origin(kind) is tuple and is_dataclass(parts[0]):
        return core_schema.tuple_schema([_schema(parts[0])], variadic_item_index=0)
    known = [part for part in parts if part is not type(None)]
    if len(known) == 1 and len(parts) == 2:
        return core_schema.nullable_schema(_schema(known[0]))
    return core_schema.any_schema()
