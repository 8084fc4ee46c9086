"""Finds the rows of one subject in input files and results."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from vigil.decisions.batches.model import FileFormat
from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import loads

_TEXTS = re.compile(r'"([^"\\]{1,128})"')
"""Pattern of the texts in a line that is not valid JSON."""


def split_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file with their line ends, from blocks of any size."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


class SubjectRows:
    """Rows that name a subject. `columns` is the CSV header; without it, any cell can be the subject id.

    `is_subject` compares an id in a row with the subject, of which only the pseudonym is known.
    """

    def __init__(self, form: FileFormat, columns: Sequence[str], is_subject: Callable[[str], bool]) -> None:
        self._form = form
        self._columns = columns
        self._is_subject = lru_cache(maxsize=1024)(is_subject)

    def match(self, line: bytes) -> dict[str, Any] | None:
        """Return the row of a line if it names the subject, or the line itself if it cannot be parsed."""
        text = line.decode(errors="replace").rstrip("\r\n")
        return self._object(text) if self._form == "ndjson" else self._cells(text)

    def _object(self, text: str) -> dict[str, Any] | None:
        try:
            found = loads(text)
        except (ValueError, MalformedRequest):
            return {"line": text} if any(map(self._is_subject, _TEXTS.findall(text))) else None
        subject = found.get("subject_id") if isinstance(found, dict) else None
        return found if isinstance(subject, str) and self._is_subject(subject) else None

    def _cells(self, text: str) -> dict[str, Any] | None:
        try:
            (cells,) = csv.reader([text], strict=True)
        except (ValueError, csv.Error):
            cells = text.replace('"', "").split(",")
        if cells == list(self._columns):
            return None
        if len(cells) != len(self._columns):
            return {"line": text} if any(map(self._names, cells)) else None
        row = dict(zip(self._columns, cells, strict=True))
        return row if self._names(row.get("subject_id", "")) else None

    def _names(self, cell: str) -> bool:
        """Return True for the subject. The results have a quote before a cell that a spreadsheet would run."""
        return self._is_subject(cell) or (cell.startswith("'") and self._is_subject(cell[1:]))
