"""Finds the rows of one subject in input files and results."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from vigil.decisions.batches.model import FileFormat
from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import loads


def split_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file with their line ends, from blocks of any size."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


class SubjectRows:
    """Rows that name a subject. `columns` is the CSV header; without it, any cell can be the subject id."""

    def __init__(self, form: FileFormat, columns: Sequence[str], subject_id: str) -> None:
        self._form = form
        self._columns = columns
        # The results have a quote before a cell that a spreadsheet would run as a formula.
        self._names = (subject_id, f"'{subject_id}")
        self._raw = subject_id.encode()

    def match(self, line: bytes) -> dict[str, Any] | None:
        """Return the row of a line if it names the subject, or the line itself if it cannot be parsed."""
        if self._raw not in line:
            return None
        text = line.decode(errors="replace").rstrip("\r\n")
        return self._object(text) if self._form == "ndjson" else self._cells(text)

    def _object(self, text: str) -> dict[str, Any] | None:
        try:
            found = loads(text)
        except (ValueError, MalformedRequest):
            return {"line": text} if f'"{self._names[0]}"' in text else None
        return found if isinstance(found, dict) and found.get("subject_id") == self._names[0] else None

    def _cells(self, text: str) -> dict[str, Any] | None:
        try:
            (cells,) = csv.reader([text], strict=True)
        except (ValueError, csv.Error):
            cells = text.replace('"', "").split(",")
        if cells == list(self._columns):
            return None
        if len(cells) != len(self._columns):
            return {"line": text} if set(self._names) & set(cells) else None
        row = dict(zip(self._columns, cells, strict=True))
        return row if row.get("subject_id") in self._names else None
