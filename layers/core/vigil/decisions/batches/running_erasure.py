"""Erases a person from batches that have not ended, so that an erasure never waits long for a batch."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from vigil.decisions.batches import results, subject_rows
from vigil.decisions.batches.blocks import read_blocks
from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.erased_lines import without_person
from vigil.decisions.batches.files_model import ERASED_BYTE, FileFormat, FileVersion, Output, parse_part_key
from vigil.decisions.batches.limits_model import STEP_BYTES, STEP_ROW_BYTES
from vigil.decisions.batches.model import UNFINISHED, Batch, LeftOut, failure
from vigil.decisions.batches.multipart_file import MultipartFile
from vigil.decisions.batches.person_files import PersonFiles
from vigil.decisions.batches.ports import BatchStore, VersionedFiles
from vigil.decisions.batches.source_rows import SourceRows
from vigil.decisions.batches.subject_rows import SubjectRows
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.time import format_timestamp
from vigil.privacy.erasure.model import Key
from vigil.privacy.persons.model import Person

MAX_WAIT = timedelta(minutes=10)
"""Time that an erasure waits for a batch to end by itself."""
MAX_CHUNK_TIME = timedelta(minutes=2)
"""Time after which no chunk runs that began before its batch left out a person. Twice the timeout of the function."""


class RunningErasure:
    """Leaves a person out of the remaining chunks of a batch, and overwrites the person's rows in its files.

    The overwritten rows keep their length and their line end, so that the chunks of the file keep their ranges.
    """

    def __init__(
        self, batches: BatchStore, files: VersionedFiles, person_files: PersonFiles, clock: Callable[[], datetime]
    ) -> None:
        self._batches = batches
        self._files = files
        self._person_files = person_files
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
        """Rewrite parts of results and errors without the person's rows, and without digests of bad rows.

        No chunk runs that began before the batch left out the person, so that later parts do not have these rows.
        """
        ranges = {chunk.range.index: chunk.range for chunk in self._batches.chunks(batch)}
        input_file = self._person_files.source(batch)
        read, passed = 0, key.get("after", "")
        parts = self._files.list_versions(f"parts/{batch.object_key('')}")
        for stored in sorted((part for part in parts if part.latest), key=lambda part: part.key):
            if stored.key <= passed:
                continue
            content = self._files.read(stored.key, stored.version, 0, -1)
            output, index = parse_part_key(stored.key)
            source = self._chunk_rows(batch, person, input_file, ranges.get(index))
            clean = self._clean_part(batch, person, output, content, source)
            if clean != content:
                self._files.put(stored.key, clean, batch.metadata)
                self._files.delete_versions([replace(stored, latest=False)])
            read += max(len(content), content.count(b"\n") * STEP_ROW_BYTES) + source.cost
            if read > STEP_BYTES:
                return {**key, "step": "parts", "after": stored.key}
        return {"batch": key["batch"], "step": "source"}

    def _clean_part(self, batch: Batch, person: Person, output: Output, content: bytes, source: SourceRows) -> bytes:
        """Return a part without the person. The input tells the persons of bad rows."""
        form: FileFormat = batch.form if output == "results" else "ndjson"
        named = self._person_files.named(form, results.COLUMNS, person, is_output=True)
        return b"".join(without_person(form, line, named, source) for line in subject_rows.split_lines([content]))

    def _chunk_rows(
        self, batch: Batch, person: Person, input_file: FileVersion | None, chunk: ChunkRange | None
    ) -> SourceRows:
        """Return the rows of a chunk's range of the input, which is read with its first row."""

        def blocks(stored: FileVersion, chunk: ChunkRange) -> Iterator[bytes]:
            yield self._files.read(stored.key, stored.version, chunk.start, chunk.length)

        named = self._input_rows(batch, person)
        if input_file is None or chunk is None:
            return SourceRows(batch.form, iter(()), named, 0, 0)
        rows = subject_rows.split_rows(batch.form, blocks(input_file, chunk))
        return SourceRows(batch.form, rows, named, chunk.first_row - 1, chunk.start)

    def _copy_source(self, batch: Batch, person: Person, key: Key) -> Key:
        """Copy a step of the source with the person's rows overwritten; after the last one, let the batch read it."""
        if (stored := self._person_files.source(batch)) is None:
            return {"batch": key["batch"], "step": "end"}
        target = f"plain/{batch.object_key('input')}"
        clean = MultipartFile(self._files, target, {}, key.get("upload", ""), int(key.get("part", 1)))
        named = self._input_rows(batch, person)
        begun, copied = int(key.get("offset", 0)), 0
        offset = begun
        try:
            blocks = read_blocks(self._files, stored.key, stored.version, begun)
            for row in subject_rows.split_rows(batch.form, blocks):
                if clean.is_flushed and copied > STEP_BYTES:
                    return {**key, "upload": clean.upload, "part": str(clean.part), "offset": str(offset)}
                clean.write(row if named.match(row) is None else _overwritten(row))
                offset, copied = offset + len(row), copied + named.cost(row)
            clean.close()
        except NotFound:  # the upload has ended: an earlier run completed it, or it expired
            return {"batch": key["batch"], "step": "source"}
        self._batches.change(batch, ("running",), {"source": target, "source_version": ""})
        return {"batch": key["batch"], "step": "end"}

    def _input_rows(self, batch: Batch, person: Person) -> SubjectRows:
        return self._person_files.named(batch.form, batch.columns, person, is_output=False)

    def _delete_old(self, batch: Batch) -> None:
        """Delete the uploads, and every version that another one has replaced."""
        for folder in ("uploads", "plain", "parts"):
            versions = list(self._files.list_versions(f"{folder}/{batch.object_key('')}"))
            old = [each for each in versions if not each.latest or (folder == "uploads" and batch.source != each.key)]
            self._files.delete_versions(old)


def _overwritten(row: bytes) -> bytes:
    content = row.removesuffix(b"\n")
    return ERASED_BYTE * len(content) + row[len(content) :]
