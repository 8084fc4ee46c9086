"""Finds row boundaries in a stream and groups rows into chunks, with constant memory.

A row ends at a line feed, in CSV only at one outside quotes. Quotes open only at the start of a field, as in
`csv.reader`, which reads the chunks later. A test compares the two.
"""

import re
from collections.abc import Iterable, Iterator

from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.limits_model import CHUNK_BYTES, FATAL_ROW_BYTES, MAX_HEADER_BYTES
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import MAX_BATCH_ROWS

_SPACE = b", \t\r"
"""Bytes of a line of CSV without any value."""
_OPENS = re.compile(rb'(?:^|(?<=,))"')


def is_blank(line: bytes, form: FileFormat) -> bool:
    """Return True if a line is not a row: it is empty or, in CSV, has only commas and space."""
    return line in (b"", b"\r") or (form == "csv" and line[:1] in (b",", b" ", b"\t") and not line.strip(_SPACE))


class RowBoundaries:
    """Detects row ends line by line."""

    def __init__(self, form: FileFormat) -> None:
        self._quoting = form == "csv"
        self._inside = False

    def ends_row(self, line: bytes) -> bool:
        """Return True if a row ends with this line. `line` is the next line without its line feed."""
        if self._quoting and (self._inside or b'"' in line):
            self._inside = _inside(line, self._inside)
        return not self._inside


def find_first_row(head: bytes) -> tuple[bytes, int]:
    """Return the first row of a CSV text and the offset of the next one. Blank lines before it are skipped.

    Raises InvalidInput if the row has more than MAX_HEADER_BYTES, or does not end within `head`.
    """
    lines, start, end = RowBoundaries("csv"), 0, 0
    while 0 <= (feed := head.find(b"\n", end)) <= start + MAX_HEADER_BYTES:
        line = head[end:feed]
        is_blank_start = start == end and is_blank(line, "csv")
        end = feed + 1
        if is_blank_start:
            start = end
        elif lines.ends_row(line):
            return head[start:end], end
    if len(head) - start > MAX_HEADER_BYTES:
        remedy = f"at most {MAX_HEADER_BYTES} bytes; a missing line feed or an open quote makes it longer"
        raise InvalidInput(FieldError("header", "is too long", remedy))
    raise InvalidInput(FieldError("header", "must be the first row, with rows below it", "a header of column names"))


def find_chunks(blocks: Iterable[bytes], form: FileFormat, start: ChunkRange, most: int) -> Iterator[ChunkRange]:
    """Yield the chunks of a stream that starts where `start` ends. Row numbers continue.

    A chunk ends after `most` rows, or with the row that reaches CHUNK_BYTES. Raises InvalidInput for a row over
    FATAL_ROW_BYTES, and for more than MAX_BATCH_ROWS rows.
    """
    lines = RowBoundaries(form)
    chunk, row, rows = start.next_empty(), 0, 0
    for line in _lines(blocks):
        row += len(line) + 1
        if row > FATAL_ROW_BYTES:
            raise _too_long(chunk.first_row + rows)
        if not lines.ends_row(line):
            continue
        rows += row > len(line) + 1 or not is_blank(line, form)
        chunk, row = chunk.extended_by(row), 0
        if rows == most or chunk.length >= CHUNK_BYTES:
            yield (done := _bounded(chunk.with_rows(rows)))
            chunk, rows = done.next_empty(), 0
    if row:  # a quote was never closed
        rows, chunk = rows + 1, chunk.extended_by(row)
    if rows:
        yield _bounded(chunk.with_rows(rows))


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream. A last line without a line feed counts one byte too many, which does no harm."""
    rest: list[bytes] = []
    held = 0
    for block in blocks:
        head, *more = block.split(b"\n")
        rest.append(head)
        held += len(head)
        if more:
            yield b"".join(rest)
            yield from more[:-1]
            rest, held = [more[-1]], len(more[-1])
        if held > FATAL_ROW_BYTES:
            break
    if held:
        yield b"".join(rest)


def _inside(line: bytes, inside: bool) -> bool:
    place = 0
    while True:
        if not inside:
            if not (opening := _OPENS.search(line, place)):
                return False
            inside, place = True, opening.end()
        closing = line.find(b'"', place)
        if closing < 0:
            return True
        place = closing + 1
        if line[place : place + 1] == b'"':
            place += 1  # a doubled quote is part of the text
        else:
            inside = False


def _bounded(chunk: ChunkRange) -> ChunkRange:
    if chunk.next_empty().first_row > MAX_BATCH_ROWS + 1:
        raise InvalidInput(FieldError("file", "has too many rows", f"at most {MAX_BATCH_ROWS} rows"))
    return chunk


def _too_long(number: int) -> InvalidInput:
    message = f"row {number} does not end: a line feed is missing, or a quote is never closed"
    return InvalidInput(FieldError("file", message, f"at most {FATAL_ROW_BYTES} bytes between rows"))
