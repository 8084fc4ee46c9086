"""Sentences of a text in normal form. A doubtful end joins two sentences: more of the source is shown, never less."""

import re
from collections.abc import Iterator

MAX_SENTENCE_WORDS = 220
"""Maximum words of a sentence. A longer one is divided, at a semicolon or comma if possible."""
MAX_SENTENCE_CHARACTERS = 4_000
"""Maximum characters of a sentence."""

_END = re.compile(
    r"(?<![.!?\u2026\u061f\u0964\u1362])[.!?\u2026\u061f\u0964\u1362]++[)\]\"'\u2019\u201d\u00bb]*+(\s++)"
    r"|[\u3002\uff01\uff1f]++[\u300d\u300f]*+(\s*+)"
)
_OPENING = "([\"'\u2018\u201c\u00ab*\u2022\u2013-"
_ENDED_BY_POINTS = (
    "al approx art ca cap cf ch col cp dept dr ed eds eg e.g eq esp est et excl fig figs hon i.e ie incl jr max min mr "
    "mrs ms mt n.b nb no nos nr p p.o para pp prof q.v ref refs resp rev sec sect sr st suppl tab tel viz vol vs v"
)
_ABBREVIATIONS = frozenset(_ENDED_BY_POINTS.split())
"""Words that end with a point inside a sentence, without their last point."""
_BEFORE = re.compile(r"(?<![\w./])[\w./]*+$")
_ORDINAL = re.compile(r"(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})")
_WORD = re.compile(r"\S+")
_LONGEST_ABBREVIATION = 20


def sentence_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each sentence in characters. Only white space is between two sentences."""
    start = 0
    for match in _END.finditer(text):
        gap = 1 if match[1] is not None else 2
        if match.end() == len(text) or match.start() < start:
            continue
        if gap == 2 or _ends_sentence(text, start, match):
            yield from _bounded(text, start, match.start(gap))
            start = match.end()
    if start < len(text):
        yield from _bounded(text, start, len(text))


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Return True if a sentence from `start` ends at the match, and not an abbreviation, initial or list number."""
    following = text[match.end() : match.end() + 4].lstrip(_OPENING)[:1]
    if following.islower():
        return False
    if text[match.start()] != "." or text.startswith("..", match.start()):
        return True
    before = _BEFORE.search(text[max(start, match.start() - _LONGEST_ABBREVIATION) : match.start()])
    word = before[0] if before else ""
    if word.casefold() in _ABBREVIATIONS or (len(word) == 1 and word.isupper()):
        return False
    return not (match.start() - len(word) == start and _ORDINAL.fullmatch(word))


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the range, divided if it has too many words or characters."""
    while True:
        limit = min(end, start + MAX_SENTENCE_CHARACTERS)
        words = _words(text, start, limit)
        if limit == end and len(words) <= MAX_SENTENCE_WORDS:
            yield start, end
            return
        cut = _cut(text, words[:MAX_SENTENCE_WORDS]) if len(words) > 1 else limit
        yield start, cut
        start = cut
        while text[start].isspace():
            start += 1


def _words(text: str, start: int, end: int) -> list[int]:
    """Return the end of each word in a range."""
    return [match.end() for match in _WORD.finditer(text, start, end)]


def _cut(text: str, ends: list[int]) -> int:
    """Return the end of the last word with a semicolon or comma in the second half of some words, or of their last."""
    later = ends[len(ends) // 2 : -1]
    for mark in ";,":
        for end in reversed(later):
            if text[end - 1] == mark:
                return end
    return ends[-2]
