"""Stored bytes of each tenant in the batches bucket."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vigil.aws.errors import translate_errors


class S3StoredFiles:
    """Objects under `<folder>/<tenant>/`, with their older and deleted versions, which are stored and billed too.

    The folders are listed one page of 1,000 versions at a time, and only as far as needed. For all tenants in order
    of their ids the bucket is listed once ($5 per billion objects); for some tenants only their objects are listed.
    """

    def __init__(self, client: Any, bucket: str, folders: Sequence[str]) -> None:
        self._client = client
        self._bucket = bucket
        self._folders = folders
        self._listings: list[_FolderListing] = []
        self._last = ""

    def stored_bytes(self, tenant_id: str) -> int:
        """Return the bytes of a tenant; the listing starts again for a tenant that does not follow the last one."""
        if not self._listings or tenant_id <= self._last:
            self._listings = [_FolderListing(self._client, self._bucket, folder) for folder in self._folders]
        self._last = tenant_id
        return sum(listing.stored_bytes(tenant_id) for listing in self._listings)


class _FolderListing:
    """The listing of one folder, read page by page."""

    def __init__(self, client: Any, bucket: str, folder: str) -> None:
        self._client = client
        self._where = {"Bucket": bucket, "Prefix": f"{folder}/"}
        self._next: Mapping[str, str] | None = {"KeyMarker": f"{folder}/"}
        self._seen: Counter[str] = Counter()

    def stored_bytes(self, tenant_id: str) -> int:
        """Return the bytes of a tenant in this folder."""
        prefix = self._where["Prefix"] + tenant_id
        while self._next and self._next["KeyMarker"] <= f"{prefix}/\x7f":
            # Not from `<prefix>/` on: objects of `acme-2` sort before those of `acme`, whose bytes are read first.
            self._read(max(self._next, {"KeyMarker": prefix}, key=lambda place: place["KeyMarker"]))
        return self._seen.pop(tenant_id, 0)

    def _read(self, place: Mapping[str, str]) -> None:
        with translate_errors("The bucket"):
            answer = self._client.list_object_versions(**self._where, **place)
        for version in answer.get("Versions", ()):
            self._seen[version["Key"].split("/")[1]] += version["Size"]
        more = answer["IsTruncated"]
        self._next = {f"{n}Marker": answer[f"Next{n}Marker"] for n in ("Key", "VersionId")} if more else None
