"""The reader of each format. Only the reader of PDF files imports a package."""

from collections.abc import Callable
from typing import TypeAlias

from vigil.assistant.passages.blocks_model import ReadDocument
from vigil.assistant.passages.docx_reader import read_docx
from vigil.assistant.passages.html_reader import read_html
from vigil.assistant.passages.markdown_reader import read_markdown
from vigil.assistant.passages.text_reader import read_text

Read: TypeAlias = Callable[[bytes, str | None], ReadDocument]


def reader_of(form: str) -> Read:
    """Return the reader of a format. pypdf is imported only for PDF files, because it takes a third of a second."""
    if form == "pdf":
        from vigil.assistant.passages.pdf_reader import read_pdf  # noqa: PLC0415

        return read_pdf
    return {"docx": read_docx, "html": read_html, "markdown": read_markdown, "text": read_text}[form]
