"""Rows of tables as sentences: `header: cell; header: cell`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vigil.assistant.passages.blocks_model import BlockKind

MAX_COLUMNS = 100
"""Maximum columns of a table. Further cells of a row are joined to the last one."""
_MAX_HEADER_CHARACTERS = 120


def table_sentences(rows: Sequence[Sequence[str]], header_rows: int | None = None) -> Iterator[str]:
    """Yield the sentence of each row below the header.

    `header_rows` is the number of header rows, or None if the format does not state it. Then the first row is the
    header if it looks like one. A header without other rows, or with a long text, is a row itself.
    """
    filled = [_bounded(row) for row in rows if any(cell.strip() for cell in row)]
    count = _guessed_header(filled) if header_rows is None else min(header_rows, len(filled))
    headers = _headers(filled[:count])
    if count == len(filled) or any(len(header) > _MAX_HEADER_CHARACTERS for header in headers):
        headers, count = [], 0
    for row in filled[count:]:
        yield "; ".join(_labelled(headers, row))


def _bounded(row: Sequence[str]) -> list[str]:
    cells = [" ".join(cell.split()) for cell in row]
    if len(cells) <= MAX_COLUMNS:
        return cells
    return [*cells[: MAX_COLUMNS - 1], " ".join(cells[MAX_COLUMNS - 1 :])]


def _guessed_header(rows: Sequence[Sequence[str]]) -> int:
    """Return 1 if the first row names each column with a short text of its own, and another row follows."""
    first = rows[0] if len(rows) > 1 else ()
    names = {cell.casefold() for cell in first if cell and not any(character.isdigit() for character in cell)}
    is_short = all(len(cell) <= _MAX_HEADER_CHARACTERS and not cell.endswith(".") for cell in first)
    return int(len(first) > 1 and len(names) == len(first) and is_short)


def _headers(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the name of each column. Names of several header rows are joined, and repeated ones appear once."""
    width = max(map(len, rows), default=0)
    columns = [[row[index] for row in rows if index < len(row) and row[index]] for index in range(width)]
    return [" ".join(dict.fromkeys(names)).rstrip(":") for names in columns]


def _labelled(headers: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    """Yield the cells that have text, each with the name of its column. A cell over several columns appears once."""
    before = None
    for index, cell in enumerate(row):
        header = headers[index] if index < len(headers) else ""
        if cell and (cell, header) != before:
            yield f"{header}: {cell}" if header else cell
        before = (cell, header)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. It extends over `columns` and `rows`; `is_header` is True for the cell of a header."""

    text: str
    columns: int = 1
    rows: int = 1
    is_header: bool = False


class TableBuilder:
    """Rows of one table, as the reader of a format meets them."""

    def __init__(self) -> None:
        self._rows: list[list[str]] = []
        self._header_rows = 0
        self._carried: dict[int, tuple[int, str]] = {}

    def add_row(self, cells: Sequence[Cell], *, is_header: bool = False) -> None:
        """Add a row. A cell that extends over rows is repeated in each of them, because it applies to each."""
        row: list[str] = []
        for cell in cells:
            self._fill(row)
            width = max(1, min(cell.columns, MAX_COLUMNS - len(row)))
            if cell.rows > 1:
                self._carried |= {len(row) + index: (cell.rows - 1, cell.text) for index in range(width)}
            row += [cell.text] * width
        self._fill(row)
        has_names = bool(cells) and all(cell.is_header for cell in cells)
        if (is_header or has_names) and self._header_rows == len(self._rows):
            self._header_rows += 1
        self._rows.append(row)

    def blocks(self) -> Iterator[tuple[BlockKind, str]]:
        """Yield kind and text of each row. A table of one column is a frame around paragraphs."""
        is_frame = all(len(row) < 2 for row in self._rows)
        for sentence in table_sentences(self._rows, self._header_rows or None):
            yield "paragraph" if is_frame else "table_row", sentence

    def _fill(self, row: list[str]) -> None:
        """Add the cells of earlier rows that extend into this one at the next columns."""
        while (carried := self._carried.pop(len(row), None)) is not None:
            rows, text = carried
            if rows > 1:
                self._carried[len(row)] = (rows - 1, text)
            row.append(text)
