"""Cuts a chunk into steps: rows that are read, scored and written together.

Work per step instead of per row halves the time around the scores of a plain row.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, islice

from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.row_boundaries import RowBoundaries, is_blank

ROWS_PER_STEP = 500
"""Maximum rows of a step. A larger number is slower, because it exceeds the processor's cache."""
BYTES_PER_STEP = 1 << 20
"""Bytes of rows from which a step takes no further row. It bounds the memory for the errors of long rows."""


def cut_steps(content: bytes, form: FileFormat) -> Iterator[list[bytes]]:
    """Yield the rows of a chunk in steps, without blank lines. A row has no line end."""
    lines, has_returns = _join_quoted(content) if form == "csv" else iter(content.split(b"\n")), b"\r" in content
    # No blank line starts with a byte above a comma. The comparison takes half of the time of a call.
    rows = (line for line in lines if line[:1] > b"," or not is_blank(line, form))
    taken = list[bytes]()
    while taken := [*taken, *islice(rows, ROWS_PER_STEP - len(taken))]:
        sizes = list(accumulate(map(len, taken)))
        count = bisect_left(sizes, BYTES_PER_STEP) + 1
        step, taken = taken[:count], taken[count:]
        yield [row.removesuffix(b"\r") for row in step] if has_returns else step


def _join_quoted(content: bytes) -> Iterator[bytes]:
    """Return the lines of CSV. A row with a quote can continue over the following lines."""
    lines = iter(content.split(b"\n"))
    return (_quoted_row(line, lines) if b'"' in line else line for line in lines) if b'"' in content else lines


def _quoted_row(line: bytes, more: Iterator[bytes]) -> bytes:
    taken, ends = [line], RowBoundaries("csv")
    while not ends.ends_row(taken[-1]) and (another := next(more, None)) is not None:
        taken.append(another)
    return b"\n".join(taken)
