"""Tokens of HTML by the rules of browsers (WHATWG HTML, section 13.2.5), in time that grows with the text.

Python's html.parser needs 48 s for 60 kB of unfinished tags, and its versions end comments at different places.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)\s*")
_UNQUOTED = re.compile(r"[^\s>]*")
_SPACE = re.compile(r"\s*")
_EMPTY_COMMENT = re.compile(r"<!---?>")
_COMMENT_END = re.compile(r"--!?>")
_SCRIPT = re.compile(r"<!--|-->|<(/?)script(?=[\s/>])", re.IGNORECASE)
RAW = frozenset(("iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title"))
"""Elements with text that has no tags inside."""
_RAW_END = {name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE) for name in RAW}
_MAX_ATTRIBUTES = 200


@dataclass(frozen=True, slots=True)
class Text:
    """Text between tags, with character references resolved."""

    text: str


@dataclass(frozen=True, slots=True)
class Raw:
    """The text of an element without tags inside, such as a script."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, a declaration, or an unfinished tag at the end."""

    text: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A start tag with its attributes, names in lowercase. `is_closed` is True if it ends with `/>`."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """An end tag."""

    name: str


Token: TypeAlias = Text | Raw | Comment | Opening | Closing


def tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of an HTML text."""
    place, end = 0, len(source)
    while place < end:
        start = source.find("<", place)
        while 0 <= start < end - 1 and not is_markup(source, start):
            start = source.find("<", start + 1)
        if start < 0 or start == end - 1:
            yield Text(html.unescape(source[place:]))
            return
        if start > place:
            yield Text(html.unescape(source[place:start]))
        token, place = markup(source, start)
        yield token
        if isinstance(token, Opening) and token.name in RAW:
            stop = raw_end(source, place, token.name)
            yield Raw(token.name, source[place:stop])
            place = stop


def is_markup(source: str, start: int) -> bool:
    """Return True if the `<` at `start`, which is not the last character, begins a tag or a comment."""
    following = source[start + 1]
    return following in "!?/" or (following.isascii() and following.isalpha())


def markup(source: str, start: int) -> tuple[Token, int]:
    """Return the token that begins with `<` at `start`, and the place behind it."""
    if source.startswith("<!--", start):
        match = _EMPTY_COMMENT.match(source, start) or _COMMENT_END.search(source, start + 4)
        return _comment(source, start, match.end() if match else -1)
    is_closing = source[start + 1] == "/"
    name = _NAME.match(source, start + 1 + is_closing)
    if name is None:
        return _comment(source, start, source.find(">", start + 1) + 1)
    attributes, stop = _attributes(source, name.end())
    if stop < 0:
        return _comment(source, start, -1)
    found = name[0].lower()
    return (Closing(found) if is_closing else Opening(found, attributes, source[stop - 2] == "/")), stop


def _comment(source: str, start: int, stop: int) -> tuple[Token, int]:
    """Return a comment up to `stop`, or up to the end of the source if it has no end."""
    stop = stop if stop > 0 else len(source)
    return Comment(source[start:stop]), stop


def _attributes(source: str, place: int) -> tuple[dict[str, str], int]:
    """Return the attributes of a tag and the place behind it, or a negative place for an unfinished tag."""
    found: dict[str, str] = {}
    while match := _ATTRIBUTE.match(source, place):
        place, value = match.end(), ""
        if source.startswith("=", place):
            place = _end(_SPACE, source, place + 1)
            quote = source[place : place + 1]
            if quote in {'"', "'"}:
                stop = source.find(quote, place + 1)
                if stop < 0:
                    return found, -1
                value, place = source[place + 1 : stop], stop + 1
            else:
                stop = _end(_UNQUOTED, source, place)
                value, place = source[place:stop], stop
        if len(found) < _MAX_ATTRIBUTES:
            found.setdefault(match[1].lower(), html.unescape(value))
    stop = source.find(">", place)
    return found, stop + 1 if stop >= 0 else -1


def _end(pattern: re.Pattern[str], source: str, place: int) -> int:
    match = pattern.match(source, place)
    return match.end() if match else place


def raw_end(source: str, place: int, name: str) -> int:
    """Return the place of the end tag of an element without tags inside, or the end of the source.

    A script with `<!--` and `<script` in it goes on after the first end tag.
    """
    if name != "script":
        match = _RAW_END[name].search(source, place)
        return match.start() if match else len(source)
    in_comment = in_script = False
    for match in _SCRIPT.finditer(source, place):
        if match[1] is None:
            in_comment = match[0] == "<!--"
            in_script = in_script and in_comment
        elif match[1] and not in_script:
            return match.start()
        else:
            in_script = in_comment and not match[1]
    return len(source)
