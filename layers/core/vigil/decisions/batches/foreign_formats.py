"""Recognizes files that are not CSV or NDJSON in UTF-8, and names the format and the remedy."""

from vigil.decisions.batches.files_model import FileFormat
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import SUBJECT

_BOM = b"\xef\xbb\xbf"
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or a workbook",
    b"PAR1": "Parquet",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"BZh": "bzip2",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_GZIP = b"\x1f\x8b"
_TEXT = "CSV or NDJSON in UTF-8, or gzip of it"


def reject_foreign_format(head: bytes, form: FileFormat) -> None:
    """Raise InvalidInput if a file that should have this format starts like another one."""
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise _refused(f"looks like {name}", _TEXT)
    if head.startswith(_UTF16) or _alternates_with_nul(head):
        raise _refused("looks like UTF-16", "save it as UTF-8; Excel calls it `CSV UTF-8`")
    first = head[find_text_start(head) :].lstrip().partition(b"\n")[0].rstrip()
    if b"\r" in first if form == "csv" else b"\r{" in first:
        raise _refused("has lines that end in CR alone", "save it with line ends LF or CRLF")
    if form == "csv":
        if first.startswith((b"{", b'[{"', b"[ {")) or first == b"[":
            raise _refused("looks like JSON, but its batch was ordered as CSV", "order a batch with format `ndjson`")
    elif first in {b"{", b"["} or (first[1:].lstrip().startswith(b"{") and first.startswith(b"[")):
        raise _refused(
            "looks like one JSON document", "NDJSON: one whole object on each line, without a list around it"
        )
    elif SUBJECT.encode() in first and not first.startswith(b"{"):
        raise _refused("looks like CSV, but its batch was ordered as NDJSON", "order a batch with format `csv`")


def is_gzip(head: bytes) -> bool:
    """Return True if a file starts like gzip."""
    return head.startswith(_GZIP)


def find_text_start(head: bytes) -> int:
    """Return the offset of the text: 0, or the length of a byte order mark."""
    return len(_BOM) if head.startswith(_BOM) else 0


def _alternates_with_nul(head: bytes) -> bool:
    """Return True if every second byte of the first ones is NUL, as in UTF-16 without a byte order mark."""
    first = head[:32]
    return len(first) > 3 and any(
        not first[place::2].strip(b"\0") and first[1 - place :: 2].strip(b"\0") for place in (0, 1)
    )


def _refused(message: str, remedy: str) -> InvalidInput:
    return InvalidInput(FieldError("file", message, remedy))
