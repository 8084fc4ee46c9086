"""Writes files of any length with constant memory."""

from collections.abc import Mapping

from vigil.decisions.batches.ports import BatchFiles

PART_BYTES = 8 << 20
"""Size of a part in bytes. S3 accepts parts from 5 MiB, at most 10,000 per file."""


class MultipartFile:
    """A file written sequentially. A large file becomes a multipart upload."""

    def __init__(
        self, files: BatchFiles, key: str, metadata: Mapping[str, str], upload: str = "", part: int = 1
    ) -> None:
        self._files = files
        self._key = key
        self._metadata = metadata
        self._buffer = bytearray()
        self.upload = upload
        self.part = part

    @property
    def is_flushed(self) -> bool:
        """True if all written bytes are in uploaded parts."""
        return bool(self.upload) and not self._buffer

    def write(self, content: bytes) -> None:
        """Append bytes."""
        self._buffer += content
        if len(self._buffer) >= PART_BYTES:
            self.upload = self.upload or self._files.begin_upload(self._key, self._metadata)
            self._flush()

    def close(self) -> None:
        """Upload the rest and complete the file."""
        if not self.upload:
            self._files.put(self._key, bytes(self._buffer), self._metadata)
            return
        if self._buffer:
            self._flush()
        self._files.complete_upload(self._key, self.upload)

    def _flush(self) -> None:
        self._files.upload_part(self._key, self.upload, self.part, bytes(self._buffer))
        self.part, self._buffer = self.part + 1, bytearray()
