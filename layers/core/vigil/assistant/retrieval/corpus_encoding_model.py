"""Form of a manifest in the items of a table: compressed JSON with the active version and the files of each document.

A file is stored as its version, its SHA-256 and its number of passages, from which its key follows.
"""

from typing import Any

from vigil.assistant.retrieval.compressed_model import compress, decompress
from vigil.assistant.retrieval.model import Corpus, Segment, Trespass, VectorSpace
from vigil.assistant.retrieval.segment_keys_model import Folder, digest_of, segment_key
from vigil.errors import StorageFull, Unavailable

MAX_BYTES = 100_000
"""Maximum size of a stored manifest."""
_MAX_DOCUMENT_BYTES = 4 << 20
_FOLDERS: tuple[Folder, ...] = ("passages", "vectors")


def to_bytes(corpus: Corpus) -> bytes:
    """Return the stored form. Raises StorageFull for a manifest with too many documents."""
    documents: dict[str, dict[str, Any]] = {name: {"active": version} for name, version in corpus.active.items()}
    for folder in _FOLDERS:
        for file in getattr(corpus, folder):
            digest = digest_of(folder, corpus.tenant_id, file.key)
            files = documents.setdefault(file.document_id, {}).setdefault(folder, [])
            files.append([file.version, digest, file.passages])
    space = [corpus.space.model, corpus.space.dimension] if corpus.space else None
    content = compress({"tenant": corpus.tenant_id, "space": space, "documents": documents})
    if len(content) > MAX_BYTES:
        raise StorageFull("The tenant has too many documents. Delete documents or old versions first.")
    return content


def from_bytes(tenant_id: str, revision: int, content: bytes) -> Corpus:
    """Return the manifest of a tenant. Raises Unavailable if it is damaged, and Trespass if it is of another tenant."""
    try:
        stored = decompress(content, _MAX_DOCUMENT_BYTES)
    except ValueError as error:
        raise Unavailable("The manifest of the tenant's documents is damaged.") from error
    if stored["tenant"] != tenant_id:
        raise Trespass
    documents = stored["documents"]
    active = {name: each["active"] for name, each in documents.items() if "active" in each}
    passages, vectors = (
        tuple(
            Segment(segment_key(folder, tenant_id, name, version, digest), name, version, count)
            for name, each in documents.items()
            for version, digest, count in each.get(folder, ())
        )
        for folder in _FOLDERS
    )
    return Corpus(
        tenant_id, revision, VectorSpace(*stored["space"]) if stored["space"] else None, active, passages, vectors
    )
