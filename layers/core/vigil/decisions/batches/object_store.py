"""Files of batches in S3."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.decisions.batches.files_model import FileHead, FileVersion
from vigil.errors import NotFound, Unavailable

_BUCKET = "The bucket of batches"
_GONE = ("NoSuchKey", "NoSuchVersion", "NoSuchUpload", "404")
_AT_ONCE = 1_000
"""Maximum objects per DeleteObjects call."""
_BEHIND = ("InvalidRange", "416")


class S3Files:
    """Objects of one bucket with default encryption."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def upload_url(self, key: str, seconds: int) -> str:
        """Return a presigned URL for PUT."""
        return self._presigned("put_object", seconds, Key=key)

    def download_url(self, key: str, name: str, seconds: int) -> str:
        """Return a presigned URL for GET."""
        disposition = f'attachment; filename="{name}"'
        return self._presigned("get_object", seconds, Key=key, ResponseContentDisposition=disposition)

    def read(self, key: str, version: str, start: int, length: int) -> bytes:
        """Return a range of an object; a negative length reads to the end. An empty version reads the latest one."""
        span = f"bytes={start}-{start + length - 1}" if length >= 0 else f"bytes={start}-"
        pinned = {"VersionId": version} if version else {}
        try:
            body = self._call("get_object", Key=key, Range=span, **pinned)["Body"]
        except _Behind:
            return b""
        with translate_errors(_BUCKET):
            content: bytes = body.read()
        return content

    def put(self, key: str, content: bytes, metadata: Mapping[str, str], kept_days: int = 0) -> None:
        """Put an object. A rule of the bucket expires objects by the tag `kept-days`, if they have one."""
        tagging = {"Tagging": f"kept-days={kept_days}"} if kept_days else {}
        self._call("put_object", Key=key, Body=content, Metadata=metadata, **tagging)

    def head(self, key: str) -> FileHead:
        """Return the latest version of an object."""
        answer = self._call("head_object", Key=key)
        version = answer.get("VersionId", "")
        return FileHead("" if version == "null" else version, answer["ETag"].strip('"'))

    def list_versions(self, prefix: str) -> Iterator[FileVersion]:
        """Yield every version of every object under a prefix."""
        place: dict[str, str] = {}
        while True:
            answer = self._call("list_object_versions", Prefix=prefix, **place)
            for found in answer.get("Versions", ()):
                yield FileVersion(found["Key"], found["VersionId"], found["IsLatest"])
            if not answer["IsTruncated"]:
                return
            place = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer["NextVersionIdMarker"]}

    def delete_versions(self, versions: Sequence[FileVersion]) -> None:
        """Delete versions without leaving delete markers."""
        for start in range(0, len(versions), _AT_ONCE):
            named = [{"Key": v.key, "VersionId": v.version} for v in versions[start : start + _AT_ONCE]]
            if self._call("delete_objects", Delete={"Objects": named, "Quiet": True}).get("Errors"):
                raise Unavailable("The bucket did not delete every object.")

    def begin_upload(self, key: str, metadata: Mapping[str, str]) -> str:
        """Start a multipart upload and return its id."""
        return str(self._call("create_multipart_upload", Key=key, Metadata=metadata)["UploadId"])

    def upload_part(self, key: str, upload: str, number: int, content: bytes) -> None:
        """Upload a part."""
        self._call("upload_part", Key=key, UploadId=upload, PartNumber=number, Body=content)

    def complete_upload(self, key: str, upload: str) -> None:
        """Complete a multipart upload with all its parts."""
        parts, marker = [], 0
        while True:
            answer = self._call("list_parts", Key=key, UploadId=upload, PartNumberMarker=marker)
            parts += [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in answer.get("Parts", [])]
            if not answer.get("IsTruncated"):
                break
            marker = answer["NextPartNumberMarker"]
        self._call("complete_multipart_upload", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})

    def _presigned(self, operation: str, seconds: int, **arguments: str) -> str:
        parameters = {"Bucket": self._bucket, **arguments}
        return str(self._client.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds))

    def _call(self, operation: str, **arguments: Any) -> Any:
        gone, behind = NotFound("There is no such file."), _Behind()
        with translate_errors(_BUCKET, dict.fromkeys(_GONE, gone) | dict.fromkeys(_BEHIND, behind)):
            return getattr(self._client, operation)(Bucket=self._bucket, **arguments)


def read_whole(client: Any, bucket: str, key: str) -> bytes:
    """Return a whole object by a client that reads whole objects only. Raises NotFound."""
    with translate_errors(_BUCKET, dict.fromkeys(_GONE, NotFound("There is no such file."))):
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


class _Behind(Exception):
    """A range starts behind the end of its object."""
