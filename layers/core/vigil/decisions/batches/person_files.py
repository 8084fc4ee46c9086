"""Files of batches that can name a person, and the rows in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vigil.decisions.batches import foreign_formats, results, subject_rows
from vigil.decisions.batches.blocks import read_blocks
from vigil.decisions.batches.files_model import FileFormat, FileVersion
from vigil.decisions.batches.join_sealing import open_rows
from vigil.decisions.batches.limits_model import STEP_ROW_BYTES
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.ports import VersionedFiles
from vigil.decisions.batches.subject_rows import SubjectRows
from vigil.decisions.batches.unpacking import unpack_gzip
from vigil.errors import InvalidInput
from vigil.kernel.pseudonyms import TenantKeys
from vigil.privacy.persons.model import Person

UNREADABLE: Mapping[str, Any] = {"file": "cannot be read"}
"""Marker of a file, or of the rest of one, that cannot be read and may therefore name anybody."""
_HEAD_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A version of a file with rows. `columns` are its CSV columns."""

    batch: Batch
    stored: FileVersion
    columns: Sequence[str]
    is_output: bool

    @property
    def is_join(self) -> bool:
        """True for a join file, which has no text."""
        return self.stored.key.startswith("joins/")

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


FoundRow: TypeAlias = tuple[RowsFile, int, bytes, int, Mapping[str, Any] | None]
"""File, offset and bytes of a row, its cost in a step, and its content if it names the person."""


class PersonFiles:
    """Reads every version of the files of a batch, because no index maps a person to rows."""

    def __init__(self, files: VersionedFiles, keys: TenantKeys) -> None:
        self._files = files
        self._keys = keys

    def rows(self, batch: Batch, person: Person, position: Mapping[str, str]) -> Iterator[FoundRow]:
        """Yield the rows of the files of a batch from a position on."""
        files = list(self.all(batch))
        first = next((number for number, file in enumerate(files) if file.is_at(position)), None)
        offset = 0 if first is None else int(position["offset"])
        for file in files[first:]:
            if file.is_join:
                yield from self._joined_rows(file, person, offset)
                offset = 0
                continue
            named = self.named(batch.form, file.columns, person, is_output=file.is_output)
            for line in self._rows(batch.form, file.stored, offset):
                row = UNREADABLE if line is None else named.match(line)
                yield file, offset, line or b"", named.cost(line or b""), row
                offset += len(line or b"")
            offset = 0

    def all(self, batch: Batch) -> Iterator[RowsFile]:
        """Yield the results, or their parts before the assembly, the input files, and the join files."""
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
        for stored in self._files.list_versions(f"joins/{batch.object_key('')}"):
            yield RowsFile(batch, stored, (), is_output=True)

    def source(self, batch: Batch) -> FileVersion | None:
        """Return the file version from which the batch reads its rows; None if it no longer exists."""
        versions = self._files.list_versions(batch.source) if batch.source else ()
        read = (each for each in versions if each.key == batch.source)
        return next(
            (each for each in read if batch.source_version in {each.version, "" if each.latest else None}), None
        )

    def named(self, form: FileFormat, columns: Sequence[str], person: Person, *, is_output: bool) -> SubjectRows:
        """Return the rows that name a person in a file with these columns."""
        recognizer = self._keys(person.tenant_id).recognizer(person.subject)
        return SubjectRows(form, columns, recognizer, is_output=is_output)

    def _joined_rows(self, file: RowsFile, person: Person, start: int) -> Iterator[FoundRow]:
        """Yield the rows of a join file from a place on. The offset of a row is its place."""
        key, stored = self._keys(person.tenant_id), file.stored
        rows = open_rows(self._files.read(stored.key, stored.version, 0, -1), key, file.batch.batch_id)
        is_person = key.recognizer(person.subject)
        for place in range(start, len(rows.subject_ids)):
            is_named = rows.subject_ids[place] != "" and is_person(rows.subject_ids[place])
            yield file, place, b"", STEP_ROW_BYTES, rows.export(place) if is_named else None

    def _rows(self, form: FileFormat, stored: FileVersion, start: int) -> Iterator[bytes | None]:
        """Yield the rows of a file from an offset on; None for the part that cannot be read."""
        try:
            yield from subject_rows.split_rows(form, self._text(form, stored, start))
        except InvalidInput:  # another format, broken gzip or a bomb, for which the batch has failed
            yield None

    def _text(self, form: FileFormat, stored: FileVersion, start: int) -> Iterator[bytes]:
        """Yield the text of a file from an offset on. Gzip is unpacked from its start.

        Raises InvalidInput for a file that is neither text nor gzip, and at the broken place of gzip.
        """
        head = self._files.read(stored.key, stored.version, 0, _HEAD_BYTES)
        if not foreign_formats.is_gzip(head):
            foreign_formats.reject_foreign_format(head, form)
            yield from read_blocks(self._files, stored.key, stored.version, start)
            return
        for block in unpack_gzip(read_blocks(self._files, stored.key, stored.version, 0)):
            yield block[start:]
            start = max(0, start - len(block))
