"""Lines of text: words that a line end divides, list markers, and headings with numbers."""

import re
from collections.abc import Collection, Iterable, Sequence

_DIVIDED = re.compile(r"(?<!\w)(\w++)(?<![\d_])-$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_BULLET = re.compile(r"\s*[-*+\u2022\u2023\u25aa\u25cf\u25e6\u2043\uf0b7\u2013\u2014]\s+(?=\S)")
_ORDERED = re.compile(r"\s*(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]\s+(?=\S)|\s*\((?:\d{1,3}|[a-z]|[ivx]{1,5})\)\s+(?=\S)")
_NUMBERED = re.compile(r"([1-9]\d?)((?:\.[1-9]\d?){0,4})\.?\s+([A-Z][^\n]{1,99})$")
_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}\.?")
_MAX_MARKER = 12
_MAX_HEADING_WORDS = 12


def vocabulary(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of texts, in lowercase."""
    return frozenset(word.lower() for text in texts for word in _WORDS.findall(text))


def join_lines(lines: Sequence[str], known_words: Collection[str]) -> str:
    """Return lines as one text. A word that a hyphen divides at a line end is whole if it is a known word.

    Otherwise the hyphen remains, as in "follow-up".
    """
    pieces: list[str] = []
    for line in map(str.strip, lines):
        before = pieces[-1] if pieces else ""
        divided = _DIVIDED.search(before[-100:])
        if divided:
            rest = _FIRST_WORD.match(line)
            is_whole = rest is not None and (divided[1] + rest[0]).lower() in known_words
            pieces[-1] = before[:-1] if is_whole else before
        elif pieces and not (before.endswith("-") and before[-2:-1].isalnum()):
            pieces.append(" ")
        pieces.append(line)
    return "".join(pieces)


def bullet_end(line: str) -> int:
    """Return the place behind the bullet of a list item, or 0 for another line."""
    match = _BULLET.match(line)
    return match.end() if match else 0


def is_ordered_item(line: str) -> bool:
    """Return True for a line that begins with the number or letter of a list item."""
    return _ORDERED.match(line) is not None


def heading_number(line: str) -> str:
    """Return the number of a heading such as `2.1 Doses for children`, or an empty text for another line.

    A line that ends as a sentence does, or is long, is no heading.
    """
    match = _NUMBERED.match(line.strip())
    if match is None or match[3][-1] in ".;:,?!" or len(match[3].split()) > _MAX_HEADING_WORDS:
        return ""
    return match[1] + match[2]


def is_marker(text: str) -> bool:
    """Return True for the bullet or the number of a list item or heading, without its text."""
    if len(text) > _MAX_MARKER:
        return False
    line = f"{text} x"
    return bool(bullet_end(line)) or is_ordered_item(line) or _NUMBER.fullmatch(text.strip()) is not None
