"""Passages of document versions and their places in the text. Pure values."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

PassageKind = Literal["prose", "table_row"]
"""Kind of a passage. A table row is one sentence, `header: cell; header: cell`."""


class Span(NamedTuple):
    """A range of a text in UTF-8 bytes: `text.encode()[start:end]`."""

    start: int
    end: int


class PassageId(NamedTuple):
    """Identity of a passage: its document, the version of the document, and its number in the version, from 1."""

    document_id: str
    version: int
    number: int

    def __str__(self) -> str:
        """Return the identity as citations show it, `document@version#passage`."""
        return f"{self.document_id}@{self.version}#{self.number}"


@dataclass(frozen=True)
class Passage:
    """A passage of a document version.

    `span` is its place in the text of the version, and `sentences` are places in `text` itself; both are in UTF-8
    bytes. `headings` is the path of headings above it, from the outermost. `page` is the page of its first byte, from
    1, or None for formats without pages.
    """

    passage_id: PassageId
    text: str
    span: Span
    sentences: tuple[Span, ...]
    headings: tuple[str, ...] = ()
    page: int | None = None
    kind: PassageKind = "prose"

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the text in UTF-8, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def sentence(self, index: int) -> str:
        """Return the text of a sentence; `index` starts at 0. Raises IndexError."""
        start, end = self.sentences[index]
        return self.text.encode()[start:end].decode()


@dataclass(frozen=True, slots=True)
class VersionText:
    """The text of a document version, as people read it, and its passages in the order of the text."""

    text: str
    passages: tuple[Passage, ...]
