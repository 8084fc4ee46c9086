"""Erases a person from batches that have ended."""

from vigil.decisions.batches import foreign_formats, results, row_boundaries, subject_rows
from vigil.decisions.batches.blocks import read_blocks
from vigil.decisions.batches.erased_lines import without_person
from vigil.decisions.batches.files_model import FileFormat, FileVersion, Output
from vigil.decisions.batches.limits_model import READ_BYTES, STEP_BYTES, step_bytes
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.multipart_file import MultipartFile
from vigil.decisions.batches.person_files import PersonFiles
from vigil.decisions.batches.ports import VersionedFiles
from vigil.decisions.batches.source_rows import SourceRows
from vigil.errors import NotFound
from vigil.privacy.erasure.model import Key
from vigil.privacy.persons.model import Person

_WORKING_FOLDERS = ("uploads", "plain", "parts")
"""Folders with files that a batch needs only until it ends."""
_OUTPUTS: tuple[Output, ...] = ("results", "errors")


class EndedErasure:
    """Rewrites the outputs of a batch without the person's rows, and deletes its working files."""

    def __init__(self, files: VersionedFiles, person_files: PersonFiles) -> None:
        self._files = files
        self._person_files = person_files

    def erase(self, batch: Batch, person: Person, key: Key) -> Key | None:
        """Do one step and return the key of the next one, or None after the last.

        The steps rewrite the results, then the errors. The last step deletes the working files.
        """
        first = key.get("output", "results") if "version" in key else None
        if first is None:
            outdated = [stored for stored in self._stored("results", batch) if not stored.latest]
            self._files.delete_versions(outdated)
        for output in _OUTPUTS[_OUTPUTS.index(first) if first else 0 :]:
            if output == first:
                left = self._rewrite(batch, person, {"output": output, **key})
            elif (latest := self._latest(batch, output)) is not None:
                begin = {"batch": key["batch"], "output": output, "version": latest.version}
                left = self._rewrite(batch, person, begin)
            else:
                continue
            if left:
                return left
        for folder in _WORKING_FOLDERS:  # last, because the input names the persons of bad rows
            self._files.delete_versions(list(self._stored(folder, batch)))
        return None

    def _rewrite(self, batch: Batch, person: Person, key: Key) -> Key | None:
        """Rewrite a step of an output without the person's rows; after the last step, delete the old version.

        A repeated step writes the same parts of the same upload.
        """
        output: Output = "errors" if key["output"] == "errors" else "results"
        form: FileFormat = batch.form if output == "results" else "ndjson"
        old = FileVersion(batch.output_key(output), key["version"], latest=True)
        clean = MultipartFile(self._files, old.key, batch.metadata, key.get("upload", ""), int(key.get("part", 1)))
        named = self._person_files.named(form, results.COLUMNS, person, is_output=True)
        source = self._source(batch, person, int(key.get("source_row", 0)), int(key.get("source_offset", -1)))
        begun, rewritten = int(key.get("offset", 0)), 0
        offset = begun
        try:
            for line in subject_rows.split_lines(read_blocks(self._files, old.key, old.version, begun)):
                if clean.is_flushed and rewritten + source.cost > STEP_BYTES:
                    position = {"part": str(clean.part), "offset": str(offset)}
                    place = {"source_row": str(source.number), "source_offset": str(source.offset)}
                    return {**key, "upload": clean.upload, **position, **place}
                clean.write(without_person(form, line, named, source))
                offset, rewritten = offset + len(line), rewritten + step_bytes(line)
            clean.close()
        except NotFound:  # the upload has ended: an earlier run completed it, or it expired
            if self._latest(batch, output) == old:
                return {"batch": key["batch"]}
        self._files.delete_versions([old])
        return None

    def _source(self, batch: Batch, person: Person, number: int, offset: int) -> SourceRows:
        """Return the input of a batch behind a row; a negative offset means the start. Empty if it no longer exists."""
        subject = self._person_files.named(batch.form, batch.columns, person, is_output=False)
        if (stored := self._person_files.source(batch)) is None:
            return SourceRows(batch.form, iter(()), subject, number, max(offset, 0))
        if offset < 0:
            head = self._files.read(stored.key, stored.version, 0, READ_BYTES)
            offset = foreign_formats.find_text_start(head)
            if batch.form == "csv":
                offset += row_boundaries.find_first_row(head[offset:])[1]
        blocks = read_blocks(self._files, stored.key, stored.version, offset)
        return SourceRows(batch.form, subject_rows.split_rows(batch.form, blocks), subject, number, offset)

    def _stored(self, folder: str, batch: Batch) -> list[FileVersion]:
        """Return every version of a batch's files in a folder."""
        return list(self._files.list_versions(f"{folder}/{batch.object_key('')}"))

    def _latest(self, batch: Batch, output: Output) -> FileVersion | None:
        """Return the latest version of an output."""
        versions = self._files.list_versions(batch.output_key(output))
        return next((stored for stored in versions if stored.latest), None)
