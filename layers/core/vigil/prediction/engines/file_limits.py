"""Names and maximum sizes of the files in a model package."""

import re
from collections.abc import Mapping

REFERENCE_FILE = "reference.json"
"""Name of the file with the reference; packages of format 2 have none."""
FILE_LIMITS: Mapping[str, int] = {
    "manifest.json": 1 << 20,
    "manifest.sig": 1 << 12,
    "golden.json": 8 << 20,
    "card.md": 1 << 18,
    REFERENCE_FILE: 1 << 18,
}
"""Maximum size in bytes of each file that belongs to no engine. `file_limit` also knows the files of engines."""

ENGINE_FILE_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,31}\.(?P<format>txt|json|walk)")
"""Allowed names of engine files."""

_ENGINE_LIMITS = {"txt": 64 << 20, "json": 16 << 20, "walk": 64 << 20}


def file_limit(file: str) -> int:
    """Return the maximum size of a package file, in bytes; raise KeyError if no package may contain the name."""
    if file in FILE_LIMITS:
        return FILE_LIMITS[file]
    if match := ENGINE_FILE_PATTERN.fullmatch(file):
        return _ENGINE_LIMITS[match["format"]]
    raise KeyError(file)
