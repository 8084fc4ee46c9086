"""Limits of documents, and the failures of documents that cannot be read. Pure values."""

from collections.abc import Mapping
from typing import Literal

MAX_FILE_BYTES = 10_000_000
"""Maximum size of a file in bytes."""
MAX_PAGES = 2_000
"""Maximum pages of a PDF file."""
MAX_PAGE_TEXT_BYTES = 1_000_000
"""Maximum visible text of a page in UTF-8 bytes."""
MAX_TEXT_BYTES = 10_000_000
"""Maximum visible text of a document in UTF-8 bytes."""
MAX_BLOCKS = 100_000
"""Maximum headings, paragraphs, list items and table rows of a document."""
MAX_PASSAGES = 20_000
"""Maximum passages of a document version."""
MAX_DEPTH = 256
"""Maximum depth of elements inside each other in HTML and DOCX files."""
MAX_CPU_SECONDS = 8
"""Maximum processor time for reading a file, in seconds."""
MAX_MEMORY_BYTES = 64_000_000
"""Maximum memory for reading a file, above the memory of the empty process, in bytes."""
OUT_OF_LIMITS_STATUS = 3
"""Status with which the process that reads a file ends if its memory or depth is used up."""

FailureCode = Literal[
    "too_large",
    "too_many_pages",
    "page_too_large",
    "too_much_text",
    "too_many_passages",
    "no_text",
    "encrypted",
    "unknown_encoding",
    "unknown_characters",
    "malformed",
    "has_dtd",
    "too_complex",
    "crashed",
]
"""Reason for which a document was not read. A later attempt with the same file ends in the same way."""

FAILURES: Mapping[FailureCode, str] = {
    "too_large": f"The file has more than {MAX_FILE_BYTES:,} bytes. Split the document, or leave out its pictures.",
    "too_many_pages": f"The document has more than {MAX_PAGES:,} pages. Split it into several documents.",
    "page_too_large": (
        f"A page has more than {MAX_PAGE_TEXT_BYTES:,} bytes of text. Export the document again with pages to print."
    ),
    "too_much_text": (
        f"The document has more than {MAX_TEXT_BYTES:,} bytes of text, or more than {MAX_BLOCKS:,} headings, "
        "paragraphs, list items and table rows. Split it into several documents."
    ),
    "too_many_passages": f"The document has more than {MAX_PASSAGES:,} passages. Split it into several documents.",
    "no_text": (
        "The document has no visible text below its headings. A scanned document needs text recognition first: "
        "send the recognised text as DOCX, HTML, Markdown or plain text."
    ),
    "encrypted": "The file is encrypted. Save it without a password, and send it again.",
    "unknown_encoding": (
        "The text is not in the declared encoding, or in UTF-8 if none is declared. Save the file in UTF-8, "
        "and send it again."
    ),
    "unknown_characters": (
        "More than a tenth of the text is in fonts that do not tell their characters. Export the document again "
        "with characters for all fonts, or send it as DOCX."
    ),
    "malformed": "The file is damaged, or not in its format. Open it in its program, save it anew, and send it again.",
    "has_dtd": "The XML in the file has a document type declaration, which is not allowed. Save the file anew.",
    "too_complex": (
        f"Reading the file takes more than {MAX_CPU_SECONDS} s, more than {MAX_MEMORY_BYTES // 1_000_000} MB of "
        f"memory, or more than {MAX_DEPTH} levels of elements. Save a simpler file, for example plain text."
    ),
    "crashed": "The reader of the file ended unexpectedly. Save the document in another format, and send it again.",
}
"""Sentence of each failure: the bound and the remedy."""


class UnreadableDocument(Exception):
    """A document cannot be read; `code` names the reason, and `page` the page if one is the cause."""

    def __init__(self, code: FailureCode, page: int | None = None) -> None:
        place = f"Page {page}: " if page else ""
        super().__init__(place + FAILURES[code])
        self.code: FailureCode = code
        self.page = page
