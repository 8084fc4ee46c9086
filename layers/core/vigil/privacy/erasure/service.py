"""Erases every store of all that is somebody's, in as many runs as it takes, and certifies that nothing is left."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vigil.errors import Conflict, NotFound, Unavailable
from vigil.privacy.erasure.model import Certificate, Erasure, StoreProgress
from vigil.privacy.erasure.ports import CertificateArchive, CertificateSigner, ErasableStore, ErasureStore

_MIN_REMAINING_SECONDS = 10.0
"""What must be left of a run for another page to be begun."""


class Certificates:
    """The certificates of tenants that are closed."""

    def __init__(self, archive: CertificateArchive) -> None:
        self._archive = archive

    def get(self, tenant_id: str) -> Certificate:
        """Return the certificate of a tenant's erasure; raise NotFound before there is one."""
        if (certificate := self._archive.certificate(tenant_id)) is None:
            raise NotFound("There is no such certificate: it is written when all that a tenant owned is erased.")
        return certificate


class Eraser:
    """Goes through stores, of tenants that leave or of persons. Its state is in its books: a run that is cut off loses
    nothing.

    `pause` is from the start of an erasure to the first deletion, by when no earlier request is under way any more, and
    from one pass through a store to the next.
    """

    def __init__(
        self,
        erasures: ErasureStore,
        stores: Mapping[str, ErasableStore],
        signer: CertificateSigner,
        stage: str,
        clock: Callable[[], datetime],
        pause: timedelta,
    ) -> None:
        self._erasures = erasures
        self._stores = stores
        self._signer = signer
        self._stage = stage
        self._clock = clock
        self._pause = pause

    def run(self, remaining: Callable[[], float]) -> tuple[str, ...]:
        """Go on with every erasure while there are seconds remaining; return the tenants of those that ended.

        Raises Unavailable when a store was away for one of them, after all the others had their turn.
        """
        closed, failures = list[str](), list[Unavailable]()
        for erasure in self._erasures.pending():
            try:
                if self._erase(erasure, remaining):
                    closed.append(erasure.tenant_id)
            except Conflict:  # work on what is to go is under way: a later run finds it done
                continue
            except Unavailable as error:
                failures.append(error)
        if failures:
            raise Unavailable(f"{len(failures)} erasures stopped: {failures[0]} The next run goes on.") from failures[0]
        return tuple(closed)

    def _erase(self, erasure: Erasure, remaining: Callable[[], float]) -> bool:
        """Return whether the erasure ended; not when time, or another worker's step, ended this one's turn."""
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

    def _is_idle(self, sweep: StoreProgress) -> bool:
        """Say whether there is nothing to do in a store now: it is clean, or its next pass is not due."""
        begun = sweep.after is not None or bool(sweep.deleting) or sweep.found > 0
        return sweep.rescanned_at is not None or (
            not begun and self._clock() < datetime.fromisoformat(sweep.not_before)
        )

    def _erase_page(self, erasure: Erasure, name: str) -> Erasure | None:
        """Delete one page of a store and return the next state, or None if another worker is at it."""
        store, owner, sweep = self._stores[name], erasure.owner, erasure.progress_of(name)
        # What was written down by a step that may have been cut off.
        if sweep.deleting and (left := store.delete(owner, sweep.deleting)):
            step = erasure.with_progress(name, replace(sweep, deleting=tuple(left)))
        elif sweep.found and sweep.after is None:
            step = erasure.with_progress(name, self._end_pass(sweep))
        else:
            page = store.find(owner, sweep.after)
            met = sweep.with_page(page)
            step = erasure.with_progress(name, self._end_pass(met) if page.after is None and not page.keys else met)
        return step if self._erasures.save(erasure.tenant_id, step) else None

    def _end_pass(self, sweep: StoreProgress) -> StoreProgress:
        now = self._clock().astimezone(UTC)
        return sweep.end_pass(now.isoformat(), (now + self._pause).isoformat())

    def _certify(self, erasure: Erasure) -> Certificate:
        stores = {
            name: {"erased": sweep.erased, "rescanned_at": sweep.rescanned_at}
            for name, sweep in sorted((name, erasure.progress_of(name)) for name in self._stores)
        }
        now = self._clock().astimezone(UTC).isoformat(timespec="seconds")
        return self._signer.sign(erasure.tenant_id, erasure.payload(uuid.uuid4().hex, self._stage, now, stores))
