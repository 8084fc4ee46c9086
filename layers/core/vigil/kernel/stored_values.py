"""Stored values: JSON and items that Vigil wrote itself, checked against the types of dataclasses before use."""

import json
import sys
import types
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import cache, partial
from typing import Any, Literal, NoReturn, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from vigil.errors import DamagedData
from vigil.kernel.time import format_day, format_week

_Value = TypeVar("_Value")
_Reader: TypeAlias = Callable[[Any], Any]


def read_value(kind: type[_Value], value: object) -> _Value:
    """Return a parsed JSON value as a value of a type: a dataclass, or a container of plain values.

    A whole number is from 0 on, and a number is finite. A dataclass has all its members without a default, and no
    others. Raises DamagedData for another value.
    """
    result: _Value = _reader(cast("Any", kind))(value)
    return result


def read_json(content: str | bytes) -> Any:
    """Return the value of a JSON text. Raises DamagedData for another text, and for NaN and infinity."""
    try:
        return json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DamagedData("it must be JSON") from error


def unpack_json(packed: bytes, most: int) -> Any:
    """Return the value of compressed JSON of at most `most` bytes. Raises DamagedData for other bytes."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, most)
    except zlib.error as error:
        raise DamagedData("it must be compressed JSON") from error
    if not unpacking.eof or unpacking.unused_data:
        raise DamagedData(f"it must be compressed JSON of at most {most} bytes, with nothing after it")
    return read_json(content)


def read_parts(value: Any, least: int, most: int | None = None) -> list[Any]:
    """Return an array of `least` to `most` values (None: `least`). Raises DamagedData for another value."""
    if type(value) is list and least <= len(value) <= (least if most is None else most):
        return value
    raise DamagedData(f"a sequence must be an array of {least} values or more")


def read_object(value: Any) -> dict[str, Any]:
    """Return a JSON object. Raises DamagedData for another value."""
    if type(value) is dict:
        return value
    raise DamagedData("a mapping must be an object")


def read_members(kind: Any, values: Any) -> dict[str, Any]:
    """Return the members of a dataclass by name, given as an array in their order.

    Raises DamagedData for another number of values.
    """
    names = [each.name for each in fields(kind)]
    return dict(zip(names, read_parts(values, len(names)), strict=True))


def read_attribute(item: Mapping[str, Mapping[str, Any]], name: str, kind: Literal["B", "N", "S"]) -> Any:
    """Return an attribute of a DynamoDB item: bytes, an int or a text. Raises DamagedData for another attribute."""
    try:
        value = item[name][kind]
        return int(value) if kind == "N" else value
    except (KeyError, ValueError) as error:
        raise DamagedData(f"it must have the attribute {name} of the type {kind}") from error


def check_day(day: str) -> None:
    """Raise DamagedData for a text that is no day such as `2026-11-21`."""
    _check(lambda: format_day(date.fromisoformat(day)) == day, "a day must be such as 2026-11-21")


def check_week(week: str) -> None:
    """Raise DamagedData for a text that is no ISO week such as `2026-W47`."""
    _check(
        lambda: format_week(date.fromisocalendar(int(week[:4]), int(week[6:]), 1)) == week,
        "an ISO week must be such as 2026-W47",
    )


@contextmanager
def naming_damage(item: str) -> Iterator[None]:
    """Complete DamagedData with the name of the item that was read, and with the remedy."""
    try:
        yield
    except DamagedData as error:
        raise DamagedData(f"{item} is damaged: {error}. An operator must delete it.", (item,)) from error


def _check(is_valid: Callable[[], bool], text: str) -> None:
    try:
        if is_valid():
            return
    except ValueError:
        pass
    raise DamagedData(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


@cache
def _reader(kind: Any) -> _Reader:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if origin is Literal:
        return partial(_read_choice, frozenset(arguments))
    if origin in {Union, types.UnionType}:
        (given,) = (each for each in arguments if each is not types.NoneType)
        return partial(_read_optional, _reader(given))
    if origin is tuple:
        return _read_counts if arguments[0] is int else partial(_read_tuple, _reader(arguments[0]))
    if is_dataclass(kind):
        return partial(_read_dataclass, kind, _member_readers(kind))
    return partial(_read_mapping, _reader(arguments[0]), _reader(arguments[1]))


def _member_readers(kind: Any) -> dict[str, tuple[_Reader, bool]]:
    """Return the reader of each member of a dataclass, and whether the member is necessary."""
    types_ = get_type_hints(kind)
    return {
        each.name: (_reader(types_[each.name]), each.default is MISSING and each.default_factory is MISSING)
        for each in fields(kind)
    }


def _read_dataclass(kind: Any, members: Mapping[str, tuple[_Reader, bool]], value: Any) -> Any:
    if type(value) is not dict or not value.keys() <= members.keys():
        raise DamagedData(f"it must have the members {', '.join(members)} only")
    missing = [name for name, (_, is_necessary) in members.items() if is_necessary and name not in value]
    if missing:
        raise DamagedData(f"it must have the members {', '.join(missing)}")
    return kind(**{name: members[name][0](each) for name, each in value.items()})


def _read_whole_number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise DamagedData("a whole number must be 0 or more")
    return value


def _read_number(value: Any) -> float:
    if type(value) not in {int, float} or not abs(value) <= sys.float_info.max:
        raise DamagedData("a number must be finite")
    return float(value)


def _read_text(value: Any) -> str:
    if type(value) is not str:
        raise DamagedData("a text must be a string")
    return value


def _read_boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise DamagedData("a truth must be true or false")
    return value


def _read_choice(choices: frozenset[str], value: Any) -> str:
    if type(value) is not str or value not in choices:
        raise DamagedData(f"a choice must be one of {', '.join(sorted(choices))}")
    return value


def _read_optional(given: _Reader, value: Any) -> Any:
    return None if value is None else given(value)


def _read_counts(value: Any) -> tuple[int, ...]:
    """Return whole numbers. Profiles have hundreds, so that they are checked together."""
    if type(value) is not list or not set(map(type, value)) <= {int} or min(value, default=0) < 0:
        raise DamagedData("counts must be whole numbers from 0 on")
    return tuple(value)


def _read_tuple(each: _Reader, value: Any) -> tuple[Any, ...]:
    if type(value) is not list:
        raise DamagedData("a sequence must be an array")
    return tuple(map(each, value))


def _read_mapping(key: _Reader, each: _Reader, value: Any) -> dict[Any, Any]:
    if type(value) is not dict:
        raise DamagedData("a mapping must be an object")
    return {key(name): each(member) for name, member in value.items()}


_PLAIN: Mapping[Any, _Reader] = {int: _read_whole_number, float: _read_number, str: _read_text, bool: _read_boolean}
