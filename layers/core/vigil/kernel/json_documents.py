"""The nesting depth of JSON documents, bounded before a parser meets its own limit.

The limits of parsers differ: Python's `json` refuses about 1,000 levels before Python 3.12 and many more after it.
"""

import json
import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from vigil.errors import FieldError, MalformedRequest

MAX_LEVELS = 32
"""Maximum levels of arrays and objects in a JSON document."""
BOUND = f"at most {MAX_LEVELS} levels of arrays and objects"
"""The bound as error messages name it."""
MESSAGE = "is nested too deeply"
"""The message of a document with more levels."""

_CONTAINERS = (dict, list, tuple)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKETS = b"[{]}"
_OTHER_BYTES = bytes(set(range(256)) - set(_BRACKETS))
_SIGNED_STEPS = bytes.maketrans(_BRACKETS, b"\x01\x01\xff\xff")
"""A bracket becomes a signed byte: 1 opens a level, -1 closes it."""


def is_too_deep(document: bytes) -> bool:
    """Return True if a JSON document, well formed or not, opens more than MAX_LEVELS levels at once."""
    if b"\0" in document:  # UTF-16 or UTF-32, which `json.loads` takes too
        document = document.decode(json.detect_encoding(document), "replace").encode(errors="replace")
    brackets = document.translate(None, _OTHER_BYTES)
    if len(brackets) <= MAX_LEVELS:
        return False
    steps = _STRING.sub(b"", document).translate(_SIGNED_STEPS, _OTHER_BYTES)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > MAX_LEVELS


def is_value_too_deep(value: object, levels: int = MAX_LEVELS) -> bool:
    """Return True if a parsed JSON value has more than so many levels."""
    containers = [each for each in (value,) if isinstance(each, _CONTAINERS)]
    for _ in range(levels):
        containers = [item for each in containers for item in _items(each) if isinstance(item, _CONTAINERS)]
    return bool(containers)


def _items(container: Any) -> Iterable[object]:
    return container.values() if isinstance(container, dict) else container


def too_deep(field: str) -> FieldError:
    """Return the error of a field whose document has too many levels."""
    return FieldError(field, MESSAGE, BOUND)


def loads(document: str | bytes, **options: Any) -> Any:
    """Return the value of a JSON document, as `json.loads` does.

    Raises MalformedRequest for a document of too many levels, and ValueError for one that is not JSON.
    """
    if is_too_deep(document.encode(errors="replace") if isinstance(document, str) else document):
        raise MalformedRequest(too_deep("body"))
    return json.loads(document, **options)
