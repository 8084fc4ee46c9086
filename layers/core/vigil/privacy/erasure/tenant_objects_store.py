"""Search and deletion of a tenant's objects in a bucket: every version under its prefixes, and delete markers."""

from collections.abc import Sequence
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.errors import Unavailable
from vigil.privacy.erasure.model import FoundKeys, Key

_PAGE = 500
"""Versions per page. Their keys fit into one item of the erasure store and into one DeleteObjects call."""


class TenantObjects:
    """Objects of a versioned bucket under `<folder>/<tenant id>/`, for each of `folders`."""

    def __init__(self, client: Any, bucket: str, folders: Sequence[str]) -> None:
        self._client = client
        self._bucket = bucket
        self._folders = folders

    def find(self, tenant_id: str, after: Key | None) -> FoundKeys:
        """Return a page of one folder. The position has the folder and the last version of the page."""
        folder = after["folder"] if after else self._folders[0]
        position = {"KeyMarker": after["key"], "VersionIdMarker": after["version"]} if after and after["key"] else {}
        prefix = f"{folder}/{tenant_id}/"
        answer = self._call("list_object_versions", Prefix=prefix, MaxKeys=_PAGE, **position)
        versions = [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]
        return FoundKeys(
            tuple({"key": v["Key"], "version": v["VersionId"]} for v in versions), self._after(folder, answer)
        )

    def delete(self, tenant_id: str, keys: Sequence[Key]) -> None:
        """Delete the versions of these keys; missing ones are ignored. Raise ValueError for a key of another tenant."""
        if any(key["key"].split("/")[1] != tenant_id for key in keys):
            raise ValueError("a key belongs to another tenant")
        if not keys:
            return
        objects = [{"Key": key["key"], "VersionId": key["version"]} for key in keys]
        if self._call("delete_objects", Delete={"Objects": objects, "Quiet": True}).get("Errors"):
            raise Unavailable("The bucket did not delete every object.")

    def _after(self, folder: str, answer: Any) -> Key | None:
        if answer["IsTruncated"]:
            return {"folder": folder, "key": answer["NextKeyMarker"], "version": answer["NextVersionIdMarker"]}
        rest = self._folders[self._folders.index(folder) + 1 :]
        return {"folder": rest[0], "key": "", "version": ""} if rest else None

    def _call(self, operation: str, **arguments: Any) -> Any:
        with translate_errors("The bucket"):
            return getattr(self._client, operation)(Bucket=self._bucket, **arguments)
