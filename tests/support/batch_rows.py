"""Rows of a chunk as its reader parses them."""

from collections.abc import Sequence
from typing import Any

from vigil.decisions.batches.parsing import RowReader


def parse_rows(read: RowReader, content: bytes) -> list[tuple[bytes, object]]:
    """Return each row of a chunk with its subject."""
    return [pair for step in read(content) for pair in zip(step.rows, step.subjects, strict=True)]


def no_fast_reader(_contract: Any, _columns: Any) -> Any:
    """Return a fast reader that reads no line, so that Python parses every row."""
    return _read_none


def _read_none(lines: Sequence[bytes]) -> list[None]:
    return [None] * len(lines)
