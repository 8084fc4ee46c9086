"""Files of any length, written with flat memory."""

from collections.abc import Mapping

from vigil.decisions.batches.ports import BatchFiles

PART_BYTES = 8 << 20
"""S3 takes parts of 5 MiB at least, and 10,000 of them."""


class MultipartFile:
    """A file written from its start to its end, in parts only if it is large."""

    def __init__(
        self, files: BatchFiles, key: str, metadata: Mapping[str, str], upload: str = "", part: int = 1
    ) -> None:
        self._files = files
        self._key = key
        self._metadata = metadata
        self._held = bytearray()
        self.upload = upload
        self.part = part

    @property
    def is_flushed(self) -> bool:
        """Whether all that was written so far is in parts."""
        return bool(self.upload) and not self._held

    def write(self, content: bytes) -> None:
        """Write on."""
        self._held += content
        if len(self._held) >= PART_BYTES:
            self.upload = self.upload or self._files.begin_upload(self._key, self._metadata)
            self._flush()

    def close(self) -> None:
        """Bring the file to its end."""
        if not self.upload:
            self._files.put(self._key, bytes(self._held), self._metadata)
            return
        if self._held:
            self._flush()
        self._files.complete_upload(self._key, self.upload)

    def _flush(self) -> None:
        self._files.upload_part(self._key, self.upload, self.part, bytes(self._held))
        self.part, self._held = self.part + 1, bytearray()
