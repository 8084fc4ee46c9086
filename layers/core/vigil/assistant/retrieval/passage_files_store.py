"""Passages of document versions in S3, as compressed JSON."""

import secrets
from collections.abc import Sequence
from hashlib import sha256

from vigil.assistant.passages.model import Passage
from vigil.assistant.retrieval.compressed_model import compress, decompress
from vigil.assistant.retrieval.model import Trespass
from vigil.assistant.retrieval.passage_encoding_model import from_document, to_document
from vigil.assistant.retrieval.ports import SegmentFiles
from vigil.assistant.retrieval.segment_keys_model import NONCE_BYTES, digest_of, segment_key
from vigil.errors import Unavailable

MAX_FILE_BYTES = 64 << 20
"""Maximum size of a file when it is decompressed. 20,000 passages of 220 words have about 40 MB."""


class S3PassageFiles:
    """Files with the passages of document versions. Methods raise Unavailable."""

    def __init__(self, files: SegmentFiles, max_bytes: int = MAX_FILE_BYTES) -> None:
        self._files = files
        self._max_bytes = max_bytes

    def write(self, tenant_id: str, document_id: str, version: int, passages: Sequence[Passage]) -> str:
        """Write the passages of a version and return the key of the file, which is new for each call."""
        document = to_document(passages)
        owner = {"tenant": tenant_id, "document": document_id, "version": version}
        content = compress({**owner, "nonce": secrets.token_hex(NONCE_BYTES), "passages": document})
        key = segment_key("passages", tenant_id, document_id, version, sha256(content).hexdigest())
        self._files.put(key, content)
        return key

    def read(self, tenant_id: str, key: str) -> Sequence[Passage]:
        """Return the passages of a file.

        Raises NotFound for a deleted file, Trespass for one of another tenant, and Unavailable, also for a damaged one.
        """
        digest = digest_of("passages", tenant_id, key)
        content = self._files.read_whole(key)
        if sha256(content).hexdigest() != digest:
            raise Unavailable("A file of passages is damaged. Delete its document version, and index it again.")
        try:
            stored = decompress(content, self._max_bytes)
        except ValueError as error:
            raise Unavailable("A file of passages is damaged or too large.") from error
        if stored["tenant"] != tenant_id:
            raise Trespass
        return from_document(stored["document"], stored["version"], stored["passages"])
