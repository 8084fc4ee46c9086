"""Reads plain text: paragraphs between empty lines, lists, and headings that are certain by their form."""

import re
from collections.abc import Iterator, Sequence

from vigil.assistant.passages.blocks_model import ReadDocument
from vigil.assistant.passages.characters_model import decode
from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.lines_model import bullet_end, heading_number, is_ordered_item, join_lines, vocabulary

_UNDERLINE = re.compile(r"\s{0,3}(?:={3,}|-{3,}|~{3,})\s*$")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def read_text(content: bytes, charset: str | None = None) -> ReadDocument:
    """Return the blocks of a plain text. Raises UnreadableDocument."""
    lines = _LINE_ENDS.sub("\n", decode(content, charset)).split("\n")
    known_words = vocabulary(lines)
    groups = list(_groups(lines))
    chapters = {number.partition(".")[0] for group in groups if (number := _number(group)) and "." in number}
    collector = BlockCollector()
    for group in groups:
        number = _number(group)
        if len(group) == 2 and _UNDERLINE.match(group[1]):
            collector.add("heading", group[0], 1 if "=" in group[1] else 2)
        elif number and number.partition(".")[0] in chapters:
            collector.add("heading", group[0], number.count(".") + 1)
        else:
            _add_group(collector, group, known_words)
    return collector.document()


def _groups(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the lines between empty lines."""
    group: list[str] = []
    for line in lines:
        if line.strip():
            group.append(line)
        elif group:
            yield group
            group = []
    if group:
        yield group


def _number(group: Sequence[str]) -> str:
    return heading_number(group[0]) if len(group) == 1 else ""


def _add_group(collector: BlockCollector, group: Sequence[str], known_words: frozenset[str]) -> None:
    """Add a paragraph, or the items of a list with a paragraph above it."""
    item: list[str] = []
    is_item = False
    for line in group:
        bullet = bullet_end(line)
        if item and (bullet or is_ordered_item(line)):
            collector.add("list_item" if is_item else "paragraph", join_lines(item, known_words))
            item = []
        if not item:
            is_item = bool(bullet) or is_ordered_item(line)
        item.append(line[bullet:])
    collector.add("list_item" if is_item else "paragraph", join_lines(item, known_words))
