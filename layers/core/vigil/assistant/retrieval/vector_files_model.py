"""Files of vectors: a head with int8 codes for the search, and the vectors themselves in pages for the exact order.

The head is: magic, dimension, rows, mark, nonce; the SHA-256 of each page; then for each row the number of its passage,
the digest of its text, its scale and its codes. A row is about scale x codes. All numbers are little-endian. The digest
of the head is in the key, so that every byte of a file is checked before it is used.
"""

import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.model import PassageVector, Trespass
from vigil.errors import Unavailable

PAGE_ROWS = 32
"""Rows of a page."""
MAX_ROWS = 8_192
"""Maximum rows of a file."""
_MAGIC = b"VGLVEC01"
_HEADER = struct.Struct("<8sII16s16s")
_DIGEST_BYTES = 32
_MAX_CODE = 127


@dataclass(frozen=True, slots=True)
class VectorHead:
    """The head of a file of vectors. Each field with bytes has one entry per row, or per page."""

    dimension: int
    rows: int
    pages: bytes = field(repr=False)
    numbers: bytes = field(repr=False)
    text_digests: bytes = field(repr=False)
    scales: bytes = field(repr=False)
    codes: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """The bytes of the head in memory."""
        return head_bytes(self.rows, self.dimension)

    def number_of(self, row: int) -> int:
        """Return the number of the passage of a row."""
        (number,) = struct.unpack_from("<I", self.numbers, row * 4)
        return int(number)

    def all_numbers(self) -> set[int]:
        """Return the numbers of all passages."""
        return {*memoryview(self.numbers).cast("I")}

    def page_range(self, page: int) -> tuple[int, int]:
        """Return the start and the length of a page in the file, in bytes."""
        row_bytes = 4 * self.dimension
        rows = min(PAGE_ROWS, self.rows - page * PAGE_ROWS)
        return self.size + page * PAGE_ROWS * row_bytes, rows * row_bytes

    def page_count(self) -> int:
        """Return the number of pages."""
        return _page_count(self.rows)

    def read_page(self, page: int, content: bytes) -> "array[float]":
        """Return the numbers of a page. Raises Unavailable if its bytes are damaged."""
        at = page * _DIGEST_BYTES
        _check_digest(content, self.pages[at : at + _DIGEST_BYTES].hex())
        return array("f", content)

    def vectors(self, document_id: str, version: int, pages: "Sequence[array[float]]") -> Iterator[PassageVector]:
        """Yield all rows, given all pages."""
        for row in range(self.rows):
            start = row % PAGE_ROWS * self.dimension
            at = row * _DIGEST_BYTES
            yield PassageVector(
                PassageId(document_id, version, self.number_of(row)),
                pages[row // PAGE_ROWS][start : start + self.dimension],
                self.text_digests[at : at + _DIGEST_BYTES].hex(),
            )


def head_bytes(rows: int, dimension: int) -> int:
    """Return the size of a head in bytes."""
    return _HEADER.size + _page_count(rows) * _DIGEST_BYTES + rows * (4 + _DIGEST_BYTES + 4 + dimension)


def encode(mark: bytes, nonce: bytes, vectors: Sequence[PassageVector], dimension: int) -> tuple[bytes, bytes]:
    """Return the head and the pages of a file with 1 to MAX_ROWS vectors."""
    singles = [array("f", each.vector) for each in vectors]
    coded = [_quantised(single) for single in singles]
    pages = [
        b"".join(single.tobytes() for single in singles[start : start + PAGE_ROWS])
        for start in range(0, len(singles), PAGE_ROWS)
    ]
    head = (
        _HEADER.pack(_MAGIC, dimension, len(vectors), mark, nonce),
        *(sha256(page).digest() for page in pages),
        array("I", [each.passage_id.number for each in vectors]).tobytes(),
        *(bytes.fromhex(each.text_digest) for each in vectors),
        array("f", [scale for scale, _ in coded]).tobytes(),
        *(codes for _, codes in coded),
    )
    return b"".join(head), b"".join(pages)


def decode_head(content: bytes, digest: str, mark: bytes, shape: tuple[int, int]) -> VectorHead:
    """Return the head of a file with a SHA-256, the mark of its owner, and a shape of rows and dimension.

    Raises Unavailable if it is damaged, and Trespass if the mark is another one.
    """
    _check_digest(content, digest)
    magic, dimension, rows, found, _ = _HEADER.unpack_from(content)
    if found != mark:
        raise Trespass
    if magic != _MAGIC or (rows, dimension) != shape or len(content) != head_bytes(rows, dimension):
        raise _damaged()
    parts, start = [], _HEADER.size
    for length in (_page_count(rows) * _DIGEST_BYTES, *(rows * each for each in (4, _DIGEST_BYTES, 4, dimension))):
        parts.append(content[start : start + length])
        start += length
    return VectorHead(dimension, rows, *parts)


def _page_count(rows: int) -> int:
    return -(-rows // PAGE_ROWS)


def _quantised(vector: "array[float]") -> tuple[float, bytes]:
    largest = max(map(abs, vector))
    if not largest:
        return 0.0, bytes(len(vector))
    factor = _MAX_CODE / largest
    return largest / _MAX_CODE, array("b", [round(value * factor) for value in vector]).tobytes()


def _check_digest(content: bytes, digest: str) -> None:
    if sha256(content).hexdigest() != digest:
        raise _damaged()


def _damaged() -> Unavailable:
    return Unavailable("A file of vectors is damaged. Delete its document version, and index it again.")
