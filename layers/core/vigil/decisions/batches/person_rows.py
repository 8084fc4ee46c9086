"""One person's rows in the files of batches: search, export and erasure."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vigil.decisions.batches.ended_erasure import EndedErasure
from vigil.decisions.batches.join_erasure import DONE, JoinErasure
from vigil.decisions.batches.limits_model import STEP_BYTES
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.person_files import UNREADABLE, PersonFiles, RowsFile
from vigil.decisions.batches.ports import BatchStore, RowOutcomes, VersionedFiles
from vigil.decisions.batches.running_erasure import RunningErasure
from vigil.decisions.batches.subject_rows import POSSIBLE_ROW
from vigil.decisions.outcomes.model import batch_row_id
from vigil.kernel.pseudonyms import TenantKeys
from vigil.privacy.erasure.model import FoundKeys, Key
from vigil.privacy.persons.model import Person, PersonExtract

MAX_EXPORT_BYTES = 1 << 20
"""Maximum bytes of rows in one part of an export."""
SPARE_SECONDS = 5.0
"""Remaining time of a request, in seconds, below which a part of an export ends."""
_START = {"list": "null"}


class PersonRows:
    """Rows of a person in every file of a tenant's batches, and their outcomes. `pause` is that of erasures."""

    def __init__(
        self,
        batches: BatchStore,
        files: VersionedFiles,
        keys: TenantKeys,
        outcomes: RowOutcomes,
        clock: Callable[[], datetime],
        pause: timedelta,
    ) -> None:
        self._batches = batches
        self._outcomes = outcomes
        self._joins = JoinErasure(files, keys, outcomes, clock, pause)
        self._files = PersonFiles(files, keys)
        self._running = RunningErasure(batches, files, self._files, clock)
        self._ended = EndedErasure(files, self._files)

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
                    file, row = named
                    only = {"only": "joins"} if file.is_join else {}
                    was_counted = file.is_join and row["band"] == ""  # the first pass has erased the row
                    return FoundKeys(({"batch": batch.batch_id, **only},), following, recounted=int(was_counted))
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
        """Return rows of inputs and results, and the next position if time or space runs short.

        A bad row that only contains the person's id is named by its file and offset, in bytes of the unpacked text.
        """
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
        for file, offset, line, _, row in self._files.rows(batch, person, position):
            if size > MAX_EXPORT_BYTES or remaining() < SPARE_SECONDS:
                return file.position(offset)
            if row is not None and row is not UNREADABLE:
                found = {"offset": offset} if row is POSSIBLE_ROW else {}
                joined = self._outcomes_of(batch, row) if file.is_join else {}
                entries.append({"batch_id": batch.batch_id, "file": file.short, **found, "row": row, **joined})
                size += len(line) or len(json.dumps(entries[-1]))
        return None

    def _outcomes_of(self, batch: Batch, row: Mapping[str, Any]) -> Mapping[str, Any]:
        decision_id = batch_row_id(batch.batch_id, row["row"])
        return {"outcomes": self._outcomes.history(batch.tenant_id, decision_id)}

    def _has_files(self, batch: Batch, person: Person) -> bool:
        """Return True if a batch has files to scan. Raises Conflict while the erasure waits for them."""
        if batch.state == "awaiting_upload" and not any(self._files.all(batch)):
            return False
        if batch.is_unfinished:
            self._running.wait(batch, person)
        return True

    def _names(
        self, batch: Batch, person: Person, position: Key
    ) -> tuple[Mapping[str, str] | None, tuple[RowsFile, Mapping[str, Any]] | None]:
        """Return the position if a step ended early, and the first row that names the person with its file."""
        read = 0
        for file, offset, _, cost, row in self._files.rows(batch, person, position):
            if row is not None:
                return None, (file, row)
            if read > STEP_BYTES:
                return file.position(offset), None
            read += cost
        return None, None

    def _erase(self, key: Key, person: Person) -> Key | None:
        """Take one erasure step for a batch and return the next one, or None at the end."""
        if (batch := self._batches.get(person.tenant_id, key["batch"])) is None:
            return None
        is_running = "version" not in key and batch.is_unfinished
        if is_running:
            self._running.wait(batch, person)
        if not {"version", "step"} & key.keys():
            key = self._joins.erase(batch, person, key)
            if key["joins"] != DONE or "only" in key:
                return None if key["joins"] == DONE else key
        return self._running.erase(batch, person, key) if is_running else self._ended.erase(batch, person, key)
