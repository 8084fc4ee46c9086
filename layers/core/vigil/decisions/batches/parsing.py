"""Parses the rows of a chunk into subjects or errors. Error messages never contain values."""

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from pydantic_core import from_json

from vigil.decisions.batches.model import MAX_ROW_BYTES, FileFormat
from vigil.decisions.batches.ports import FastReader, FastReaderFactory
from vigil.decisions.batches.row_boundaries import BLANK_LINES, RowBoundaries
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
    """Return the reader for the chunks of a file. `columns` are those of `parse_header` for CSV."""
    if form == "csv":
        return _Table(columns, contract, plains(contract, columns)).rows
    return partial(_lines, plains(contract, None))


def parse_header(row: bytes, contract: ModelContract) -> tuple[str, ...]:
    """Return the columns of a CSV header. Raises InvalidInput for a header that does not match the model."""
    try:
        *_, names = csv.reader(row.decode().splitlines(keepends=True), strict=True)
    except (ValueError, csv.Error) as error:
        raise InvalidInput(FieldError("header", "is not CSV in UTF-8", "RFC 4180")) from error
    columns = tuple(name.strip() for name in names)
    known = {SUBJECT, AS_OF, *(spec.name for spec in contract.features)}
    errors = [
        FieldError(f"header.{name[:64]}", "is not a column of this model", f"{SUBJECT}, {AS_OF} or one of its features")
        for name in columns
        if name not in known
    ]
    if len(set(columns)) != len(columns):
        errors.append(FieldError("header", "contains a column twice", "distinct names"))
    if SUBJECT not in columns:
        errors.append(FieldError("header", f"has no column {SUBJECT}", f"a column {SUBJECT}"))
    if errors:
        raise InvalidInput(*errors[:20])
    return columns


def _lines(plain: FastReader, content: bytes) -> Iterator[ParsedRow]:
    """Yield the rows of NDJSON, one JSON object per line."""
    for line in content.split(b"\n"):
        if line not in BLANK_LINES:
            row = line[:-1] if line.endswith(b"\r") else line
            yield row, _wrong_size(row) or plain(row) or _object(row)


def _object(row: bytes) -> object:
    try:
        return loads(row, from_json, "row")
    except MalformedRequest as error:
        return InvalidInput(*error.errors)
    except ValueError:
        return _broken("is not a JSON object in UTF-8", "RFC 8259")


class _Table:
    """CSV rows under one header."""

    def __init__(self, columns: Sequence[str], contract: ModelContract, plain: FastReader) -> None:
        specs = contract.features
        places = {name: place for place, name in enumerate(columns)}
        self._width = len(columns)
        self._subject = places[SUBJECT]
        self._as_of = places.get(AS_OF)
        self._cells = [(places.get(spec.name), spec) for spec in specs]
        self._plain = plain

    def rows(self, content: bytes) -> Iterator[ParsedRow]:
        """Yield the rows of a chunk."""
        lines = iter(content.split(b"\n"))
        for line in lines:
            if b'"' in line:
                yield self._quoted(line, lines)
            elif line not in BLANK_LINES:
                row = line[:-1] if line.endswith(b"\r") else line
                yield row, _wrong_size(row) or self._plain(row) or self._unquoted(row)

    def _unquoted(self, row: bytes) -> object:
        try:
            return self._document(row.decode().split(","))
        except UnicodeDecodeError:
            return _broken("is not UTF-8", "UTF-8")

    def _quoted(self, line: bytes, more: Iterator[bytes]) -> ParsedRow:
        """Return the row that starts with this line. It has a quote and can continue over the following lines."""
        taken, ends = [line], RowBoundaries("csv")
        while not ends.ends_row(taken[-1]) and (another := next(more, None)) is not None:
            taken.append(another)
        row = b"\n".join(taken).removesuffix(b"\r")
        return row, _wrong_size(row) or self._parsed(row)

    def _parsed(self, row: bytes) -> object:
        try:
            (cells,) = csv.reader([row.decode()], strict=True)
        except UnicodeDecodeError:
            return _broken("is not UTF-8", "UTF-8")
        except (csv.Error, ValueError):
            return _broken("is not CSV", f"RFC 4180, cells of at most {csv.field_size_limit()} characters")
        # The fast reader gets the row without quotes. A cell that needs quotes gives one cell too many there.
        whole = len(cells) == self._width
        return (whole and self._plain(",".join(cells).encode())) or self._document(cells)

    def _document(self, cells: Sequence[str]) -> object:
        if len(cells) != self._width:
            return _broken("has another number of columns than the header", f"{self._width} columns")
        values = [None if place is None else _value(cells[place], spec) for place, spec in self._cells]
        subject, as_of = cells[self._subject], cells[self._as_of] if self._as_of is not None else ""
        names = (spec.name for _, spec in self._cells)
        document = {SUBJECT: subject, "features": dict(zip(names, values, strict=True))}
        return document | ({AS_OF: as_of} if as_of else {})


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


def _wrong_size(row: bytes) -> InvalidInput | None:
    return _broken("is too long", f"at most {MAX_ROW_BYTES} bytes") if len(row) > MAX_ROW_BYTES else None


def _broken(message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError("row", message, bound))
