"""Finds the rows of one subject in input files and results, in every spelling that the scorer reads or refuses."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.limits_model import FATAL_ROW_BYTES, step_bytes
from vigil.decisions.batches.possible_ids import find_possible_ids, is_subject_id, number_spellings
from vigil.decisions.batches.row_boundaries import RowBoundaries
from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import is_too_deep, loads
from vigil.kernel.rows import SUBJECT

POSSIBLE_ROW: Mapping[str, Any] = {"not_shown": "A bad row with this id in it, which can be another person's."}
"""Stands for a bad row that contains the subject's id. Its content is not shown: it can be data of another person."""
_AROUND = " \t\r\n\f\v'\""
"""Characters around an id in a bad cell. Results have a quote before a cell that a spreadsheet would run."""


def split_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file with their line ends, from blocks of any size. A line without an end is cut."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > FATAL_ROW_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest


def split_rows(form: FileFormat, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the rows of a file with their line ends, as the split counts them, and blank lines.

    A CSV row has several lines if a quoted cell has. A row that does not end is cut, as its batch has failed.
    """
    boundaries, row = RowBoundaries(form), bytearray()
    for line in split_lines(blocks):
        row += line
        if boundaries.ends_row(line.removesuffix(b"\n")):
            yield bytes(row)
            row.clear()
        elif len(row) > FATAL_ROW_BYTES:
            yield bytes(row)
            boundaries, row = RowBoundaries(form), bytearray()
    if row:
        yield bytes(row)


class _Number(str):
    """A JSON number as it is spelled."""

    __slots__ = ()


_DECODER = json.JSONDecoder(
    object_pairs_hook=lambda pairs: pairs, parse_int=_Number, parse_float=_Number, parse_constant=_Number
)


class SubjectRows:
    """Rows that name a subject. `columns` is the CSV header; without it, any cell can be the subject id.

    `is_subject` compares an id in a row with the subject, of which only the pseudonym is known.
    A row with one well-formed id names exactly its subject, also if its values contain other ids. Any other row of an
    input is bad. It names every subject whose id it contains. A bad row of an output names none.
    """

    def __init__(
        self, form: FileFormat, columns: Sequence[str], is_subject: Callable[[str], bool], *, is_output: bool = False
    ) -> None:
        self._form = form
        self._is_output = is_output
        self._columns = list(columns)
        self._is_subject = lru_cache(maxsize=1024)(is_subject)
        self._is_bad = False

    def cost(self, row: bytes) -> int:
        """Return the bytes that a row counts for in a step. It is the row of the last call of `match`."""
        return step_bytes(row, is_bad=self._is_bad)

    def match(self, row: bytes) -> Mapping[str, Any] | None:
        """Return the content of a row if it names the subject, its text as `line` if JSON cannot repeat it.

        Returns POSSIBLE_ROW for a bad row that contains the subject's id.
        """
        self._is_bad = False
        text = row.decode(errors="replace").removeprefix("\ufeff").rstrip("\r\n")
        is_utf8 = "\ufffd" not in text or _is_utf8(row)
        return self._object(text, is_utf8) if self._form == "ndjson" else self._cells(text, is_utf8)

    def _object(self, text: str, is_utf8: bool) -> Mapping[str, Any] | None:
        named: list[Any] = []
        with suppress(ValueError):
            # An object is a list of pairs here, so that a member that occurs twice is seen twice.
            found = [] if is_too_deep(text.encode(errors="replace")) else _DECODER.decode(text)
            named = [value for name, value in found if name == SUBJECT] if text.lstrip().startswith("{") else []
        if any(map(self._is_named_by, named)):
            return _row(text) if len(named) == 1 and isinstance(named[0], str) else POSSIBLE_ROW
        is_readable = is_utf8 and len(named) == 1 and not isinstance(named[0], _Number) and is_subject_id(named[0])
        return None if is_readable else self._bad_row(text)

    def _cells(self, text: str, is_utf8: bool) -> Mapping[str, Any] | None:
        try:
            (cells,) = csv.reader([text], strict=True) if '"' in text else [text.split(",")]
        except (ValueError, csv.Error):
            return self._bad_row(text)
        if [cell.strip() for cell in cells] == self._columns:
            return None
        if len(cells) != len(self._columns):
            if self._is_output:  # a file of an earlier release, with other columns
                return {"line": text} if any(map(self._is_named_by, cells)) else None
            return self._bad_row(text)
        row = dict(zip(self._columns, cells, strict=True))
        subject = row.get(SUBJECT, "")
        if self._is_named_by(subject):
            return row
        return None if is_utf8 and is_subject_id(subject) else self._bad_row(text)

    def _bad_row(self, text: str) -> Mapping[str, Any] | None:
        """Return POSSIBLE_ROW if the text contains the subject's id. Each possible id costs one keyed digest."""
        if self._is_output:
            return None
        self._is_bad = True
        return POSSIBLE_ROW if any(map(self._is_subject, find_possible_ids(self._form, text))) else None

    def _is_named_by(self, value: object) -> bool:
        """Return True if a value is the subject's id, or a list or object that contains it."""
        if isinstance(value, _Number):
            return any(map(self._is_subject, number_spellings(value)))
        if isinstance(value, str):
            return self._is_subject(value.strip(_AROUND))
        return isinstance(value, list | tuple) and any(map(self._is_named_by, value))


def _is_utf8(row: bytes) -> bool:
    try:
        row.decode()
    except UnicodeDecodeError:
        return False
    return True


def _row(text: str) -> dict[str, Any]:
    """Return the members of a JSON object, or its text as `line` if JSON in UTF-8 cannot repeat them."""
    try:
        found: dict[str, Any] = loads(text)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, MalformedRequest):  # NaN, half a surrogate pair, a number of thousands of digits, a name twice
        return {"line": text}
    return found
