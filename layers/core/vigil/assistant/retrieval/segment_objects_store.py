"""Segments in S3, under `passages/<tenant>/` and `vectors/<tenant>/` of one bucket."""

from collections.abc import Iterator, Sequence
from typing import Any

from vigil.assistant.retrieval.ports import StoredSegment
from vigil.aws.errors import translate_errors
from vigil.errors import NotFound, Unavailable

_BUCKET = "The bucket of documents"
_GONE = ("NoSuchKey", "404")
_AT_ONCE = 1_000
"""Maximum objects per DeleteObjects call."""


class SegmentObjects:
    """Immutable objects of one bucket. All methods raise Unavailable."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, content: bytes) -> None:
        """Store an object."""
        self._call("put_object", Key=key, Body=content)

    def read(self, key: str, start: int, length: int) -> bytes:
        """Return a range of an object. Raises NotFound for a deleted object, and Unavailable for a shorter one."""
        answer = self._call("get_object", Key=key, Range=f"bytes={start}-{start + length - 1}")
        return self._body(answer, length)

    def read_whole(self, key: str) -> bytes:
        """Return an object. Raises NotFound for a deleted one."""
        answer = self._call("get_object", Key=key)
        return self._body(answer, answer["ContentLength"])

    def list_under(self, prefix: str) -> Iterator[StoredSegment]:
        """Yield every version of every object under a prefix."""
        place: dict[str, str] = {}
        while True:
            answer = self._call("list_object_versions", Prefix=prefix, **place)
            for found in (*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())):
                yield StoredSegment(found["Key"], found["VersionId"], found["LastModified"])
            if not answer["IsTruncated"]:
                return
            place = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer["NextVersionIdMarker"]}

    def delete(self, segments: Sequence[StoredSegment]) -> None:
        """Delete versions of objects without leaving delete markers. Missing ones are ignored."""
        for start in range(0, len(segments), _AT_ONCE):
            named = [{"Key": each.key, "VersionId": each.version_id} for each in segments[start : start + _AT_ONCE]]
            if self._call("delete_objects", Delete={"Objects": named, "Quiet": True}).get("Errors"):
                raise Unavailable(f"{_BUCKET} did not delete every object.")

    def _body(self, answer: Any, length: int) -> bytes:
        with translate_errors(_BUCKET):
            content: bytes = answer["Body"].read()
        if len(content) != length:
            raise Unavailable(f"{_BUCKET} has an incomplete object.")
        return content

    def _call(self, operation: str, **arguments: Any) -> Any:
        with translate_errors(_BUCKET, dict.fromkeys(_GONE, NotFound("There is no such segment."))):
            return getattr(self._client, operation)(Bucket=self._bucket, **arguments)
