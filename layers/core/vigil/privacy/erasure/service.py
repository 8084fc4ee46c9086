"""Erasure of every store in as many runs as needed, and certification that no data is left."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from vigil.errors import Conflict, NotFound, Unavailable
from vigil.kernel.time import format_timestamp
from vigil.privacy.erasure.model import Certificate, Erasure, StoreProgress
from vigil.privacy.erasure.ports import CertificateArchive, CertificateSigner, ErasableStore, ErasureStore

_MIN_REMAINING_SECONDS = 10.0
"""Minimum remaining time of a run for another page, in seconds."""


class Certificates:
    """Reads the certificates of closed tenants. A certificate states that all data of a tenant is erased."""

    def __init__(self, archive: CertificateArchive) -> None:
        self._archive = archive

    def get(self, tenant_id: str) -> Certificate:
        """Return the certificate of a tenant's erasure; raise NotFound if it does not exist yet."""
        if (certificate := self._archive.certificate(tenant_id)) is None:
            raise NotFound("There is no certificate yet: it is written when all data of the tenant is erased.")
        return certificate


class Eraser:
    """Erases the data of leaving tenants, or of persons.

    Its state is in the store, so an interrupted run loses no progress. `pause` is the time from the start of an erasure
    to the first deletion, so that earlier requests have ended. It is also the time between two passes through a store.
    `final_after` is the time by store from the start of an erasure to the earliest final pass. Until then, others may
    write to the store with addresses that they received before.
    """

    def __init__(
        self,
        erasures: ErasureStore,
        stores: Mapping[str, ErasableStore],
        signer: CertificateSigner,
        stage: str,
        clock: Callable[[], datetime],
        pause: timedelta,
        final_after: Mapping[str, timedelta] | None = None,
    ) -> None:
        self._erasures = erasures
        self._stores = stores
        self._signer = signer
        self._stage = stage
        self._clock = clock
        self._pause = pause
        self._final_after = final_after or {}

    def run(self, remaining: Callable[[], float]) -> tuple[str, ...]:
        """Continue every erasure while there is time; return the tenants of the completed ones.

        `remaining` returns the remaining seconds. Raises Unavailable if a store was unavailable for one erasure, after
        all others were processed.
        """
        closed, failures = list[str](), list[Unavailable]()
        for erasure in self._erasures.pending():
            try:
                if self._erase(erasure, remaining):
                    closed.append(erasure.tenant_id)
            except Conflict:  # work on the data is in progress; a later run erases it
                continue
            except Unavailable as error:
                failures.append(error)
        if failures:
            message = f"{len(failures)} erasures stopped: {failures[0]} The next run continues."
            raise Unavailable(message) from failures[0]
        return tuple(closed)

    def _erase(self, erasure: Erasure, remaining: Callable[[], float]) -> bool:
        """Return True if the erasure is complete; False if time ran out or another worker stored a step."""
        if self._clock() < datetime.fromisoformat(erasure.started_at) + self._pause:
            return False
        for name in self._stores:
            step: Erasure | None = erasure
            while step and not self._is_idle(step.progress_of(name)):
                if remaining() < _MIN_REMAINING_SECONDS:
                    return False
                erasure = step
                step = self._erase_page(erasure, name)
            if step is None:
                return False
            erasure = step
        if any(erasure.progress_of(name).rescanned_at is None for name in self._stores):
            return False
        return self._erasures.close(erasure.tenant_id, erasure, self._certify(erasure))

    def _is_idle(self, progress: StoreProgress) -> bool:
        """Return True if a store needs no work now: it is clean, or its next pass is not due."""
        has_started = progress.after is not None or bool(progress.deleting) or progress.found > 0
        return progress.rescanned_at is not None or (
            not has_started and self._clock() < datetime.fromisoformat(progress.not_before)
        )

    def _erase_page(self, erasure: Erasure, name: str) -> Erasure | None:
        """Delete one page of a store and return the next state, or None if another worker has stored a step."""
        store, owner, progress = self._stores[name], erasure.owner, erasure.progress_of(name)
        # These keys were saved by a step that may have been interrupted.
        if progress.deleting and (left := store.delete(owner, progress.deleting)):
            step = erasure.with_progress(name, replace(progress, deleting=tuple(left)))
        elif progress.found and progress.after is None:
            step = erasure.with_progress(name, self._end_pass(erasure, name, progress))
        else:
            page = store.find(owner, progress.after)
            started = progress.with_page(page)
            is_last = page.after is None and not page.keys
            step = erasure.with_progress(name, self._end_pass(erasure, name, started) if is_last else started)
        return step if self._erasures.save(erasure.tenant_id, step) else None

    def _end_pass(self, erasure: Erasure, name: str, progress: StoreProgress) -> StoreProgress:
        now = self._clock()
        earliest_final = datetime.fromisoformat(erasure.started_at) + self._final_after.get(name, timedelta())
        is_early = progress.found == 0 and now < earliest_final
        next_pass = earliest_final if is_early else now + self._pause
        return progress.end_pass(format_timestamp(now), format_timestamp(next_pass), is_final=not is_early)

    def _certify(self, erasure: Erasure) -> Certificate:
        stores = {
            name: {"erased": progress.erased, "rescanned_at": progress.rescanned_at}
            for name, progress in sorted((name, erasure.progress_of(name)) for name in self._stores)
        }
        now = format_timestamp(self._clock())
        return self._signer.sign(erasure.tenant_id, erasure.payload(uuid.uuid4().hex, self._stage, now, stores))
