"""Parses the rows of a chunk into subjects or errors. Error messages never contain values."""

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, Protocol, TypeAlias

from pydantic_core import from_json

from vigil.decisions.batches.csv_header import known_columns
from vigil.decisions.batches.files_model import ERASED_BYTE, FileFormat
from vigil.decisions.batches.groups_member import cut_groups
from vigil.decisions.batches.limits_model import MAX_NUMBER_LENGTH, MAX_ROW_BYTES
from vigil.decisions.batches.ports import FastReaderFactory
from vigil.decisions.batches.results import ERASED
from vigil.decisions.batches.step_rows import cut_steps
from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.decisions.scoring.groups_model import NO_GROUPS, Groups, SubjectGroups
from vigil.decisions.scoring.model import EncodedSubject
from vigil.errors import FieldError, InvalidInput, MalformedRequest
from vigil.kernel.grammar import read_boolean_text, read_number_text
from vigil.kernel.json_documents import loads
from vigil.kernel.rows import AS_OF, GROUP_PREFIX, SUBJECT
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.features.feature_spec import FeatureSpec

_CACHED_GROUPS = 1024
"""Combinations of group cells that a reader remembers."""


class ParsedStep(NamedTuple):
    """Rows of a step: the bytes of each row without its line end, its parsed subject or an InvalidInput, its groups.

    A row with an invalid group has no groups here. Its subject is a document, of which the scorer makes the error.
    """

    rows: Sequence[bytes]
    subjects: Sequence[object]
    groups: Sequence[Groups]


RowReader: TypeAlias = Callable[[bytes], Iterator[ParsedStep]]
"""Function that yields the rows of a chunk in steps."""


class _RowParser(Protocol):
    """Parser of the rows of one format."""

    def read_plain(self, rows: Sequence[bytes]) -> tuple[Sequence[EncodedSubject | None], Sequence[Groups]]:
        """Return the subjects and groups of rows that are valid beyond doubt; the subject of each other row is None."""
        ...

    def parse(self, row: bytes) -> tuple[object, Groups]:
        """Return the subject of a row that `read_plain` does not read, or an InvalidInput, and its groups."""
        ...


def build_reader(
    form: FileFormat, columns: Sequence[str], contract: ModelContract, plains: FastReaderFactory
) -> RowReader:
    """Return the reader for the chunks of a file. `columns` are those of the header for CSV."""
    parser = _Table(columns, contract, plains) if form == "csv" else _Objects(contract, plains)
    return partial(_read_steps, form, parser)


def _read_steps(form: FileFormat, parser: _RowParser, content: bytes) -> Iterator[ParsedStep]:
    for rows in cut_steps(content, form):
        plain, groups = parser.read_plain(rows)
        if isinstance(plain, EncodedRows) and max(map(len, rows)) <= MAX_ROW_BYTES:
            yield ParsedStep(rows, plain, groups)
        else:
            parsed = map(partial(_parse_rest, parser), rows, plain, groups)
            yield ParsedStep(rows, *zip(*parsed, strict=True))


def _parse_rest(parser: _RowParser, row: bytes, plain: EncodedSubject | None, groups: Groups) -> tuple[object, Groups]:
    if refused := _refused(row):
        return refused, NO_GROUPS
    return (plain, groups) if plain else parser.parse(row)


class _Objects:
    """NDJSON rows. The fast reader gets a row without its member `groups`."""

    def __init__(self, contract: ModelContract, plains: FastReaderFactory) -> None:
        self._groups = SubjectGroups(contract)
        self._read_text = lru_cache(_CACHED_GROUPS)(self._parse_text)
        self._plain = plains(contract, None)

    def read_plain(self, rows: Sequence[bytes]) -> tuple[Sequence[EncodedSubject | None], Sequence[Groups]]:
        """Return the subjects and groups of rows that are valid beyond doubt; the subject of each other row is None."""
        if not self._groups.can_be_given:
            return self._plain(rows), [NO_GROUPS] * len(rows)
        lines, groups = zip(*map(self._cut, rows), strict=True)
        return self._plain(lines), groups

    def parse(self, row: bytes) -> tuple[object, Groups]:
        """Return the subject of a row that `read_plain` does not read, or an InvalidInput, and its groups."""
        document = _object(row)
        given = document.get("groups") if isinstance(document, dict) else None
        return document, _valid_groups(self._groups, given) or NO_GROUPS

    def _cut(self, row: bytes) -> tuple[bytes, Groups]:
        """Return the row for the fast reader, and its groups. The fast reader refuses a row with the member."""
        cut = cut_groups(row)
        groups = self._read_text(cut.groups) if cut else None
        return (row, NO_GROUPS) if cut is None or groups is None else (cut.rest, groups)

    def _parse_text(self, text: bytes) -> Groups | None:
        """Return the groups in a JSON text, or None if they are invalid."""
        return _valid_groups(self._groups, _object(text))


