"""Finds timestamps that are not in the one format of answers, events and files."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

ONE_FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_ANY_FORMAT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")


def other_formats(document: Any, path: str = "") -> Iterator[str]:
    """Yield path and text of each string of a JSON document that contains a timestamp in another format.

    Days (`2026-11-21`), months and hours (`2026-11-21T05`) are no timestamps.
    """
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from other_formats(value, f"{path}.{name}")
    elif isinstance(document, list | tuple):
        for value in document:
            yield from other_formats(value, f"{path}[]")
    elif isinstance(document, str):
        for found in _ANY_FORMAT.findall(document):
            if not ONE_FORMAT.fullmatch(found):
                yield f"{path}: {found}"
