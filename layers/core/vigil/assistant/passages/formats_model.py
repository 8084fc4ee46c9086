"""Formats of documents: the media type that the sender declares must agree with the first bytes of the file."""

import re
from collections.abc import Mapping
from typing import Literal

from vigil.errors import FieldError, InvalidInput

DocumentFormat = Literal["pdf", "docx", "html", "markdown", "text"]
"""Format of a document."""
MEDIA_TYPES: Mapping[str, DocumentFormat] = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/html": "html",
    "text/markdown": "markdown",
    "text/plain": "text",
}
"""Format of each allowed media type."""
HEAD_BYTES = 1_024
"""Number of the first bytes of a file that show its format."""

_ALLOWED = ", ".join(MEDIA_TYPES)
_FIELD = "media_type"
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([A-Za-z0-9_.:-]{1,40})"?\s*(?:;|$)', re.IGNORECASE)
_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.DOTALL)
_ELEMENT = re.compile(rb"\s*<[!?/a-z]", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def detect_format(declared: str, head: bytes) -> DocumentFormat:
    """Return the format of a file from its declared media type and its first bytes.

    Raises InvalidInput if the media type is not allowed, or if the bytes do not agree with it.
    """
    expected = MEDIA_TYPES.get(declared.partition(";")[0].strip().lower())
    if expected is None:
        raise InvalidInput(FieldError(_FIELD, f"is not allowed: send one of {_ALLOWED}", _ALLOWED))
    if head.startswith(_OLD_OFFICE):
        message = "does not agree with the file, which is an encrypted or old Office file: save it as DOCX, unencrypted"
        raise InvalidInput(FieldError(_FIELD, message, _ALLOWED))
    found = _formats_of(head[:HEAD_BYTES])
    if expected not in found:
        names = [name for name, form in MEDIA_TYPES.items() if form in found]
        seen = f"looks like {' or '.join(names)}" if names else "has none of the allowed formats"
        message = (
            f"does not agree with the file, which {seen}: send the file in the declared format, or declare its own"
        )
        raise InvalidInput(FieldError(_FIELD, message, _ALLOWED))
    return expected


def declared_charset(declared: str) -> str | None:
    """Return the name of the encoding in a media type such as `text/plain; charset=utf-8`, or None."""
    match = _CHARSET.search(declared)
    return match[1] if match else None


def _formats_of(head: bytes) -> tuple[DocumentFormat, ...]:
    if head.startswith(b"%PDF-"):
        return ("pdf",)
    if head.startswith(b"PK\x03\x04"):
        return ("docx",)
    mark = next((mark for mark in _MARKS if head.startswith(mark)), b"")
    text = head[len(mark) :].replace(b"\x00", b"") if len(mark) == 2 else head[len(mark) :]
    if _BINARY.search(text):
        return ()
    if _PAGE.match(text):
        return ("html",)
    return ("html", "markdown", "text") if _ELEMENT.match(text) else ("markdown", "text")
