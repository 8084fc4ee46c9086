"""One person's rows in the files of batches: search, export and erasure."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vigil.decisions.batches import foreign_formats, results, row_boundaries, subject_rows
from vigil.decisions.batches.model import Batch, FileFormat, FileVersion, Output
from vigil.decisions.batches.multipart_file import MultipartFile
from vigil.decisions.batches.ports import BatchStore, VersionedFiles
from vigil.decisions.batches.running_erasure import RunningErasure
from vigil.decisions.batches.source_rows import SourceRows
from vigil.decisions.batches.subject_rows import SubjectRows
from vigil.decisions.batches.unpacking import unpack_gzip
from vigil.errors import InvalidInput, NotFound
from vigil.kernel.pseudonyms import TenantKeys
from vigil.privacy.erasure.model import FoundKeys, Key
from vigil.privacy.persons.model import Person, PersonExtract

READ_BYTES = 8 << 20
STEP_BYTES = 64 << 20
"""Bytes that one step of an erasure reads or rewrites. A step takes one to three seconds."""
MAX_EXPORT_BYTES = 1 << 20
"""Maximum bytes of rows in one part of an export."""
SPARE_SECONDS = 5.0
_WORKING_FOLDERS = ("uploads", "plain", "parts")
"""Folders with files that a batch needs only until it ends."""
_OUTPUTS: tuple[Output, ...] = ("results", "errors")
_HEAD_BYTES = 64 << 10
_START = {"list": "null"}
_UNREADABLE: Mapping[str, Any] = {"file": "cannot be read"}
"""Marker of a file, or of the rest of one, that cannot be read and may therefore name anybody."""


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A version of a file with rows. `columns` are its CSV columns."""

    batch: Batch
    stored: FileVersion
    columns: Sequence[str]
    is_output: bool

    @property
    def short(self) -> str:
        """Folder and name, as shown to the tenant."""
        folder, _, _, name = self.stored.key.split("/", 3)
        return f"{folder}/{name}"

    def position(self, offset: int) -> Mapping[str, str]:
        """Return the position of an offset in this file."""
        return {"file": self.stored.key, "version": self.stored.version, "offset": str(offset)}

    def is_at(self, position: Mapping[str, str]) -> bool:
        """Return True if a position is in this file."""
        return (position.get("file"), position.get("version")) == (self.stored.key, self.stored.version)


