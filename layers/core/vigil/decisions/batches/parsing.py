"""Parses the rows of a chunk into subjects or errors. Error messages never contain values."""

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from pydantic_core import from_json

from vigil.decisions.batches.csv_header import known_columns
from vigil.decisions.batches.files_model import ERASED_BYTE, FileFormat
from vigil.decisions.batches.limits_model import MAX_NUMBER_LENGTH, MAX_ROW_BYTES
from vigil.decisions.batches.ports import FastReader, FastReaderFactory
from vigil.decisions.batches.results import ERASED
from vigil.decisions.batches.step_rows import cut_steps
from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.decisions.scoring.model import EncodedSubject
from vigil.errors import FieldError, InvalidInput, MalformedRequest
from vigil.kernel.grammar import read_boolean_text, read_number_text
from vigil.kernel.json_documents import loads
from vigil.kernel.rows import AS_OF, SUBJECT
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.features.feature_spec import FeatureSpec


class ParsedStep(NamedTuple):
    """Rows of a step: the bytes of each row without its line end, and its parsed subject or an InvalidInput."""

    rows: Sequence[bytes]
    subjects: Sequence[object]


RowReader: TypeAlias = Callable[[bytes], Iterator[ParsedStep]]
"""Function that yields the rows of a chunk in steps."""


def build_reader(
    form: FileFormat, columns: Sequence[str], contract: ModelContract, plains: FastReaderFactory
) -> RowReader:
    """Return the reader for the chunks of a file. `columns` are those of the header for CSV."""
    if form == "csv":
        table = _Table(columns, contract, plains)
        return partial(_read_steps, form, table.read_plain, table.parse)
    return partial(_read_steps, form, plains(contract, None), _object)


def _read_steps(
    form: FileFormat, read_plain: FastReader, parse: Callable[[bytes], object], content: bytes
) -> Iterator[ParsedStep]:
    for rows in cut_steps(content, form):
        subjects: Sequence[object] = read_plain(rows)
        if not isinstance(subjects, EncodedRows) or max(map(len, rows)) > MAX_ROW_BYTES:
            pairs = zip(rows, subjects, strict=True)
            subjects = [_refused(row) or subject or parse(row) for row, subject in pairs]
        yield ParsedStep(rows, subjects)


def _object(row: bytes) -> object:
    try:
        return loads(row, from_json, "row")
    except MalformedRequest as error:
        return InvalidInput(*error.errors)
    except ValueError:
        return _broken("is not a JSON object in UTF-8", "RFC 8259")


class _Table:
    """CSV rows under one header. Columns that the model does not have are left out."""

    def __init__(self, columns: Sequence[str], contract: ModelContract, plains: FastReaderFactory) -> None:
        known = known_columns(contract)
        self._used = [place for place, name in enumerate(columns) if name in known]
        self._unnamed = [place for place, name in enumerate(columns) if not name]
        names = [columns[place] for place in self._used]
        places = {name: place for place, name in enumerate(names)}
        self._width = len(columns)
        self._subject = places[SUBJECT]
        self._as_of = places.get(AS_OF)
        self._cells = [(places.get(spec.name), spec) for spec in contract.features]
        self._plain = plains(contract, names)

    def read_plain(self, rows: Sequence[bytes]) -> Sequence[EncodedSubject | None]:
        """Return the subjects of rows that are valid beyond doubt, and None for each other row."""
        return self._plain(rows if len(self._used) == self._width else [self._cut(row) for row in rows])

    def _cut(self, row: bytes) -> bytes:
        """Return a plain row without the columns that the model does not have; empty if Python must parse it."""
        cells = row.split(b",")
        if b'"' in row or not row.isascii() or len(cells) != self._width or any(cells[p] for p in self._unnamed):
            return b""
        return b",".join([cells[place] for place in self._used])

    def parse(self, row: bytes) -> object:
        """Return the subject of a row that the fast reader does not read, or an InvalidInput."""
        try:
            (cells,) = csv.reader([row.decode()], strict=True) if b'"' in row else [row.decode().split(",")]
        except UnicodeDecodeError:
            return _broken("is not UTF-8", "UTF-8")
        except (csv.Error, ValueError):
            return _broken("is not CSV", f"RFC 4180, cells of at most {csv.field_size_limit()} characters")
        return self._subject_of(cells)

    def _subject_of(self, cells: Sequence[str]) -> object:
        """Return the subject of a row's cells."""
        if len(cells) != self._width:
            return _broken("has another number of columns than the header", f"{self._width} columns")
        if any(cells[place] for place in self._unnamed):
            return _broken("has a value below a column without a name", "an empty cell")
        used = [cells[place] for place in self._used]
        # The fast reader gets the row without quotes. A cell that needs quotes gives one cell too many there.
        return self._plain([",".join(used).encode()])[0] or self._document(used)

    def _document(self, cells: Sequence[str]) -> object:
        long = [
            FieldError(f"features.{spec.name}", "is too long for a number", f"at most {MAX_NUMBER_LENGTH} characters")
            for place, spec in self._cells
            if place is not None and spec.type != "category" and len(cells[place]) > MAX_NUMBER_LENGTH
        ]
        if long:
            return InvalidInput(*long)
        values = [None if place is None else _value(cells[place], spec) for place, spec in self._cells]
        subject, as_of = cells[self._subject], cells[self._as_of] if self._as_of is not None else ""
        names = (spec.name for _, spec in self._cells)
        document: dict[str, object] = {"features": dict(zip(names, values, strict=True))}
        return document | ({SUBJECT: subject} if subject else {}) | ({AS_OF: as_of} if as_of else {})


def _value(cell: str, spec: FeatureSpec) -> object:
    """Return the JSON value of a cell for a feature. An invalid text is returned as it is, and rejected later."""
    if not cell:
        return None
    if spec.type == "category":
        return cell
    if cell.strip() == "null":
        return None
    try:
        return read_boolean_text(cell) if spec.type == "boolean" else read_number_text(cell)
    except ValueError:
        return cell


def _refused(row: bytes) -> InvalidInput | None:
    if row[:1] == ERASED_BYTE and not row.strip(ERASED_BYTE):
        return ERASED
    return _broken("is too long", f"at most {MAX_ROW_BYTES} bytes") if len(row) > MAX_ROW_BYTES else None


def _broken(message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError("row", message, bound))
