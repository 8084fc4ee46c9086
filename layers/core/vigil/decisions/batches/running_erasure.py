"""Erases a person from batches that have not ended, so that an erasure never waits long for a batch."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from vigil.decisions.batches import results, subject_rows
from vigil.decisions.batches.model import ERASED_BYTE, UNFINISHED, Batch, LeftOut, failure
from vigil.decisions.batches.multipart_file import MultipartFile
from vigil.decisions.batches.ports import BatchStore, VersionedFiles
from vigil.decisions.batches.subject_rows import SubjectRows
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.pseudonyms import TenantKeys
from vigil.kernel.time import format_timestamp
from vigil.privacy.erasure.model import Key
from vigil.privacy.persons.model import Person

MAX_WAIT = timedelta(minutes=10)
"""Time that an erasure waits for a batch to end by itself."""
MAX_CHUNK_TIME = timedelta(minutes=2)
"""Time after which no chunk runs that began before its batch left out a person. Twice the timeout of the function."""
READ_BYTES = 8 << 20
STEP_BYTES = 64 << 20
"""Bytes that one step reads or rewrites."""


class RunningErasure:
    """Leaves a person out of the remaining chunks of a batch, and overwrites the person's rows in its files.

    The overwritten rows keep their length and their line end, so that the chunks of the file keep their ranges.
    """

    def __init__(
        self, batches: BatchStore, files: VersionedFiles, keys: TenantKeys, clock: Callable[[], datetime]
    ) -> None:
        self._batches = batches
        self._files = files
        self._keys = keys
        self._clock = clock

    def wait(self, batch: Batch, person: Person) -> None:
        """Return if the person can be erased from the files of an unfinished batch. Raises Conflict before.

        The first call leaves the person out of all unfinished batches of the tenant. A batch has been abandoned and
        fails if its file is not split, or its results are not joined, MAX_WAIT after it became ready for that.
        """
        since = {left.subject: left.since for left in batch.left_out}.get(person.subject)
        if since is None:
            self._leave_out(batch, person)
            raise Conflict("The person has just been left out of this batch.")
        now, ready = self._clock(), datetime.fromisoformat(max(person.until, batch.changed_at or since))
        if now < max(ready + MAX_WAIT, datetime.fromisoformat(since) + MAX_CHUNK_TIME):
            raise Conflict("The batch has not ended.")
        if batch.state != "running":
            stuck = InvalidInput(FieldError("file", "was not read or joined in time", "send the file again"))
            self._batches.end(batch, "failed", ended_at=format_timestamp(now), **failure(stuck))
            raise Conflict("The batch has been ended.")

    def erase(self, batch: Batch, person: Person, key: Key) -> Key | None:
        """Take one step and return the next one, or None after the last. A repeated step writes the same bytes."""
        match key.get("step", "parts"):
            case "parts":
                return self._erase_parts(batch, person, key)
            case "source":
                return self._copy_source(batch, person, key)
        self._delete_old(batch)
        return None

    def _leave_out(self, found: Batch, person: Person) -> None:
        """Leave the person out of this batch, and of every other one that has its file."""
        others = (self._batches.get(person.tenant_id, name) for name in self._batches.unfinished_ids(person.tenant_id))
        for batch in others:
            if not batch or person.subject in batch.left_out_subjects or batch.created_at > person.until:
                continue
            if batch.batch_id == found.batch_id or batch.state != "awaiting_upload":
                left_out = (*batch.left_out, LeftOut(person.subject, format_timestamp(self._clock())))
                self._batches.change(batch, UNFINISHED, {"left_out": left_out})

    def _erase_parts(self, batch: Batch, person: Person, key: Key) -> Key:
        """Rewrite parts of results without the person's rows."""
        named = SubjectRows(batch.form, results.COLUMNS, self._recognizer(person), is_output=True)
        read, passed = 0, key.get("after", "")
        parts = self._files.list_versions(f"parts/{batch.object_key('results/')}")
        for stored in sorted(parts, key=lambda part: part.key):
            if not stored.latest or stored.key <= passed:
                continue
            content = self._files.read(stored.key, stored.version, 0, -1)
            lines = [
                line
                if named.match(line) is None
                else f"{results.format_erased_row(batch.form, _number(line))}\n".encode()
                for line in subject_rows.split_lines([content])
            ]
            if (clean := b"".join(lines)) != content:
                self._files.put(stored.key, clean, batch.metadata)
                self._files.delete_versions([replace(stored, latest=False)])
            read += len(content)
            if read > STEP_BYTES:
                return {**key, "step": "parts", "after": stored.key}
        return {"batch": key["batch"], "step": "source"}

    def _copy_source(self, batch: Batch, person: Person, key: Key) -> Key:
        """Copy a step of the source with the person's rows overwritten; after the last one, let the batch read it."""
        target = f"plain/{batch.object_key('input')}"
        clean = MultipartFile(self._files, target, {}, key.get("upload", ""), int(key.get("part", 1)))
        named = SubjectRows(batch.form, batch.columns, self._recognizer(person))
        begun = offset = int(key.get("offset", 0))
        try:
            for row in subject_rows.split_rows(batch.form, self._blocks(batch, begun)):
                if clean.is_flushed and offset - begun > STEP_BYTES:
                    return {**key, "upload": clean.upload, "part": str(clean.part), "offset": str(offset)}
                clean.write(row if named.match(row) is None else _overwritten(row))
                offset += len(row)
            clean.close()
        except NotFound:  # the upload has ended: an earlier run completed it, or it expired
            return {"batch": key["batch"], "step": "source"}
        self._batches.change(batch, ("running",), {"source": target, "source_version": ""})
        return {"batch": key["batch"], "step": "end"}

    def _recognizer(self, person: Person) -> Callable[[str], bool]:
        return self._keys(person.tenant_id).recognizer(person.subject)

    def _delete_old(self, batch: Batch) -> None:
        """Delete the uploads, and every version that another one has replaced."""
        for folder in ("uploads", "plain", "parts"):
            versions = list(self._files.list_versions(f"{folder}/{batch.object_key('')}"))
            old = [each for each in versions if not each.latest or (folder == "uploads" and batch.source != each.key)]
            self._files.delete_versions(old)

    def _blocks(self, batch: Batch, start: int) -> Iterator[bytes]:
        while block := self._files.read(batch.source, batch.source_version, start, READ_BYTES):
            yield block
            start += len(block)


def _number(line: bytes) -> int:
    """Return the number of the row in a result line, which is its first cell or member."""
    return int(line.partition(b",")[0].removeprefix(b'{"row":'))


def _overwritten(row: bytes) -> bytes:
    content = row.removesuffix(b"\n")
    return ERASED_BYTE * len(content) + row[len(content) :]
