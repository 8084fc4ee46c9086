"""Parses the rows of a chunk into subjects or errors. Error messages never contain values."""

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from pydantic_core import from_json

from vigil.decisions.batches.csv_header import known_columns
from vigil.decisions.batches.files_model import ERASED_BYTE, FileFormat
from vigil.decisions.batches.limits_model import MAX_NUMBER_LENGTH, MAX_ROW_BYTES
from vigil.decisions.batches.ports import FastReader, FastReaderFactory
from vigil.decisions.batches.results import ERASED
from vigil.decisions.batches.row_boundaries import RowBoundaries, is_blank
from vigil.errors import FieldError, InvalidInput, MalformedRequest
from vigil.kernel.grammar import read_boolean_text, read_number_text
from vigil.kernel.json_documents import loads
from vigil.kernel.rows import AS_OF, SUBJECT
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.features.feature_spec import FeatureSpec

ParsedRow: TypeAlias = tuple[bytes, object]
"""Bytes of a row without its line end, and the parsed subject or an InvalidInput. A tuple is fast for many rows."""
RowReader: TypeAlias = Callable[[bytes], Iterator[ParsedRow]]


def build_reader(
    form: FileFormat, columns: Sequence[str], contract: ModelContract, plains: FastReaderFactory
) -> RowReader:
    """Return the reader for the chunks of a file. `columns` are those of the header for CSV."""
    if form == "csv":
        return _Table(columns, contract, plains).rows
    return partial(_lines, plains(contract, None))


def _lines(plain: FastReader, content: bytes) -> Iterator[ParsedRow]:
    """Yield the rows of NDJSON, one JSON object per line."""
    for line in content.split(b"\n"):
        if not is_blank(line, "ndjson"):
            row = line[:-1] if line.endswith(b"\r") else line
            yield row, _refused(row) or plain(row) or _object(row)


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
        self._plain_row: FastReader = self._plain if len(names) == len(columns) else lambda _row: None

    def rows(self, content: bytes) -> Iterator[ParsedRow]:
        """Yield the rows of a chunk."""
        lines = iter(content.split(b"\n"))
        for line in lines:
            if b'"' in line:
                yield self._quoted(line, lines)
            elif not is_blank(line, "csv"):
                row = line[:-1] if line.endswith(b"\r") else line
                yield row, _refused(row) or self._plain_row(row) or self._unquoted(row)

    def _unquoted(self, row: bytes) -> object:
        try:
            return self._subject_of(row.decode().split(","))
        except UnicodeDecodeError:
            return _broken("is not UTF-8", "UTF-8")

    def _quoted(self, line: bytes, more: Iterator[bytes]) -> ParsedRow:
        """Return the row that starts with this line. It has a quote and can continue over the following lines."""
        taken, ends = [line], RowBoundaries("csv")
        while not ends.ends_row(taken[-1]) and (another := next(more, None)) is not None:
            taken.append(another)
        row = b"\n".join(taken).removesuffix(b"\r")
        return row, _refused(row) or self._parsed(row)

    def _parsed(self, row: bytes) -> object:
        try:
            (cells,) = csv.reader([row.decode()], strict=True)
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
        return self._plain(",".join(used).encode()) or self._document(used)

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
