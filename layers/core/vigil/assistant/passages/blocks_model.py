"""Blocks of a document that was read: headings, paragraphs, list items and table rows. Pure values."""

from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list_item", "table_row"]
"""Kind of a block."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of visible text in normal form: NFC, one space between words, no control or zero-width characters.

    `level` is the level of a heading, from 1, and 0 for other blocks. `page` is its page from 1, or None.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """The visible content of a file.

    `hidden_characters` counts the characters that were left out because a reader of the document does not see them.
    """

    blocks: tuple[Block, ...]
    hidden_characters: int = 0
