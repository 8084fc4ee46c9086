"""Where the rows of a file begin, found in a stream of its ranges: chunks of whole rows, with flat memory.

A row ends at a line feed; in CSV not at one inside quotes. Quotes open at the start of a field only, as they do for
`csv.reader`, which reads the chunks later: a test holds that both see the same rows.
"""

import re
from collections.abc import Iterable, Iterator

from vigil.decisions.batches.model import CHUNK_BYTES, FATAL_ROW_BYTES, MAX_ROWS, ChunkRange, FileFormat
from vigil.errors import FieldError, InvalidInput

BLANK_LINES = (b"", b"\r")
"""Lines that are no rows."""
_OPENS = re.compile(rb'(?:^|(?<=,))"')
_BOM = b"\xef\xbb\xbf"
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or a workbook",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PAR1": "Parquet",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"BZh": "bzip2",
}
_GZIP = b"\x1f\x8b"


def reject_foreign_format(head: bytes) -> None:
    """Raise InvalidInput if a file begins like something that is no text in UTF-8."""
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise InvalidInput(FieldError("file", f"looks like {name}", "CSV or NDJSON in UTF-8, or gzip of it"))


def is_gzip(head: bytes) -> bool:
    """Say whether a file begins like gzip."""
    return head.startswith(_GZIP)


def find_text_start(head: bytes) -> int:
    """Return where the text of a file begins: behind a byte order mark, if there is one."""
    return len(_BOM) if head.startswith(_BOM) else 0


class RowBoundaries:
    """Tells for line after line whether a row ends there."""

    def __init__(self, form: FileFormat) -> None:
        self._quoting = form == "csv"
        self._inside = False

    def ends_row(self, line: bytes) -> bool:
        """Take the next line, without its line feed, and say whether its end is that of a row."""
        if self._quoting and (self._inside or b'"' in line):
            self._inside = _inside(line, self._inside)
        return not self._inside


def find_first_row(head: bytes) -> tuple[bytes, int]:
    """Return the first row of a CSV file, and where the next one begins, from the start of the file's text.

    Raises InvalidInput for a row that does not end within `head`.
    """
    lines, end = RowBoundaries("csv"), 0
    while (feed := head.find(b"\n", end)) >= 0:
        whole = lines.ends_row(head[end:feed])
        end = feed + 1
        if whole and head[:end].strip():
            return head[:end], end
    raise InvalidInput(FieldError("header", "must be the first row, with rows below it", "a header of column names"))


def find_chunks(blocks: Iterable[bytes], form: FileFormat, start: ChunkRange, most: int) -> Iterator[ChunkRange]:
    """Yield the chunks of a stream that begins where `start` ends; rows keep counting from there.

    A chunk ends after `most` rows, or with the row that reaches CHUNK_BYTES. Raises InvalidInput for a row over
    LONGEST_ROW bytes, and beyond MOST_ROWS rows.
    """
    lines = RowBoundaries(form)
    chunk, row, rows = start.next_empty(), 0, 0
    for line in _lines(blocks):
        row += len(line) + 1
        if row > FATAL_ROW_BYTES:
            raise _too_long(chunk.first_row + rows)
        if not lines.ends_row(line):
            continue
        rows += row > len(line) + 1 or line not in BLANK_LINES
        chunk, row = chunk.extended_by(row), 0
        if rows == most or chunk.length >= CHUNK_BYTES:
            yield (done := _bounded(chunk.with_rows(rows)))
            chunk, rows = done.next_empty(), 0
    if row:  # a quote was never closed
        rows, chunk = rows + 1, chunk.extended_by(row)
    if rows:
        yield _bounded(chunk.with_rows(rows))


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream; the last one too, as if a line feed followed it: a range may be one too long."""
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
            place += 1  # two quotes are one of the text
        else:
            inside = False


def _bounded(chunk: ChunkRange) -> ChunkRange:
    if chunk.next_empty().first_row > MAX_ROWS + 1:
        raise InvalidInput(FieldError("file", "has too many rows", f"at most {MAX_ROWS} rows"))
    return chunk


def _too_long(number: int) -> InvalidInput:
    message = f"row {number} does not end: a line feed is missing, or a quote is never closed"
    return InvalidInput(FieldError("file", message, f"at most {FATAL_ROW_BYTES} bytes between rows"))
