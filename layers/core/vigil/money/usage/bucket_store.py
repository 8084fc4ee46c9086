"""What lies in the bucket of batches, tenant by tenant."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vigil.aws.errors import translate_errors


class S3Bytes:
    """Objects under `<folder>/<tenant>/`, older and deleted versions included: they are stored too.

    Folders are listed side by side, 1,000 versions to a call, as far as tenants are asked for: for all tenants in the
    order of their ids the whole bucket is listed once ($5 per billion objects), for some only what is theirs.
    """

    def __init__(self, client: Any, bucket: str, folders: Sequence[str]) -> None:
        self._client = client
        self._bucket = bucket
        self._folders = folders
        self._walks: list[_Walk] = []
        self._last = ""

    def held(self, tenant_id: str) -> int:
        """Return how many bytes a tenant has; all is read anew for one who does not come behind the last."""
        if not self._walks or tenant_id <= self._last:
            self._walks = [_Walk(self._client, self._bucket, folder) for folder in self._folders]
        self._last = tenant_id
        return sum(walk.held(tenant_id) for walk in self._walks)


class _Walk:
    """One folder, listed as far as it was asked for."""

    def __init__(self, client: Any, bucket: str, folder: str) -> None:
        self._client = client
        self._where = {"Bucket": bucket, "Prefix": f"{folder}/"}
        self._next: Mapping[str, str] | None = {"KeyMarker": f"{folder}/"}
        self._seen: Counter[str] = Counter()

    def held(self, tenant_id: str) -> int:
        """Return what the folder has of a tenant."""
        prefix = self._where["Prefix"] + tenant_id
        while self._next and self._next["KeyMarker"] <= f"{prefix}/\x7f":
            # Not from `<prefix>/` on: the objects of `acme-2` stand before those of `acme`, who is asked for first.
            self._read(max(self._next, {"KeyMarker": prefix}, key=lambda place: place["KeyMarker"]))
        return self._seen.pop(tenant_id, 0)

    def _read(self, place: Mapping[str, str]) -> None:
        with translate_errors("The bucket"):
            answer = self._client.list_object_versions(**self._where, **place)
        for version in answer.get("Versions", ()):
            self._seen[version["Key"].split("/")[1]] += version["Size"]
        more = answer["IsTruncated"]
        self._next = {f"{n}Marker": answer[f"Next{n}Marker"] for n in ("Key", "VersionId")} if more else None
