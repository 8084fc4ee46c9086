"""Files of vectors in S3, with a cache of their heads and pages."""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from vigil.assistant.retrieval.model import PassageVector, Segment
from vigil.assistant.retrieval.ports import SegmentFiles
from vigil.assistant.retrieval.segment_keys_model import NONCE_BYTES, digest_of, owner_mark, segment_key
from vigil.assistant.retrieval.vector_files_model import VectorHead, decode_head, encode, head_bytes
from vigil.runtime.sized_cache import SizedCache

if TYPE_CHECKING:
    from array import array

HEAD_CACHE_BYTES = 64 << 20
"""Maximum bytes of cached heads. 100,000 vectors of 384 dimensions have 43 MB."""
PAGE_CACHE_BYTES = 16 << 20
"""Maximum bytes of cached pages."""

Page = tuple[Segment, VectorHead, int]
"""A page by its file, the head of the file, and its number."""


class VectorFiles:
    """Files of vectors. Every byte is compared with a SHA-256 before it is used. All methods raise Unavailable."""

    def __init__(self, files: SegmentFiles) -> None:
        self._files = files
        self._heads = SizedCache[str, VectorHead](HEAD_CACHE_BYTES, lambda head: head.size)
        self._pages = SizedCache[tuple[str, int], "array[float]"](PAGE_CACHE_BYTES, _page_bytes)

    def write(
        self, tenant_id: str, document_id: str, version: int, vectors: Sequence[PassageVector], dimension: int
    ) -> Segment:
        """Write 1 to MAX_ROWS vectors of a document version under a new key."""
        mark, nonce = owner_mark(tenant_id, document_id, version), secrets.token_bytes(NONCE_BYTES)
        head, pages = encode(mark, nonce, vectors, dimension)
        key = segment_key("vectors", tenant_id, document_id, version, sha256(head).hexdigest())
        self._files.put(key, head + pages)
        return Segment(key, document_id, version, len(vectors))

    def heads(self, tenant_id: str, segments: Sequence[Segment], dimension: int) -> list[VectorHead]:
        """Return the heads of files. Raises NotFound for a deleted one, and Trespass for one of another tenant."""
        by_key = {segment.key: segment for segment in segments}

        def read(key: str) -> VectorHead:
            digest, segment = digest_of("vectors", tenant_id, key), by_key[key]
            content = self._files.read(key, 0, head_bytes(segment.passages, dimension))
            mark = owner_mark(tenant_id, segment.document_id, segment.version)
            return decode_head(content, digest, mark, (segment.passages, dimension))

        return self._heads.get_all([*by_key], read)

    def pages(self, pages: Sequence[Page]) -> list["array[float]"]:
        """Return the vectors of pages, one after another. Raises NotFound for a deleted file."""
        by_key = {(segment.key, number): (head, number) for segment, head, number in pages}

        def read(key: tuple[str, int]) -> "array[float]":
            head, number = by_key[key]
            return head.read_page(number, self._files.read(key[0], *head.page_range(number)))

        return self._pages.get_all([(segment.key, number) for segment, _, number in pages], read)

    def vectors(self, tenant_id: str, segment: Segment, dimension: int) -> list[PassageVector]:
        """Return all vectors of a file. Raises NotFound for a deleted one, and Trespass for one of another tenant."""
        (head,) = self.heads(tenant_id, [segment], dimension)
        pages = self.pages([(segment, head, number) for number in range(head.page_count())])
        return [*head.vectors(segment.document_id, segment.version, pages)]


def _page_bytes(page: "array[float]") -> int:
    return len(page) * page.itemsize
