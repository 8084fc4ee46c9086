"""Lines of a PDF page: pieces of text on one base line, divided at wide gaps, in the order of reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from vigil.assistant.passages.characters_model import lowered, raised
from vigil.assistant.passages.lines_model import is_marker
from vigil.assistant.passages.pdf_page_model import Fragment, Rule

_WORD_GAP = 0.18
_SEGMENT_GAP = 1.2
_SAME_LINE = 0.35
_SMALL = 0.85
_RAISE = 0.7
_MIN_GUTTER = 9
_MIN_COLUMN_LINES = 4
_MIN_COLUMN_CHARACTERS = 18
_MAX_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """Text of one line without a wide gap, with its extent, the size of most of its letters, and its weight."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    is_bold: bool = False


@dataclass(slots=True)
class _Line:
    """Fragments on one base line."""

    baseline: float
    size: float
    fragments: list[Fragment] = field(default_factory=list)


def segments_of(fragments: Sequence[Fragment]) -> list[Segment]:
    """Return the segments of upright fragments, from the top."""
    lines: list[_Line] = []
    for fragment in sorted(fragments, key=lambda each: (-each.baseline, each.left)):
        line = lines[-1] if lines else None
        if line is None or line.baseline - fragment.baseline > _SAME_LINE * min(line.size, fragment.size):
            line = _Line(fragment.baseline, fragment.size)
            lines.append(line)
        line.fragments.append(fragment)
        line.size = max(line.size, fragment.size)
    return [segment for line in _with_scripts(lines) for segment in _segments(line)]


def _with_scripts(lines: Sequence[_Line]) -> list[_Line]:
    """Return the lines, with small lines slightly above or below a larger one as its raised or lowered letters."""
    found: list[_Line] = []
    for index, line in enumerate(lines):
        near = [lines[other] for other in (index - 1, index + 1) if 0 <= other < len(lines)]
        hosts = [host for host in near if _is_script(line, host)]
        if not hosts:
            found.append(line)
            continue
        shift = raised if line.baseline > hosts[0].baseline else lowered
        hosts[0].fragments.extend(
            replace(each, text=shift(each.text.strip()), baseline=hosts[0].baseline) for each in line.fragments
        )
    return found


def _is_script(line: _Line, host: _Line) -> bool:
    """Return True if each fragment of a small line touches a fragment of its host."""
    if line.size > _SMALL * host.size or abs(line.baseline - host.baseline) > _RAISE * host.size:
        return False
    reach = 0.3 * host.size
    ends = [each.right for each in host.fragments if each.size > line.size]
    return all(any(-reach <= each.left - end <= reach for end in ends) for each in line.fragments)


def _segments(line: _Line) -> Iterator[Segment]:
    """Yield the segments of a line. A marker of a list item is part of its text, however wide the gap is."""
    group: list[Fragment] = []
    end = 0.0
    for fragment in sorted(line.fragments, key=lambda each: each.left):
        gap = fragment.left - end
        if group and gap > _SEGMENT_GAP * line.size and not is_marker("".join(each.text for each in group)):
            yield from _segment(group, line)
            group = []
        group.append(fragment)
        end = max(end, fragment.right) if len(group) > 1 else fragment.right
    yield from _segment(group, line)


def _segment(group: Sequence[Fragment], line: _Line) -> Iterator[Segment]:
    pieces: list[str] = []
    end = 0.0
    for fragment in group:
        if pieces and fragment.left - end > _WORD_GAP * min(fragment.size, line.size):
            pieces.append(" ")
        pieces.append(fragment.text)
        end = max(end, fragment.right)
    text = "".join(pieces)
    if not text.strip():
        return
    letters = [(len(each.text), each) for each in group]
    largest = max(letters, key=lambda pair: pair[0])[1]
    bold = sum(count for count, each in letters if each.is_bold)
    is_bold = 2 * bold > sum(count for count, _ in letters)
    yield Segment(text, group[0].left, end, line.baseline, largest.size, is_bold)


def reading_order(segments: Sequence[Segment], rules: Sequence[Rule], depth: int = 0) -> list[list[Segment]]:
    """Return the segments in regions of one column, in the order of reading.

    Two columns of prose are read one after the other. Text across both divides them, and a table has rules across.
    """
    gutter = _gutter(segments, rules) if depth < _MAX_DEPTH else None
    if gutter is None:
        return [list(segments)] if segments else []
    regions: list[list[Segment]] = []
    left: list[Segment] = []
    right: list[Segment] = []
    for segment in [*segments, None]:
        if segment is None or segment.left < gutter < segment.right:
            for side in (left, right):
                regions += reading_order(side, rules, depth + 1)
            left, right = [], []
            if segment is not None:
                regions.append([segment])
        else:
            (left if segment.right <= gutter else right).append(segment)
    return _joined(regions)


def _joined(regions: Sequence[list[Segment]]) -> list[list[Segment]]:
    """Return the regions, with neighbours of one segment each as one region."""
    found: list[list[Segment]] = []
    for region in regions:
        if found and len(region) == 1 and len(found[-1]) == 1:
            found[-1].extend(region)
        else:
            found.append(list(region))
    return found


def _gutter(segments: Sequence[Segment], rules: Sequence[Rule]) -> float | None:
    """Return the middle of the gap between two columns of prose, or None."""
    if len(segments) < 2 * _MIN_COLUMN_LINES:
        return None
    start = int(min(each.left for each in segments))
    width = int(max(each.right for each in segments)) - start + 1
    if not 0 < width < 20_000:
        return None
    changes = [0] * (width + 2)
    for each in segments:
        changes[int(each.left) - start] += 1
        changes[min(int(each.right) - start + 1, width + 1)] -= 1
    crossing = 0
    runs: list[tuple[int, int, int]] = []
    allowed = len(segments) // 5
    for x in range(width):
        crossing += changes[x]
        if crossing > allowed or not 0.2 * width < x < 0.8 * width:
            continue
        if runs and runs[-1][1] == x - 1:
            runs[-1] = (runs[-1][0], x, max(runs[-1][2], crossing))
        else:
            runs.append((x, x, crossing))
    wide = [run for run in runs if run[1] - run[0] >= _MIN_GUTTER]
    for first, last, _ in sorted(wide, key=lambda run: (run[2], run[0] - run[1])):
        middle = start + (first + last) / 2
        if _divides_prose(segments, middle) and not _has_rules(segments, rules, middle):
            return middle
    return None


def _divides_prose(segments: Sequence[Segment], middle: float) -> bool:
    """Return True if both sides have several lines, and most of them are long."""
    left = [each for each in segments if each.right <= middle]
    right = [each for each in segments if each.left >= middle]
    return all(
        len(side) >= _MIN_COLUMN_LINES
        and sorted(len(each.text) for each in side)[len(side) // 2] >= _MIN_COLUMN_CHARACTERS
        for side in (left, right)
    )


def _has_rules(segments: Sequence[Segment], rules: Sequence[Rule], middle: float) -> bool:
    """Return True if at least three rules cross the gap among the segments, as in a table."""
    top, bottom = max(each.baseline for each in segments), min(each.baseline for each in segments)
    crossing = {round(y) for left, right, y in rules if left < middle < right and bottom - 20 < y < top + 20}
    return len(crossing) >= 3
