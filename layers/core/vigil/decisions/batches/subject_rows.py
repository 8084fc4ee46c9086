"""Finds the rows of one subject in input files and results, in every spelling that the scorer reads or refuses."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any

from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.limits_model import FATAL_ROW_BYTES
from vigil.decisions.batches.row_boundaries import RowBoundaries
from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import is_too_deep, loads
from vigil.kernel.rows import SUBJECT

_AROUND = " \t\r\n\f\v'\""
"""Characters around an id in a bad cell. Results have a quote before a cell that a spreadsheet would run."""
_ID = r"[A-Za-z0-9_:@-][A-Za-z0-9._:@-]{0,127}"
_IDS = re.compile(rf'"subject_id"\s{{0,8}}:\s{{0,8}}"?\s{{0,8}}({_ID})|"\s{{0,8}}({_ID})\s{{0,8}}"')
"""Texts of a broken JSON row that could be the id of its subject."""
_CELL_ENDS = re.compile(r"[,\r\n]")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
_MAX_EXPONENT = 128
"""Maximum exponent of a number that can name a subject: a subject id has at most 128 characters."""


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
    A row with an answer names exactly its subject. A bad row of an input names every subject that its id could mean. A
    bad row of an output names none.
    """

    def __init__(
        self, form: FileFormat, columns: Sequence[str], is_subject: Callable[[str], bool], *, is_output: bool = False
    ) -> None:
        self._form = form
        self._is_output = is_output
        self._columns = list(columns)
        self._is_subject = lru_cache(maxsize=1024)(is_subject)

    def match(self, row: bytes) -> dict[str, Any] | None:
        """Return the content of a row if it names the subject; the text as `line` if it cannot be parsed."""
        text = row.decode(errors="replace").removeprefix("\ufeff").rstrip("\r\n")
        return self._object(text) if self._form == "ndjson" else self._cells(text)

    def _object(self, text: str) -> dict[str, Any] | None:
        named: list[Any] = []
        with suppress(ValueError):
            # An object is a list of pairs here, so that a member that occurs twice is seen twice.
            found = [] if is_too_deep(text.encode(errors="replace")) else _DECODER.decode(text)
            named = [value for name, value in found if name == SUBJECT] if text.lstrip().startswith("{") else []
        if named:
            return _row(text) if any(map(self._is_named_by, named)) else None
        if self._is_output:
            return None
        found_ids = (first or second for first, second in _IDS.findall(_unescaped(text)))
        return {"line": text} if any(map(self._is_subject, found_ids)) else None

    def _is_named_by(self, value: object) -> bool:
        """Return True if a value is the subject's id, or a list or object that contains it."""
        if isinstance(value, _Number):
            return any(map(self._is_subject, _spellings(value)))
        if isinstance(value, str):
            return self._is_subject(value.strip(_AROUND))
        return isinstance(value, list | tuple) and any(map(self._is_named_by, value))

    def _cells(self, text: str) -> dict[str, Any] | None:
        try:
            (cells,) = csv.reader([text], strict=True)
        except (ValueError, csv.Error):
            cells = _CELL_ENDS.split(text.replace('"', ""))
        if [cell.strip() for cell in cells] == self._columns:
            return None
        if len(cells) != len(self._columns):
            return {"line": text} if any(map(self._is_named_by, cells)) else None
        row = dict(zip(self._columns, cells, strict=True))
        return row if self._is_named_by(row.get(SUBJECT, "")) else None


def _spellings(number: str) -> set[str]:
    """Return the ids that a JSON number can mean: as it is spelled, and as a whole number without exponent."""
    try:
        value = Decimal(number)
    except ArithmeticError:
        return {number}
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT or value != value.to_integral_value():
        return {number}
    return {number, str(int(value))}


def _row(text: str) -> dict[str, Any]:
    """Return the members of a JSON object, or its text as `line` if JSON in UTF-8 cannot repeat them."""
    try:
        found: dict[str, Any] = loads(text)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, MalformedRequest):  # NaN, half a surrogate pair, a number of thousands of digits, a name twice
        return {"line": text}
    return found


def _unescaped(text: str) -> str:
    """Return a broken JSON text with its escapes decoded."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
