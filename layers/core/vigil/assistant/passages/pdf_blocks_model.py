"""Blocks of a PDF document: paragraphs, list items and headings from lines, across columns and pages."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.lines_model import bullet_end, heading_number, is_ordered_item, join_lines, vocabulary
from vigil.assistant.passages.pdf_lines_model import Segment
from vigil.assistant.passages.pdf_page_model import Box, Rule
from vigil.assistant.passages.pdf_tables_model import lines_of, table_end, table_rows
from vigil.assistant.passages.tables_model import table_sentences

_HEADING_RATIO = 1.15
_MAX_HEADING_CHARACTERS = 200
_MAX_BOLD_WORDS = 12
_MARGIN = 0.09
_MIN_REPEATS = 3
_DIGITS = str.maketrans("", "", "0123456789")
_ENDS = (".", ":", ";", "!", "?", "\u2026", "\u3002")


@dataclass(frozen=True, slots=True)
class RawBlock:
    """Lines that belong together, or one row of a table. `is_edge` is True for a line at the edge of its page."""

    lines: tuple[str, ...]
    page: int
    size: float = 0.0
    is_bold: bool = False
    is_item: bool = False
    is_row: bool = False
    is_edge: bool = False


@dataclass(slots=True)
class _Paragraph:
    """A paragraph that grows by lines."""

    segments: list[Segment] = field(default_factory=list)
    is_item: bool = False


def raw_blocks(regions: Sequence[Sequence[Segment]], rules: Sequence[Rule], box: Box, page: int) -> Iterator[RawBlock]:
    """Yield the blocks of a page, region by region."""
    for region in regions:
        lines = lines_of(region)
        place = 0
        waiting: list[Segment] = []
        while place < len(lines):
            end = table_end(lines, place)
            if end > place:
                yield from _paragraphs(waiting, box, page)
                waiting = []
                rows = table_sentences(table_rows(lines[place:end], rules))
                yield from (RawBlock((row,), page, is_row=True) for row in rows)
            else:
                waiting.append(_whole(lines[place]))
            place = max(end, place + 1)
        yield from _paragraphs(waiting, box, page)


def _whole(line: Sequence[Segment]) -> Segment:
    """Return the segments of a line as one."""
    text = " ".join(each.text for each in line)
    longest = max(line, key=lambda each: len(each.text))
    return replace(longest, text=text, left=line[0].left, right=line[-1].right)


def _paragraphs(lines: Sequence[Segment], box: Box, page: int) -> Iterator[RawBlock]:
    """Yield the paragraphs of lines of one column."""
    if not lines:
        return
    right, step = max(line.right for line in lines), _line_step(lines)
    paragraph = _Paragraph()
    for line in lines:
        is_item = bool(bullet_end(line.text)) or is_ordered_item(line.text)
        if paragraph.segments and (is_item or _begins(paragraph, line, right, step)):
            yield _raw(paragraph, box, page)
            paragraph = _Paragraph()
        if not paragraph.segments:
            paragraph.is_item = is_item
        paragraph.segments.append(line)
    yield _raw(paragraph, box, page)


def _line_step(lines: Sequence[Segment]) -> float:
    """Return the usual distance of lines. A wide one must occur several times, as in text with double spacing."""
    size = min(line.size for line in lines)
    steps = Counter(round(one.baseline - two.baseline) for one, two in pairwise(lines))
    usual = [step for step, count in steps.items() if 0 < step <= 1.6 * size or (count > 2 and step <= 2.6 * size)]
    return max(usual, key=lambda step: (steps[step], -step), default=1.25 * size)


def _begins(paragraph: _Paragraph, line: Segment, right: float, step: float) -> bool:
    """Return True if a line begins another paragraph than the line above it."""
    above, first = paragraph.segments[-1], paragraph.segments[0]
    distance = above.baseline - line.baseline
    is_short = above.right < right - 0.25 * (right - above.left) and above.text.rstrip().endswith(_ENDS)
    is_indented = line.left > above.left + line.size and (len(paragraph.segments) > 1 or not paragraph.is_item)
    is_outdented = paragraph.is_item and line.left < first.left - 0.5
    return (
        distance < 0
        or distance > 1.3 * step
        or abs(line.size - above.size) > 0.14 * above.size
        or line.is_bold != above.is_bold
        or is_short
        or (is_indented and above.text.rstrip().endswith(_ENDS))
        or is_outdented
    )


def _is_edge(line: Segment, box: Box) -> bool:
    height = box.top - box.bottom
    return not box.bottom + _MARGIN * height <= line.baseline <= box.top - _MARGIN * height


def _raw(paragraph: _Paragraph, box: Box, page: int) -> RawBlock:
    segments = paragraph.segments
    lines = [each.text for each in segments]
    lines[0] = lines[0][bullet_end(lines[0]) :]
    is_bold = all(each.is_bold for each in segments)
    size = max(each.size for each in segments)
    return RawBlock(
        tuple(lines), page, size, is_bold, paragraph.is_item, is_edge=all(_is_edge(each, box) for each in segments)
    )


def add_blocks(raw: Sequence[RawBlock], pages: int, collector: BlockCollector) -> None:
    """Add the blocks of a document. Headers and footers that repeat from page to page are left out."""
    titles = _running_titles(raw, pages)
    kept = [block for block in raw if not block.is_edge or _without_digits(block) not in titles]
    known_words = vocabulary(line for block in kept for line in block.lines)
    sizes = Counter[float]()
    for block in kept:
        if not block.is_row:
            sizes[round(block.size, 1)] += sum(map(len, block.lines))
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    large = sorted({size for size in sizes if size >= _HEADING_RATIO * body}, reverse=True)
    for block in _continued(kept, body):
        text = join_lines(block.lines, known_words)
        if block.is_row:
            collector.add("table_row", text, page=block.page)
        elif level := _level(block, text, body, large):
            collector.add("heading", text, level, block.page)
        else:
            collector.add("list_item" if block.is_item else "paragraph", text, page=block.page)


def _running_titles(raw: Sequence[RawBlock], pages: int) -> set[str]:
    """Return the texts at the edge of at least three pages, and a third of all, without their digits."""
    places = {(block.page, _without_digits(block)) for block in raw if block.is_edge}
    counts = Counter(text for _, text in places)
    return {text for text, count in counts.items() if count >= max(_MIN_REPEATS, pages / 3)}


def _without_digits(block: RawBlock) -> str:
    return " ".join(" ".join(block.lines).translate(_DIGITS).split())


def _continued(blocks: Sequence[RawBlock], body: float) -> Iterator[RawBlock]:
    """Yield the blocks, with a paragraph that goes on in the next column or page as one."""
    before: RawBlock | None = None
    for block in blocks:
        if before is not None and _goes_on(before, block, body):
            before = replace(before, lines=before.lines + block.lines)
            continue
        if before is not None:
            yield before
        before = block
    if before is not None:
        yield before


def _goes_on(before: RawBlock, block: RawBlock, body: float) -> bool:
    """Return True if a paragraph begins in the middle of the sentence that the one before it leaves open."""
    if before.is_row or block.is_row or block.is_item or max(before.size, block.size) >= _HEADING_RATIO * body:
        return False
    is_open = not before.lines[-1].rstrip().endswith(_ENDS)
    return is_open and block.lines[0].lstrip()[:1].islower() and before.is_bold == block.is_bold


def _level(block: RawBlock, text: str, body: float, large: Sequence[float]) -> int:
    """Return the level of a heading by its size, number or weight, or 0 for text."""
    size = round(block.size, 1)
    if len(text) > _MAX_HEADING_CHARACTERS or not any(character.isalpha() for character in text):
        return 0
    if size in large:
        return large.index(size) + 1
    number = heading_number(text)
    if not block.is_bold or size < body or len(text.split()) > _MAX_BOLD_WORDS or text.endswith(_ENDS):
        return 0
    return number.count(".") + 1 if number else 0 if block.is_item else len(large) + 1
