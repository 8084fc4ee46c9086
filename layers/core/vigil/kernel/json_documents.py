"""The shape of JSON documents: bounded levels and members, and no member twice.

The limits of parsers differ: Python's `json` refuses about 1,000 levels before Python 3.12 and many more after it.
Parsers also take the last of two members with one name, and a proxy may have read the first (RFC 8259, section 4).
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any

from vigil.errors import FieldError, MalformedRequest

MAX_LEVELS = 32
"""Maximum levels of arrays and objects in a JSON document."""
BOUND = f"at most {MAX_LEVELS} levels of arrays and objects"
"""The bound as error messages name it."""
MESSAGE = "is nested too deeply"
"""The message of a document with more levels."""
MAX_MEMBERS = 64
"""Maximum members of a JSON object."""
SCHEMA_SIZED = "features"
"""Name of the members whose objects are as large as a model's schema; the model bounds them."""

_CONTAINERS = (dict, list, tuple)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKETS = b"[{]}"
_OTHER_BYTES = bytes(set(range(256)) - set(_BRACKETS))
_SIGNED_STEPS = bytes.maketrans(_BRACKETS, b"\x01\x01\xff\xff")
"""A bracket becomes a signed byte: 1 opens a level, -1 closes it."""


def is_too_deep(document: bytes) -> bool:
    """Return True if a JSON document, well formed or not, opens more than MAX_LEVELS levels at once."""
    document = _in_utf8(document)
    brackets = document.translate(None, _OTHER_BYTES)
    if len(brackets) <= MAX_LEVELS:
        return False
    steps = _without_strings(document).translate(_SIGNED_STEPS, _OTHER_BYTES)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > MAX_LEVELS


def _without_strings(document: bytes) -> bytes:
    """Return the bytes outside of strings. Without escaped quotes, every second part between quotes is one."""
    return _STRING.sub(b"", document) if b'\\"' in document else b"".join(document.split(b'"')[::2])


def check_members(document: bytes, value: object, field: str = "body") -> None:
    """Check the objects of a JSON document, given with its parsed value.

    Raises MalformedRequest if an object names a member twice or has too many members. A parsed object has each name
    once, and outside of strings each member has one colon. So the members of all objects are counted and compared.
    """
    count, largest, containers = 0, 0, [value]
    for each in containers:  # grows while it is read
        if type(each) is dict:
            count += len(each)
            largest = max(largest, len(each))
            containers += [item for item in each.values() if type(item) is dict or type(item) is list]
        elif type(each) is list:
            containers += [item for item in each if type(item) is dict or type(item) is list]
    if largest > MAX_MEMBERS and (crowded := _crowded(value, field)):
        raise MalformedRequest(FieldError(crowded, "has too many members", f"at most {MAX_MEMBERS} members"))
    if document.count(b":") != count and _without_strings(_in_utf8(document)).count(b":") != count:
        name = _doubled(document) or field
        raise MalformedRequest(FieldError(name, "occurs twice in one object", "each name once in an object"))


def _crowded(value: object, field: str) -> str | None:
    """Return the name of the first object with too many members that no schema bounds."""
    containers = [(field, value)]
    for name, each in containers:
        if isinstance(each, dict):
            if len(each) > MAX_MEMBERS and name != SCHEMA_SIZED:
                return name
            containers += [(member, item) for member, item in each.items() if isinstance(item, _CONTAINERS)]
        else:
            containers += [(name, item) for item in _items(each) if isinstance(item, _CONTAINERS)]
    return None


def _doubled(document: bytes) -> str | None:
    doubled: list[str] = []

    def collect(pairs: list[tuple[str, object]]) -> None:
        counts = Counter(name for name, _ in pairs)
        doubled.extend(name for name, count in counts.items() if count > 1)

    json.loads(document, object_pairs_hook=collect)
    return doubled[0][:64] if doubled else None


def _in_utf8(document: bytes) -> bytes:
    """Return the document in UTF-8; `json.loads` also takes UTF-16 and UTF-32."""
    if b"\0" not in document:
        return document
    return document.decode(json.detect_encoding(document), "replace").encode(errors="replace")


def is_value_too_deep(value: object, levels: int = MAX_LEVELS) -> bool:
    """Return True if a parsed JSON value has more than so many levels."""
    containers = [each for each in (value,) if isinstance(each, _CONTAINERS)]
    for _ in range(levels):
        containers = [item for each in containers for item in _items(each) if isinstance(item, _CONTAINERS)]
    return bool(containers)


def _items(container: Any) -> Iterable[object]:
    return container.values() if isinstance(container, dict) else container


def with_equal_numbers(value: Any) -> Any:
    """Return a parsed JSON value with integers in place of whole floats: 17.0 and 1.7e1 become 17."""
    if type(value) is float:
        return int(value) if value.is_integer() else value
    if type(value) is dict:
        return {name: with_equal_numbers(item) for name, item in value.items()}
    return [with_equal_numbers(item) for item in value] if type(value) is list else value


def too_deep(field: str) -> FieldError:
    """Return the error of a field whose document has too many levels."""
    return FieldError(field, MESSAGE, BOUND)


def loads(document: str | bytes, parse: Callable[[Any], Any] = json.loads, field: str = "body") -> Any:
    """Return the value of a JSON document.

    Raises MalformedRequest for a document of too many levels or members, or with a member twice, and ValueError for
    one that is not JSON.
    """
    content = document.encode(errors="replace") if isinstance(document, str) else document
    if is_too_deep(content):
        raise MalformedRequest(too_deep(field))
    value = parse(document)
    check_members(content, value, field)
    return value
