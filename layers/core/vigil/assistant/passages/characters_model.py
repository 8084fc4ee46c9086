"""Characters of documents: strict decoding, and the normal form of visible text without invisible characters."""

import codecs
import re
import unicodedata

from vigil.assistant.passages.failures_model import UnreadableDocument

_ENCODINGS = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "latin1", "windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("iso-8859-15", "latin-9"), "iso-8859-15"),
    **dict.fromkeys(("utf-16", "utf-16le"), "utf-16-le"),
    "utf-16be": "utf-16-be",
}
"""Allowed names of encodings. As in browsers, ISO 8859-1 is read as Windows-1252, which has all its characters."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PAGE_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Controls, soft hyphens, zero-width and filler characters, bidirectional controls, variation selectors and tags."""
_PLAIN = "0123456789+-=()"
_SUPERSCRIPTS = "\u2070\xb9\xb2\xb3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u207c\u207d\u207e"
_RAISED = str.maketrans(_PLAIN + "\u2212", _SUPERSCRIPTS + "\u207b")
_LOWERED = str.maketrans(_PLAIN, "".join(map(chr, range(0x2080, 0x208F))))
_LONG_WORD = 100
_MAX_MARKS = 30
"""Maximum combining marks after a letter, as in the stream-safe format of Unicode (UAX #15)."""


def decode(content: bytes, charset: str | None = None) -> str:
    """Return the text of a file, without a byte order mark. Raises UnreadableDocument.

    A byte order mark names the encoding; without one, `charset` does, and without both it is UTF-8.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    return _decoded(content, _ENCODINGS.get((charset or "utf-8").strip().lower(), ""))


def declared_in_page(content: bytes) -> str | None:
    """Return the encoding that an HTML page names in its first 1,024 bytes, or None."""
    match = _PAGE_CHARSET.search(content[:1_024])
    return match[1].decode("ascii") if match else None


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except (LookupError, ValueError) as error:
        raise UnreadableDocument("unknown_encoding") from error


def normal_form(text: str) -> tuple[str, int]:
    """Return visible text in normal form, and the number of characters that were removed because they are invisible.

    The normal form is NFC, with one space between words. Normalising a normal form changes nothing.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split()), 0
    visible, hidden = _INVISIBLE.subn("", text)
    words = visible.split()
    safe = [word if len(word) <= _LONG_WORD or word.isascii() else _with_few_marks(word) for word in words]
    hidden += sum(map(len, words)) - sum(map(len, safe))
    return " ".join(unicodedata.normalize("NFC", word) for word in safe), hidden


def _with_few_marks(word: str) -> str:
    """Return a word with at most 30 combining marks in a row. The time of normalisation grows with their square."""
    kept, marks = [], 0
    for character in word:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def raised(text: str) -> str:
    """Return superscript text with raised digits, or behind `^`: without either, 10 to the power of 3 would be 103."""
    shifted = text.translate(_RAISED)
    return (
        shifted
        if not shifted.strip() or all(new != old for new, old in zip(shifted, text, strict=True))
        else f"^{text}"
    )


def lowered(text: str) -> str:
    """Return subscript text with lowered digits."""
    return text.translate(_LOWERED)
