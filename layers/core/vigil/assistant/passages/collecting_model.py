"""Collects the blocks of a document in normal form, counts hidden characters, and enforces the limits of text."""

from vigil.assistant.passages.blocks_model import Block, BlockKind, ReadDocument
from vigil.assistant.passages.characters_model import normal_form
from vigil.assistant.passages.failures_model import (
    MAX_BLOCKS,
    MAX_PAGE_TEXT_BYTES,
    MAX_TEXT_BYTES,
    UnreadableDocument,
)

_MAX_LEVEL = 9


class BlockCollector:
    """Blocks of one document in the order in which people read them. All methods raise UnreadableDocument."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._hidden = 0
        self._bytes = 0
        self._page: int | None = None
        self._page_bytes = 0

    def add(self, kind: BlockKind, text: str, level: int = 0, page: int | None = None) -> None:
        """Add a block of text. A block without visible text is ignored."""
        visible, hidden = normal_form(text)
        self._hidden += hidden
        if not visible:
            return
        size = len(visible) if visible.isascii() else len(visible.encode())
        self._page_bytes = size + (self._page_bytes if page == self._page else 0)
        self._page = page
        self._bytes += size
        if page is not None and self._page_bytes > MAX_PAGE_TEXT_BYTES:
            raise UnreadableDocument("page_too_large", page)
        if self._bytes > MAX_TEXT_BYTES or len(self._blocks) == MAX_BLOCKS:
            raise UnreadableDocument("too_much_text")
        self._blocks.append(Block(kind, visible, min(level, _MAX_LEVEL), page))

    def hide(self, text: str) -> None:
        """Count text that a reader of the document does not see. Spaces do not count."""
        self._hidden += sum(map(len, text.split()))

    def document(self) -> ReadDocument:
        """Return the document. A document without visible text is a failure."""
        if not self._blocks:
            raise UnreadableDocument("no_text")
        return ReadDocument(tuple(self._blocks), self._hidden)
