"""Ports of passages: the reader of files."""

from typing import Protocol

from vigil.assistant.passages.blocks_model import ReadDocument
from vigil.assistant.passages.formats_model import DocumentFormat


class DocumentReader(Protocol):
    """Reads the files of documents. A hostile file uses bounded time and memory, and harms no other file."""

    def read(self, form: DocumentFormat, content: bytes, charset: str | None = None) -> ReadDocument:
        """Return the visible blocks of a file. `charset` is the encoding that the sender declares, if any.

        Raises UnreadableDocument.
        """
        ...
