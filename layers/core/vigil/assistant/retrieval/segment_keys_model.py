"""Keys of segments: `<folder>/<tenant>/<document>/<version>-<SHA-256><suffix>`. A key is never used twice."""

from hashlib import blake2b
from typing import Literal
from urllib.parse import quote

from vigil.assistant.retrieval.model import Trespass

Folder = Literal["passages", "vectors"]
"""Folder of the bucket, and kind of its segments."""
SUFFIXES: dict[Folder, str] = {"passages": ".json.z", "vectors": ".bin"}
NONCE_BYTES = 16
"""Size of the random part of a segment, which makes its digest and its key unique."""


def document_prefix(folder: Folder, tenant_id: str, document_id: str) -> str:
    """Return the prefix of the keys of all segments of a document."""
    return f"{folder}/{tenant_id}/{quote(document_id, safe='')}/"


def segment_key(folder: Folder, tenant_id: str, document_id: str, version: int, digest: str) -> str:
    """Return the key of a segment with a SHA-256 in hexadecimal."""
    return f"{document_prefix(folder, tenant_id, document_id)}{version}-{digest}{SUFFIXES[folder]}"


def digest_of(folder: Folder, tenant_id: str, key: str) -> str:
    """Return the SHA-256 in a key. Raises Trespass for a key of another tenant."""
    if not key.startswith(f"{folder}/{tenant_id}/"):
        raise Trespass
    return key.removesuffix(SUFFIXES[folder]).rpartition("-")[2]


def owner_mark(tenant_id: str, document_id: str, version: int) -> bytes:
    """Return the mark inside a segment. It names the owner in 16 bytes."""
    return blake2b(f"{tenant_id}\0{document_id}\0{version}".encode(), digest_size=16).digest()
