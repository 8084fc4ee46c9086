"""Erases a person's rows from the join files of a batch."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from vigil.decisions.batches.files_model import FileVersion
from vigil.decisions.batches.join_model import ERASED_CODE, JoinFile, days_left
from vigil.decisions.batches.join_sealing import open_rows, seal_rows
from vigil.decisions.batches.limits_model import STEP_BYTES, STEP_ROW_BYTES
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.ports import RowOutcomes, VersionedFiles
from vigil.decisions.outcomes.model import batch_row_id
from vigil.kernel.pseudonyms import TenantKeys
from vigil.kernel.time import format_timestamp
from vigil.privacy.erasure.model import Key
from vigil.privacy.persons.model import Person

DONE = "done"
"""Member `joins` of a key without a further step of this erasure."""


class JoinErasure:
    """Erases rows in two passes that are at least `pause` apart.

    The first pass marks the rows as erased, so that no further outcome is accepted. The second one deletes their
    outcomes and then their subjects: an outcome that was reported in the meantime is still found. It begins when only
    join files name the person, so that its key has the member `only`.
    """

    def __init__(
        self,
        files: VersionedFiles,
        keys: TenantKeys,
        outcomes: RowOutcomes,
        clock: Callable[[], datetime],
        pause: timedelta,
    ) -> None:
        self._files = files
        self._keys = keys
        self._outcomes = outcomes
        self._clock = clock
        self._pause = pause

    def erase(self, batch: Batch, person: Person, key: Key) -> Key:
        """Take one step of a pass over the join files of a batch, and return the key of the next step.

        The member `joins` of a key is the last file that was read, and `done` after the last step. A step is safe to
        repeat. Raises Unavailable, also for a damaged file.
        """
        passed, read = key.get("joins", ""), 0
        if passed == DONE:
            return key
        stored = list(self._files.list_versions(f"joins/{batch.object_key('')}"))
        self._files.delete_versions([each for each in stored if not each.latest])
        for each in sorted((each for each in stored if each.latest), key=lambda each: each.key):
            if each.key <= passed:
                continue
            read += self._erase_file(batch, person, each, is_second="only" in key)
            if read > STEP_BYTES:
                return {**key, "joins": each.key}
        return {**key, "joins": DONE}

    def _erase_file(self, batch: Batch, person: Person, stored: FileVersion, *, is_second: bool) -> int:
        """Erase the person from one file, and return the bytes that its rows count for in a step."""
        tenant_key = self._keys(batch.tenant_id)
        sealed = self._files.read(stored.key, stored.version, 0, -1)
        file = open_rows(sealed, tenant_key, batch.batch_id)
        is_person = tenant_key.recognizer(person.subject)
        mine = {place for place, name in enumerate(file.subject_ids) if name and is_person(name)}
        if mine and (clean := self._clean(batch, file, mine, is_second=is_second)):
            sealed = seal_rows(clean, tenant_key, batch.batch_id)
            self._files.put(stored.key, sealed, batch.metadata, days_left(clean, self._clock()))
            self._files.delete_versions([replace(stored, latest=False)])
        return len(file.band_codes) * STEP_ROW_BYTES

    def _clean(self, batch: Batch, file: JoinFile, mine: set[int], *, is_second: bool) -> JoinFile | None:
        """Return the file after the next pass over the person's rows; None before that pass is due."""
        now = self._clock()
        if any(file.band_codes[place] != ERASED_CODE for place in mine):
            return file.without(mine, format_timestamp(now))
        if not is_second or now < datetime.fromisoformat(file.erased_at) + self._pause:
            return None
        for place in mine:
            self._outcomes.forget(batch.tenant_id, batch_row_id(batch.batch_id, file.first_row + place))
        return file.unlinked(mine)
