"""Text of a line or paragraph of Markdown as people read it: without the marks of links, pictures and emphasis."""

import html
import re

from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.markdown_html_model import restore

_PICTURE = re.compile(r"!\[([^\[\]]{0,1000})\](?:\([^()\n]{0,2000}\)|\[[^\[\]]{0,200}\])")
_LINK = re.compile(
    r"\[([^\[\]]{1,2000})\](?:\([^()\n]{0,2000}(?:\([^()\n]{0,200}\)[^()\n]{0,200})?\)|\[[^\[\]]{0,200}\])"
)
_MARKS = re.compile(r"\*+|_+|~~")


def inline_text(text: str, collector: BlockCollector) -> str:
    """Return the visible text. Descriptions of pictures and struck text are counted as hidden."""

    def hide(match: re.Match[str]) -> str:
        collector.hide(match[1])
        return ""

    plain = _LINK.sub(r"\1", _PICTURE.sub(hide, text))
    return restore(html.unescape(_without_marks(plain, collector)))


def _without_marks(text: str, collector: BlockCollector) -> str:
    """Return text without the marks of emphasis. A mark without its partner, as in "2 * 3", remains."""
    removed: list[tuple[int, int]] = []
    struck: set[tuple[int, int]] = set()
    open_marks: dict[str, list[tuple[int, int]]] = {"*": [], "_": [], "~": []}
    for match in _MARKS.finditer(text):
        waiting = open_marks[match[0][0]]
        opens, closes = _directions(text, match)
        if closes and waiting:
            start, size = waiting.pop()
            removed += [(start, start + size), match.span()] if size == len(match[0]) else []
            struck |= {(start, match.end())} if match[0] == "~~" else set()
        elif opens:
            waiting.append((match.start(), len(match[0])))
    kept, place = [], 0
    for start, end in sorted([*removed, *struck]):
        if (start, end) in struck:
            collector.hide(text[max(place, start) : end])
        kept.append(text[place:start] if start > place else "")
        place = max(place, end)
    return "".join([*kept, text[place:]])


def _directions(text: str, match: re.Match[str]) -> tuple[bool, bool]:
    """Return True for a mark that can open emphasis, and True for one that can close it."""
    before, after = text[max(0, match.start() - 1) : match.start()], text[match.end() : match.end() + 1]
    opens, closes = after.strip() != "", before.strip() != ""
    if match[0][0] == "_":
        return opens and not before.isalnum(), closes and not after.isalnum()
    return opens, closes
