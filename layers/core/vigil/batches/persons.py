"""The rows of one person in the files of batches: found, told, and erased."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from vigil.batches import naming, results, splitting
from vigil.batches.longfile import LongFile
from vigil.batches.model import FOLDERS, Batch, Stored
from vigil.batches.naming import Named
from vigil.batches.ports import Books, History
from vigil.batches.unpacking import unpack
from vigil.errors import Conflict, InvalidInput
from vigil.subjects.model import Extract, Person
from vigil.tenancy.offboarding.model import Found, Key

RANGE = 8 << 20
MOST_TOLD = 1 << 20
"""Bytes of rows in one part of an export."""
SPARE_SECONDS = 5.0
_WORKING = ("uploads", "plain", "parts")
"""Folders of what a batch needs until it has ended."""


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


class PersonRows:
    """Looks through every file of a tenant's batches: no list leads from a person to them."""

    def __init__(self, books: Books, files: History) -> None:
        self._books = books
        self._files = files

    def find(self, person: Person, after: Key | None) -> Found:
        """Return the next batch if files of it name the person; raise Conflict before it has ended."""
        page = self._books.page(person.tenant_id, dict(after) if after else None, 1)
        named = [b for b in page.batches if b.created_at <= person.until and self._names(b, person)]
        return Found(tuple({"batch": batch.batch_id} for batch in named), page.next)

    def delete(self, person: Person, keys: Sequence[Key]) -> None:
        """Blank the person's lines in results, and delete what the batch worked with, which nobody needs any more.

        A part that was given up, and that nobody has tried again by now, cannot be scored any more.
        """
        for key in keys:
            if batch := self._books.get(person.tenant_id, key["batch"]):
                self._erase(batch, person)

    def read(self, person: Person, after: Mapping[str, str] | None, remaining: Callable[[], float]) -> Extract:
        """Return rows, of inputs and of results; where time or room runs short, the place is told."""
        place, entries = dict(after or {}), list[Mapping[str, Any]]()
        while True:
            page = self._books.page(person.tenant_id, json.loads(place.get("list", "null")), 1)
            for batch in page.batches:
                if batch.created_at <= person.until:
                    stopped = self._gather(batch, person, place, entries, remaining)
                    if stopped:
                        return Extract(tuple(entries), {"list": place.get("list", "null"), **stopped})
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
        first, offset, told = int(place.get("file", 0)), int(place.get("offset", 0)), 0
        for number, file in islice(enumerate(self._rows_files(batch)), first, None):
            named = Named(batch.form, file.columns, person.subject_id)
            for count, line in enumerate(self._lines(file.stored, offset)):
                if told > MOST_TOLD or (count % 1000 == 0 and remaining() < SPARE_SECONDS):
                    return {"file": str(number), "offset": str(offset)}
                offset += len(line)
                if (row := named.row(line)) is not None:
                    entries.append({"batch_id": batch.batch_id, "file": file.short, "row": row})
                    told += len(line)
            offset = 0
        return None

    def _names(self, batch: Batch, person: Person) -> bool:
        files = list(self._rows_files(batch))
        if batch.state == "awaiting_upload" and not files:
            return False
        if batch.unfinished:
            raise Conflict("The batch has not ended.")
        return any(self._mentions(file, person) for file in files)

    def _mentions(self, file: File, person: Person) -> bool:
        named = Named(file.batch.form, file.columns, person.subject_id)
        return any(named.row(line) is not None for line in self._lines(file.stored))

    def _erase(self, batch: Batch, person: Person) -> None:
        for folder in FOLDERS:
            kept = list(self._files.versions(f"{folder}/{batch.key('')}"))
            self._files.remove([stored for stored in kept if folder in _WORKING or not stored.latest])
            for stored in kept:
                if stored.latest and stored.key == batch.output("results"):
                    self._blank(File(batch, stored, results.COLUMNS), person)

    def _blank(self, file: File, person: Person) -> None:
        """Write results anew without the person's lines, then remove what they were."""
        batch, named = file.batch, Named(file.batch.form, file.columns, person.subject_id)
        if not self._mentions(file, person):
            return
        clean = LongFile(self._files, file.stored.key, batch.about)
        # A line is a row, under the header that CSV has.
        for number, line in enumerate(self._lines(file.stored), 0 if batch.form == "csv" else 1):
            erased = f"{results.erased_line(batch.form, number)}\n".encode()
            clean.write(line if named.row(line) is None else erased)
        clean.close()
        self._files.remove([file.stored])

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
