"""The rows of one person in the files of batches: found, told, and erased."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vigil.decisions.batches import naming, results, splitting
from vigil.decisions.batches.long_file import LongFile
from vigil.decisions.batches.model import FOLDERS, Batch, Stored
from vigil.decisions.batches.naming import Named
from vigil.decisions.batches.ports import Books, History
from vigil.decisions.batches.unpacking import unpack
from vigil.errors import Conflict, InvalidInput, NotFound
from vigil.privacy.erasure.model import Found, Key
from vigil.privacy.persons.model import Extract, Person

RANGE = 8 << 20
AT_ONCE = 64 << 20
"""Bytes that one step of an erasure looks at, or writes anew: a second or three, of which many fit into a run."""
MOST_TOLD = 1 << 20
"""Bytes of rows in one part of an export."""
SPARE_SECONDS = 5.0
_WORKING = ("uploads", "plain", "parts")
"""Folders of what a batch needs until it has ended."""
_START = {"list": "null"}


@dataclass(frozen=True, slots=True)
class File:
    """A version of a file that holds rows: `columns` are those of its CSV."""

    batch: Batch
    stored: Stored
    columns: Sequence[str]

    @property
    def short(self) -> str:
        """Its name as the tenant knows it."""
        folder, _, _, name = self.stored.key.split("/", 3)
        return f"{folder}/{name}"

    def place(self, offset: int) -> Mapping[str, str]:
        """Return where to go on in it."""
        return {"file": self.stored.key, "version": self.stored.version, "offset": str(offset)}

    def is_at(self, place: Mapping[str, str]) -> bool:
        """Say whether a place is in it."""
        return (place.get("file"), place.get("version")) == (self.stored.key, self.stored.version)


class PersonRows:
    """Looks through every file of a tenant's batches: no list leads from a person to them."""

    def __init__(self, books: Books, files: History) -> None:
        self._books = books
        self._files = files

    def find(self, person: Person, after: Key | None) -> Found:
        """Return the next batch if files of it name the person; raise Conflict before it has ended.

        What is longer than a step is gone through in several, which find nothing but where to go on.
        """
        place = after or _START
        page = self._books.page(person.tenant_id, json.loads(place["list"]), 1)
        following = {"list": json.dumps(page.next)} if page.next else None
        for batch in page.batches:
            if batch.created_at <= person.until and self._has_files(batch):
                stopped, named = self._names(batch, person, place)
                if named:
                    return Found(({"batch": batch.batch_id},), following)
                if stopped:
                    return Found((), {"list": place["list"], **stopped})
        return Found((), following)

    def delete(self, person: Person, keys: Sequence[Key]) -> Sequence[Key]:
        """Blank the person's lines in results, and delete what the batch worked with, which nobody needs any more.

        A part that was given up, and that nobody has tried again by now, cannot be scored any more. Returns what is
        left to do of results that are longer than a step.
        """
        return tuple(left for key in keys if (left := self._erase(key, person)))

    def read(self, person: Person, after: Mapping[str, str] | None, remaining: Callable[[], float]) -> Extract:
        """Return rows, of inputs and of results; where time or room runs short, the place is told."""
        place, entries = after or _START, list[Mapping[str, Any]]()
        while True:
            page = self._books.page(person.tenant_id, json.loads(place["list"]), 1)
            for batch in page.batches:
                if batch.created_at <= person.until:
                    stopped = self._gather(batch, person, place, entries, remaining)
                    if stopped:
                        return Extract(tuple(entries), {"list": place["list"], **stopped})
            if page.next is None:
                return Extract(tuple(entries), None)
            place = {"list": json.dumps(page.next)}

    def _gather(
        self,
        batch: Batch,
        person: Person,
        place: Mapping[str, str],
        entries: list[Mapping[str, Any]],
        remaining: Callable[[], float],
    ) -> Mapping[str, str] | None:
        """Add the person's rows of a batch from a place on; return where it stopped before the end."""
        told = 0
        for count, (file, offset, line, row) in enumerate(self._looked_through(batch, person, place)):
            if told > MOST_TOLD or (count % 1000 == 0 and remaining() < SPARE_SECONDS):
                return file.place(offset)
            if row is not None:
                entries.append({"batch_id": batch.batch_id, "file": file.short, "row": row})
                told += len(line)
        return None

    def _has_files(self, batch: Batch) -> bool:
        """Say whether a batch has files to look through; raise Conflict where they are still being written."""
        if batch.state == "awaiting_upload" and not any(self._rows_files(batch)):
            return False
        if batch.unfinished:
            raise Conflict("The batch has not ended.")
        return True

    def _names(self, batch: Batch, person: Person, place: Key) -> tuple[Mapping[str, str] | None, bool]:
        """Return where a step ended before the end of a batch's files, or whether one of them names the person."""
        read = 0
        for file, offset, line, row in self._looked_through(batch, person, place):
            if row is not None:
                return None, True
            if read > AT_ONCE:
                return file.place(offset), False
            read += len(line)
        return None, False

    def _looked_through(
        self, batch: Batch, person: Person, place: Mapping[str, str]
    ) -> Iterator[tuple[File, int, bytes, dict[str, Any] | None]]:
        """Yield the lines of a batch's files from a place on: the file, where each begins, and the person's rows."""
        files = list(self._rows_files(batch))
        first = next((number for number, file in enumerate(files) if file.is_at(place)), None)
        offset = 0 if first is None else int(place["offset"])
        for file in files[first:]:
            named = Named(batch.form, file.columns, person.subject_id)
            for line in self._lines(file.stored, offset):
                yield file, offset, line, named.row(line)
                offset += len(line)
            offset = 0

    def _erase(self, key: Key, person: Person) -> Key | None:
        """Take one step of erasing a batch's files and return the next, None if that was all."""
        if (batch := self._books.get(person.tenant_id, key["batch"])) is None:
            return None
        if "version" in key:
            return self._blank(batch, person, key)
        for folder in FOLDERS:
            kept = list(self._files.versions(f"{folder}/{batch.key('')}"))
            self._files.remove([stored for stored in kept if folder in _WORKING or not stored.latest])
        results_file = self._latest(batch)
        return self._blank(batch, person, {**key, "version": results_file.version}) if results_file else None

    def _blank(self, batch: Batch, person: Person, key: Key) -> Key | None:
        """Write a step of results anew without the person's lines; behind the last, remove what they were.

        The same step, taken twice, writes the same parts of the same upload.
        """
        old = Stored(batch.output("results"), key["version"], latest=True)
        clean = LongFile(self._files, old.key, batch.about, key.get("upload", ""), int(key.get("part", 1)))
        named = Named(batch.form, results.COLUMNS, person.subject_id)
        begun = offset = int(key.get("offset", 0))
        # A line is a row, under the header that CSV has.
        row = int(key.get("row", 0 if batch.form == "csv" else 1))
        try:
            for number, line in enumerate(self._lines(old, begun), row):
                if clean.settled and offset - begun > AT_ONCE:
                    place = {"part": str(clean.part), "offset": str(offset), "row": str(number)}
                    return {**key, "upload": clean.upload, **place}
                erased = f"{results.erased_line(batch.form, number)}\n".encode()
                clean.write(line if named.row(line) is None else erased)
                offset += len(line)
            clean.close()
        except NotFound:  # the upload has ended: by this very step, of a run that died, or because it lay for too long
            if self._latest(batch) == old:
                return {"batch": key["batch"]}
        self._files.remove([old])
        return None

    def _latest(self, batch: Batch) -> Stored | None:
        """Return the results as they are."""
        versions = self._files.versions(batch.output("results"))
        return next((stored for stored in versions if stored.latest), None)

    def _rows_files(self, batch: Batch) -> Iterator[File]:
        """Yield the results, or their parts as long as they are not joined, and what came in."""
        joined = False
        for stored in self._files.versions(f"results/{batch.key('results.')}"):
            joined = True
            yield File(batch, stored, results.COLUMNS)
        if not joined:
            for stored in self._files.versions(f"parts/{batch.key('results/')}"):
                yield File(batch, stored, results.COLUMNS)
        for folder in ("uploads", "plain"):
            for stored in self._files.versions(f"{folder}/{batch.key('input')}"):
                yield File(batch, stored, batch.columns)

    def _lines(self, stored: Stored, start: int = 0) -> Iterator[bytes]:
        try:
            yield from naming.lines(self._blocks(stored, start))
        except InvalidInput:  # gzip that is cut short, or a bomb: its batch has failed for it
            return

    def _blocks(self, stored: Stored, start: int) -> Iterator[bytes]:
        """Yield a file's text from a place on; what is packed is unpacked from its beginning for that."""
        if not splitting.is_gzip(self._files.read(stored.key, stored.version, 0, 2)):
            yield from self._ranges(stored, start)
            return
        for block in unpack(self._ranges(stored, 0)):
            yield block[start:]
            start = max(0, start - len(block))

    def _ranges(self, stored: Stored, start: int) -> Iterator[bytes]:
        while block := self._files.read(stored.key, stored.version, start, RANGE):
            yield block
            start += len(block)
