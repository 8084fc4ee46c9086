"""What a bucket keeps of a tenant: every version of every object under its prefixes, and the marks of deleted ones."""

from collections.abc import Sequence
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.errors import Unavailable
from vigil.privacy.erasure.model import Found, Key

_PAGE = 500
"""Versions in one page; their keys fit into one item of the books, and into one call of DeleteObjects."""


class TenantObjects:
    """The objects of a versioned bucket whose keys begin with one of `folders`, the tenant's id, and a slash."""

    def __init__(self, client: Any, bucket: str, folders: Sequence[str]) -> None:
        self._client = client
        self._bucket = bucket
        self._folders = folders

    def find(self, tenant_id: str, after: Key | None) -> Found:
        """Return a page of one folder; the position names the folder, and in it the last version that was looked at."""
        folder = after["folder"] if after else self._folders[0]
        place = {"KeyMarker": after["key"], "VersionIdMarker": after["version"]} if after and after["key"] else {}
        prefix = f"{folder}/{tenant_id}/"
        answer = self._call("list_object_versions", Prefix=prefix, MaxKeys=_PAGE, **place)
        met = [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]
        return Found(tuple({"key": v["Key"], "version": v["VersionId"]} for v in met), self._after(folder, answer))

    def delete(self, tenant_id: str, keys: Sequence[Key]) -> None:
        """Delete what keys name; what is gone already is no error. Raises ValueError for a key of another tenant's."""
        if any(key["key"].split("/")[1] != tenant_id for key in keys):
            raise ValueError("a key is not the tenant's")
        if not keys:
            return
        named = [{"Key": key["key"], "VersionId": key["version"]} for key in keys]
        if self._call("delete_objects", Delete={"Objects": named, "Quiet": True}).get("Errors"):
            raise Unavailable("The bucket did not delete every object.")

    def _after(self, folder: str, answer: Any) -> Key | None:
        if answer["IsTruncated"]:
            return {"folder": folder, "key": answer["NextKeyMarker"], "version": answer["NextVersionIdMarker"]}
        rest = self._folders[self._folders.index(folder) + 1 :]
        return {"folder": rest[0], "key": "", "version": ""} if rest else None

    def _call(self, operation: str, **arguments: Any) -> Any:
        with translate_errors("The bucket"):
            return getattr(self._client, operation)(Bucket=self._bucket, **arguments)
