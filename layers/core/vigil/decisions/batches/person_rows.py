"""One person's rows in the files of batches: search, export and erasure."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vigil.decisions.batches import foreign_formats, results, subject_rows
from vigil.decisions.batches.model import FOLDERS, Batch, FileVersion
from vigil.decisions.batches.multipart_file import MultipartFile
from vigil.decisions.batches.ports import BatchStore, VersionedFiles
from vigil.decisions.batches.running_erasure import RunningErasure
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
_START = {"list": "null"}


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A version of a file with rows. `columns` are its CSV columns."""

    batch: Batch
    stored: FileVersion
    columns: Sequence[str]

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
        """Erase the person's rows from the results and delete the working files of the batches.

        A lost chunk can no longer be scored after that. Returns the remaining steps for large results.
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
            if row is not None:
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
    ) -> Iterator[tuple[RowsFile, int, bytes, dict[str, Any] | None]]:
        """Yield the lines of a batch's files from a position on: file, offset, line, and the person's row or None."""
        files = list(self._rows_files(batch))
        first = next((number for number, file in enumerate(files) if file.is_at(position)), None)
        offset = 0 if first is None else int(position["offset"])
        for file in files[first:]:
            named = SubjectRows(batch.form, file.columns, self._keys(person.tenant_id).recognizer(person.subject))
            for line in self._lines(file.stored, offset):
                yield file, offset, line, named.match(line)
                offset += len(line)
            offset = 0

    def _erase(self, key: Key, person: Person) -> Key | None:
        """Take one erasure step for a batch and return the next one, or None at the end."""
        if (batch := self._batches.get(person.tenant_id, key["batch"])) is None:
            return None
        if "version" in key:
            return self._blank(batch, person, key)
        if batch.is_unfinished:
            self._running.wait(batch, person)
            return self._running.erase(batch, person, key)
        if "step" in key:  # the batch has ended meanwhile
            key = {"batch": key["batch"]}
        for folder in FOLDERS:
            versions = list(self._files.list_versions(f"{folder}/{batch.object_key('')}"))
            self._files.delete_versions(
                [stored for stored in versions if folder in _WORKING_FOLDERS or not stored.latest]
            )
        results_file = self._latest(batch)
        return self._blank(batch, person, {**key, "version": results_file.version}) if results_file else None

    def _blank(self, batch: Batch, person: Person, key: Key) -> Key | None:
        """Rewrite a step of the results without the person's rows; after the last step, delete the old version.

        A repeated step writes the same parts of the same upload.
        """
        old = FileVersion(batch.output_key("results"), key["version"], latest=True)
        clean = MultipartFile(self._files, old.key, batch.metadata, key.get("upload", ""), int(key.get("part", 1)))
        named = SubjectRows(batch.form, results.COLUMNS, self._keys(person.tenant_id).recognizer(person.subject))
        begun = offset = int(key.get("offset", 0))
        # In CSV, the first line is the header, so that rows start at line 1.
        row = int(key.get("row", 0 if batch.form == "csv" else 1))
        try:
            for number, line in enumerate(self._lines(old, begun), row):
                if clean.is_flushed and offset - begun > STEP_BYTES:
                    position = {"part": str(clean.part), "offset": str(offset), "row": str(number)}
                    return {**key, "upload": clean.upload, **position}
                erased = f"{results.format_erased_row(batch.form, number)}\n".encode()
                clean.write(line if named.match(line) is None else erased)
                offset += len(line)
            clean.close()
        except NotFound:  # the upload has ended: an earlier run completed it, or it expired
            if self._latest(batch) == old:
                return {"batch": key["batch"]}
        self._files.delete_versions([old])
        return None

    def _latest(self, batch: Batch) -> FileVersion | None:
        """Return the latest version of the results."""
        versions = self._files.list_versions(batch.output_key("results"))
        return next((stored for stored in versions if stored.latest), None)

    def _rows_files(self, batch: Batch) -> Iterator[RowsFile]:
        """Yield the results, or their parts before the assembly, and the input files."""
        joined = False
        for stored in self._files.list_versions(f"results/{batch.object_key('results.')}"):
            joined = True
            yield RowsFile(batch, stored, results.COLUMNS)
        if not joined:
            for stored in self._files.list_versions(f"parts/{batch.object_key('results/')}"):
                yield RowsFile(batch, stored, results.COLUMNS)
        for folder in ("uploads", "plain"):
            for stored in self._files.list_versions(f"{folder}/{batch.object_key('input')}"):
                yield RowsFile(batch, stored, batch.columns)

    def _lines(self, stored: FileVersion, start: int = 0) -> Iterator[bytes]:
        try:
            yield from subject_rows.split_lines(self._blocks(stored, start))
        except InvalidInput:  # broken gzip or a bomb, for which the batch has failed
            return

    def _blocks(self, stored: FileVersion, start: int) -> Iterator[bytes]:
        """Yield the text of a file from an offset on. Gzip is unpacked from its start."""
        if not foreign_formats.is_gzip(self._files.read(stored.key, stored.version, 0, 2)):
            yield from self._ranges(stored, start)
            return
        for block in unpack_gzip(self._ranges(stored, 0)):
            yield block[start:]
            start = max(0, start - len(block))

    def _ranges(self, stored: FileVersion, start: int) -> Iterator[bytes]:
        while block := self._files.read(stored.key, stored.version, start, READ_BYTES):
            yield block
            start += len(block)
