"""Tables of a PDF page: lines with several segments whose columns agree."""

from collections.abc import Sequence

from vigil.assistant.passages.pdf_lines_model import Segment
from vigil.assistant.passages.pdf_page_model import Rule

_MIN_LINES = 2
_TOLERANCE = 3.0
_MAX_GAP = 3.5
"""Maximum distance of the base lines of a table, in sizes of the letters. A line further below is outside."""


def lines_of(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Return the segments by line, from the top and from the left."""
    lines: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda each: (-each.baseline, each.left)):
        if lines and abs(lines[-1][0].baseline - segment.baseline) < 0.01:
            lines[-1].append(segment)
        else:
            lines.append([segment])
    return lines


def table_end(lines: Sequence[Sequence[Segment]], start: int) -> int:
    """Return the index behind the last line of a table that begins at `start`, or `start` if none does."""
    if len(lines[start]) < 2:
        return start
    columns = [(each.left, each.right) for each in lines[start]]
    agreeing, end = 1, start + 1
    last = end
    while end < len(lines) and _is_near(lines[end - 1], lines[end]):
        line = lines[end]
        if len(line) > 1 and _agree(columns, line):
            agreeing += 1
            last = end + 1
            columns = columns if len(columns) >= len(line) else [(each.left, each.right) for each in line]
        elif not _continues(columns, line):
            break
        else:
            last = end + 1
        end += 1
    return last if agreeing >= _MIN_LINES else start


def table_rows(lines: Sequence[Sequence[Segment]], rules: Sequence[Rule]) -> list[list[str]]:
    """Return the cells of a table. Rules divide rows; without them, a row begins where its first column has text."""
    widest = max(lines, key=len)
    columns = [(each.left, each.right) for each in widest]
    heights = sorted({y for left, right, y in rules if left < columns[-1][0] and right > columns[0][1]})
    top, bottom = lines[0][0].baseline, lines[-1][0].baseline
    inside = [height for height in heights if bottom < height < top]
    rows: list[list[list[str]]] = []
    before: int | None = None
    for line in lines:
        place = sum(height > line[0].baseline for height in inside)
        begins = place != before if len(inside) > 1 else _column(columns, line[0]) == 0
        if not rows or begins:
            rows.append([[] for _ in columns])
        for segment in line:
            rows[-1][_column(columns, segment)].append(segment.text)
        before = place
    return [[" ".join(cell) for cell in row] for row in rows]


def _is_near(above: Sequence[Segment], line: Sequence[Segment]) -> bool:
    return above[0].baseline - line[0].baseline <= _MAX_GAP * max(above[0].size, line[0].size)


def _agree(columns: Sequence[tuple[float, float]], line: Sequence[Segment]) -> bool:
    """Return True if at least two segments begin or end where columns do, or are centred on them."""
    return sum(any(_is_aligned(column, each) for column in columns) for each in line) >= 2


def _is_aligned(column: tuple[float, float], segment: Segment) -> bool:
    left, right = column
    places = (left - segment.left, right - segment.right, (left + right - segment.left - segment.right) / 2)
    return any(abs(distance) <= _TOLERANCE for distance in places)


def _continues(columns: Sequence[tuple[float, float]], line: Sequence[Segment]) -> bool:
    """Return True for a line that continues a cell of a later column, and does not reach into others."""
    return all(each.left >= columns[1][0] - _TOLERANCE for each in line)


def _column(columns: Sequence[tuple[float, float]], segment: Segment) -> int:
    """Return the index of the column that a segment shares most with, or is nearest to."""

    def shared(index: int) -> tuple[float, float]:
        left, right = columns[index]
        overlap = min(right, segment.right) - max(left, segment.left)
        return overlap, -abs(left - segment.left)

    return max(range(len(columns)), key=shared)