def _object(row: bytes) -> object:
    try:
        return loads(row, from_json, "row")
    except MalformedRequest as error:
        return InvalidInput(*error.errors)
    except ValueError:
        return _broken("is not a JSON object in UTF-8", "RFC 8259")


class _Table:
    """CSV rows under one header. The fast reader gets no groups and no columns that the model does not have."""

    def __init__(self, columns: Sequence[str], contract: ModelContract, plains: FastReaderFactory) -> None:
        known = known_columns(contract)
        named = [place for place, name in enumerate(columns) if name in known]
        self._used = [place for place in named if not columns[place].startswith(GROUP_PREFIX)]
        self._grouped = {columns[p].removeprefix(GROUP_PREFIX): p for p in named if p not in self._used}
        self._unnamed = [place for place, name in enumerate(columns) if not name]
        names = [columns[place] for place in self._used]
        places = {name: place for place, name in enumerate(names)}
        self._width = len(columns)
        self._subject = places[SUBJECT]
        self._as_of = places.get(AS_OF)
        self._cells = [(places.get(spec.name), spec) for spec in contract.features]
        self._plain = plains(contract, names)
        self._groups = SubjectGroups(contract)
        self._read_groups = lru_cache(_CACHED_GROUPS)(self._parse_groups)

    def read_plain(self, rows: Sequence[bytes]) -> tuple[Sequence[EncodedSubject | None], Sequence[Groups]]:
        """Return the subjects and groups of rows that are valid beyond doubt; the subject of each other row is None."""
        if len(self._used) == self._width:
            return self._plain(rows), [NO_GROUPS] * len(rows)
        lines, groups = zip(*map(self._cut, rows), strict=True)
        return self._plain(lines), groups

    def _cut(self, row: bytes) -> tuple[bytes, Groups]:
        """Return the columns of a plain row that the fast reader gets, and its groups; no bytes if Python parses it."""
        cells = row.split(b",")
        if b'"' in row or not row.isascii() or len(cells) != self._width or any(cells[p] for p in self._unnamed):
            return b"", NO_GROUPS
        groups = self._read_groups(*[cells[place].decode() for place in self._grouped.values()])
        if groups is None:
            return b"", NO_GROUPS
        return b",".join([cells[place] for place in self._used]), groups

    def parse(self, row: bytes) -> tuple[object, Groups]:
        """Return the subject of a row that `read_plain` does not read, or an InvalidInput, and its groups."""
        cells = self._cells_of(row)
        if isinstance(cells, InvalidInput):
            return cells, NO_GROUPS
        used, given = ([cells[place] for place in places] for places in (self._used, self._grouped.values()))
        groups = self._read_groups(*given)
        if groups is None:
            return self._document(used, given), NO_GROUPS
        # The fast reader gets the row without quotes. A cell that needs quotes gives one cell too many there.
        return self._plain([",".join(used).encode()])[0] or self._document(used, given), groups

    def _parse_groups(self, *cells: str) -> Groups | None:
        """Return the groups in the cells of a row, or None if they are invalid."""
        return _valid_groups(self._groups, self._members(cells))

    def _members(self, cells: Sequence[str]) -> dict[str, str | None]:
        return {name: cell or None for name, cell in zip(self._grouped, cells, strict=True)}

    def _cells_of(self, row: bytes) -> Sequence[str] | InvalidInput:
        try:
            (cells,) = csv.reader([row.decode()], strict=True) if b'"' in row else [row.decode().split(",")]
        except UnicodeDecodeError:
            return _broken("is not UTF-8", "UTF-8")
        except (csv.Error, ValueError):
            return _broken("is not CSV", f"RFC 4180, cells of at most {csv.field_size_limit()} characters")
        if len(cells) != self._width:
            return _broken("has another number of columns than the header", f"{self._width} columns")
        if any(cells[place] for place in self._unnamed):
            return _broken("has a value below a column without a name", "an empty cell")
        return cells

    def _document(self, cells: Sequence[str], groups: Sequence[str]) -> object:
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
        document |= {"groups": self._members(groups)} if groups else {}
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


def _valid_groups(groups: SubjectGroups, given: object) -> Groups | None:
    """Return the groups of a row, or None if the scorer makes an error of them."""
    if given is not None and not isinstance(given, dict):
        return None
    try:
        return groups.read(given)
    except InvalidInput:
        return None


def _refused(row: bytes) -> InvalidInput | None:
    if row[:1] == ERASED_BYTE and not row.strip(ERASED_BYTE):
        return ERASED
    return _broken("is too long", f"at most {MAX_ROW_BYTES} bytes") if len(row) > MAX_ROW_BYTES else None


def _broken(message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError("row", message, bound))