class PersonRows:
    """Scans every file of a tenant's batches, because no index maps a person to rows."""

    def __init__(
        self, batches: BatchStore, files: VersionedFiles, keys: TenantKeys, clock: Callable[[], datetime]
    ) -> None:
        self._batches = batches
        self._files = files
        self._keys = keys
        self._running = RunningErasure(batches, files, keys, clock)

    def find(self, person: Person, after: Key | None) -> FoundKeys:
        """Return the next batch if one of its files names the person.

        Raises Conflict while the erasure waits for a batch to end; see RunningErasure. Large files are scanned in
        several steps. A step without a match returns only the position of the next one.
        """
        position = after or _START
        page = self._batches.page(person.tenant_id, json.loads(position["list"]), 1)
        following = {"list": json.dumps(page.next)} if page.next else None
        for batch in page.batches:
            if batch.created_at <= person.until and self._has_files(batch, person):
                stopped, named = self._names(batch, person, position)
                if named:
                    return FoundKeys(({"batch": batch.batch_id},), following)
                if stopped:
                    return FoundKeys((), {"list": position["list"], **stopped})
        return FoundKeys((), following)

    def delete(self, person: Person, keys: Sequence[Key]) -> Sequence[Key]:
        """Erase the person's rows from results and errors and delete the working files of the batches.

        A lost chunk can no longer be scored after that. Bad rows of other persons lose their digests, because later
        nothing tells their persons. Returns the remaining steps for large files.
        """
        return tuple(left for key in keys if (left := self._erase(key, person)))

    def read(self, person: Person, after: Mapping[str, str] | None, remaining: Callable[[], float]) -> PersonExtract:
        """Return rows of inputs and results, and the next position if time or space runs short."""
        position, entries = after or _START, list[Mapping[str, Any]]()
        while True:
            page = self._batches.page(person.tenant_id, json.loads(position["list"]), 1)
            for batch in page.batches:
                if batch.created_at <= person.until:
                    stopped = self._collect(batch, person, position, entries, remaining)
                    if stopped:
                        return PersonExtract(tuple(entries), {"list": position["list"], **stopped})
            if page.next is None:
                return PersonExtract(tuple(entries), None)
            position = {"list": json.dumps(page.next)}

    def _collect(
        self,
        batch: Batch,
        person: Person,
        position: Mapping[str, str],
        entries: list[Mapping[str, Any]],
        remaining: Callable[[], float],
    ) -> Mapping[str, str] | None:
        """Append the person's rows of a batch from a position on. Return a position if it stopped early."""
        size = 0
        for count, (file, offset, line, row) in enumerate(self._scan(batch, person, position)):
            if size > MAX_EXPORT_BYTES or (count % 1000 == 0 and remaining() < SPARE_SECONDS):
                return file.position(offset)
            if row is not None and row is not _UNREADABLE:
                entries.append({"batch_id": batch.batch_id, "file": file.short, "row": row})
                size += len(line)
        return None

    def _has_files(self, batch: Batch, person: Person) -> bool:
        """Return True if a batch has files to scan. Raises Conflict while the erasure waits for them."""
        if batch.state == "awaiting_upload" and not any(self._rows_files(batch)):
            return False
        if batch.is_unfinished:
            self._running.wait(batch, person)
        return True

    def _names(self, batch: Batch, person: Person, position: Key) -> tuple[Mapping[str, str] | None, bool]:
        """Return the position if a step ended early, and True if a file names the person."""
        read = 0
        for file, offset, line, row in self._scan(batch, person, position):
            if row is not None:
                return None, True
            if read > STEP_BYTES:
                return file.position(offset), False
            read += len(line)
        return None, False

    def _scan(
        self, batch: Batch, person: Person, position: Mapping[str, str]
    ) -> Iterator[tuple[RowsFile, int, bytes, Mapping[str, Any] | None]]:
        """Yield the rows of a batch's files from a position on: file, offset, bytes, and the person's row or None."""
        files = list(self._rows_files(batch))
        first = next((number for number, file in enumerate(files) if file.is_at(position)), None)
        offset = 0 if first is None else int(position["offset"])
        for file in files[first:]:
            named = self._named(batch.form, file.columns, person, is_output=file.is_output)
            for line in self._rows(batch.form, file.stored, offset):
                yield file, offset, line or b"", _UNREADABLE if line is None else named.match(line)
                offset += len(line or b"")
            offset = 0

    def _erase(self, key: Key, person: Person) -> Key | None:
        """Take one erasure step for a batch and return the next one, or None at the end."""
        if (batch := self._batches.get(person.tenant_id, key["batch"])) is None:
            return None
        if "version" not in key and batch.is_unfinished:
            self._running.wait(batch, person)
            return self._running.erase(batch, person, key)
        return self._erase_ended(batch, person, key)

    def _erase_ended(self, batch: Batch, person: Person, key: Key) -> Key | None:
        """Take one erasure step for a batch that has ended: results, errors, then its working files."""
        first = key.get("output", "results") if "version" in key else None
        if first is None:
            outdated = [stored for stored in self._stored("results", batch) if not stored.latest]
            self._files.delete_versions(outdated)
        for output in _OUTPUTS[_OUTPUTS.index(first) if first else 0 :]:
            if output == first:
                left = self._blank(batch, person, {"output": output, **key})
            elif (latest := self._latest(batch, output)) is not None:
                left = self._blank(batch, person, {"batch": key["batch"], "output": output, "version": latest.version})
            else:
                continue
            if left:
                return left
        for folder in _WORKING_FOLDERS:  # last, because the input names the persons of bad rows
            self._files.delete_versions(list(self._stored(folder, batch)))
        return None

    def _blank(self, batch: Batch, person: Person, key: Key) -> Key | None:
        """Rewrite a step of an output without the person's rows; after the last step, delete the old version.

        A repeated step writes the same parts of the same upload.
        """
        output: Output = "errors" if key["output"] == "errors" else "results"
        form: FileFormat = batch.form if output == "results" else "ndjson"
        old = FileVersion(batch.output_key(output), key["version"], latest=True)
        clean = MultipartFile(self._files, old.key, batch.metadata, key.get("upload", ""), int(key.get("part", 1)))
        named = self._named(form, results.COLUMNS, person, is_output=True)
        source = self._source(batch, person, int(key.get("source_row", 0)), int(key.get("source_offset", -1)))
        begun = offset = int(key.get("offset", 0))
        # In CSV, the first line is the header, so that rows start at line 1.
        row = int(key.get("row", 0 if form == "csv" else 1))
        try:
            for number, line in enumerate(self._lines(old, begun), row):
                if clean.is_flushed and offset - begun > STEP_BYTES:
                    position = {"part": str(clean.part), "offset": str(offset), "row": str(number)}
                    place = {"source_row": str(source.number), "source_offset": str(source.offset)}
                    return {**key, "upload": clean.upload, **position, **place}
                clean.write(_without_person(form, number, line, named, source))
                offset += len(line)
            clean.close()
        except NotFound:  # the upload has ended: an earlier run completed it, or it expired
            if self._latest(batch, output) == old:
                return {"batch": key["batch"]}
        self._files.delete_versions([old])
        return None

    def _source(self, batch: Batch, person: Person, number: int, offset: int) -> SourceRows:
        """Return the input of a batch behind a row; a negative offset means the start. Empty if it no longer exists."""
        subject = self._named(batch.form, batch.columns, person, is_output=False)
        versions = self._files.list_versions(batch.source) if batch.source else ()
        read = (each for each in versions if each.key == batch.source)
        stored = next(
            (each for each in read if batch.source_version in {each.version, "" if each.latest else None}), None
        )
        if stored is None:
            return SourceRows(batch.form, iter(()), subject, number, max(offset, 0))
        if offset < 0:
            head = self._files.read(stored.key, stored.version, 0, READ_BYTES)
            offset = foreign_formats.find_text_start(head)
            if batch.form == "csv":
                offset += row_boundaries.find_first_row(head[offset:])[1]
        rows = subject_rows.split_rows(batch.form, self._ranges(stored, offset))
        return SourceRows(batch.form, rows, subject, number, offset)

    def _named(self, form: FileFormat, columns: Sequence[str], person: Person, *, is_output: bool) -> SubjectRows:
        """Return the rows that name a person in a file with these columns."""
        recognizer = self._keys(person.tenant_id).recognizer(person.subject)
        return SubjectRows(form, columns, recognizer, is_output=is_output)

    def _stored(self, folder: str, batch: Batch) -> Iterator[FileVersion]:
        """Yield every version of a batch's files in a folder."""
        yield from self._files.list_versions(f"{folder}/{batch.object_key('')}")

    def _latest(self, batch: Batch, output: Output) -> FileVersion | None:
        """Return the latest version of an output."""
        versions = self._files.list_versions(batch.output_key(output))
        return next((stored for stored in versions if stored.latest), None)

    def _rows_files(self, batch: Batch) -> Iterator[RowsFile]:
        """Yield the results, or their parts before the assembly, and the input files."""
        joined = False
        for stored in self._files.list_versions(f"results/{batch.object_key('results.')}"):
            joined = True
            yield RowsFile(batch, stored, results.COLUMNS, is_output=True)
        if not joined:
            for stored in self._files.list_versions(f"parts/{batch.object_key('results/')}"):
                yield RowsFile(batch, stored, results.COLUMNS, is_output=True)
        for folder in ("uploads", "plain"):
            for stored in self._files.list_versions(f"{folder}/{batch.object_key('input')}"):
                yield RowsFile(batch, stored, batch.columns, is_output=False)

    def _lines(self, stored: FileVersion, start: int) -> Iterator[bytes]:
        """Yield the lines of an output from an offset on."""
        yield from subject_rows.split_lines(self._ranges(stored, start))

    def _rows(self, form: FileFormat, stored: FileVersion, start: int) -> Iterator[bytes | None]:
        """Yield the rows of a file from an offset on; None for the part that cannot be read."""
        try:
            yield from subject_rows.split_rows(form, self._blocks(form, stored, start))
        except InvalidInput:  # another format, broken gzip or a bomb, for which the batch has failed
            yield None

    def _blocks(self, form: FileFormat, stored: FileVersion, start: int) -> Iterator[bytes]:
        """Yield the text of a file from an offset on. Gzip is unpacked from its start.

        Raises InvalidInput for a file that is neither text nor gzip, and at the broken place of gzip.
        """
        head = self._files.read(stored.key, stored.version, 0, _HEAD_BYTES)
        if not foreign_formats.is_gzip(head):
            foreign_formats.reject_foreign_format(head, form)
            yield from self._ranges(stored, start)
            return
        for block in unpack_gzip(self._ranges(stored, 0)):
            yield block[start:]
            start = max(0, start - len(block))

    def _ranges(self, stored: FileVersion, start: int) -> Iterator[bytes]:
        while block := self._files.read(stored.key, stored.version, start, READ_BYTES):
            yield block
            start += len(block)


def _without_person(form: FileFormat, number: int, line: bytes, named: SubjectRows, source: SourceRows) -> bytes:
    """Return a line of an output without the person, and without the digest of a bad row."""
    if named.match(line) is not None:
        return f"{results.format_erased_row(form, number)}\n".encode()
    if (bad_row := results.number_of_bad_row(form, line)) is None:
        return line
    if source.names(bad_row):
        return f"{results.format_erased_row(form, bad_row)}\n".encode()
    return results.drop_digest(form, line)
