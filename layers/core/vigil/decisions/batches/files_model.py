"""Values of the files of batches: formats, folders, keys and versions."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

FileFormat: TypeAlias = Literal["csv", "ndjson"]
Output: TypeAlias = Literal["results", "errors"]
FOLDERS = ("uploads", "plain", "parts", "results", "joins")
"""Top-level prefixes of the batches bucket; each has one sub-folder per tenant."""
ERASED_BYTE = b"\0"
"""Byte that replaces each byte of a row whose subject was erased while the batch ran."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A version of a file. Reads without a version return the latest one."""

    key: str
    version: str
    latest: bool


@dataclass(frozen=True, slots=True)
class FileHead:
    """The latest version of a file: its id, which is empty if the bucket stores no versions, and its ETag."""

    version: str
    etag: str


def upload_key(tenant_id: str, batch_id: str) -> str:
    """Return the key of the uploaded file of a batch."""
    return f"uploads/{tenant_id}/{batch_id}/input"


def parse_upload_key(key: str) -> tuple[str, str]:
    """Return tenant and batch of an upload key. Raises ValueError for any other key."""
    match key.split("/"):
        case ["uploads", tenant_id, batch_id, "input"]:
            return tenant_id, batch_id
    raise ValueError("not an upload key")


def parse_part_key(key: str) -> tuple[Output, int]:
    """Return output and chunk index of the key of a part, as `Batch.part_key` makes it."""
    _, _, _, output, name = key.split("/")
    return "errors" if output == "errors" else "results", int(name.partition(".")[0])
