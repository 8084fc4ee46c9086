"""Rounds of all tenants in as many runs as they take: each has its turn, whoever else fails or ends the run."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeAlias

from vigil.workers.sweeps.model import Place, Run
from vigil.workers.sweeps.ports import Job, Places, Tenants

HANDFUL = 25
"""Tenants whose turns are written down at once: one write for so many."""
MOST_LEFT = 1_000
"""Names that are written down; while there are more, nobody else has a turn."""

Blame: TypeAlias = Callable[[str, Exception], None]
"""Is told of a tenant whose look failed, and why."""


class Rounds:
    """Goes round the tenants for one job."""

    def __init__(self, tenants: Tenants, job: Job, places: Places, clock: Callable[[], datetime]) -> None:
        self._tenants = tenants
        self._job = job
        self._places = places
        self._clock = clock

    def run(self, time_left: Callable[[], bool], blame: Blame) -> Run:
        """Go on with the round that is open and begin one that is due, while there is time.

        Of two runs at once one gives way. Raises Unavailable where places cannot be kept.
        """
        going = _Going(self._tenants, self._job, self._places, time_left, blame)
        with suppress(_GaveWay):
            going.to_the_end()
            if going.place.over and (name := self._job.due(going.place.name)) is not None:
                going.begin(name, self._clock().astimezone(UTC).isoformat(timespec="seconds"))
                going.to_the_end()
        return going.told()

    def is_late(self, run: Run) -> bool:
        """Say whether a run has left a round open that takes longer than its job has patience."""
        return (
            run.open_since is not None and self._clock() - datetime.fromisoformat(run.open_since) > self._job.patience
        )


class _GaveWay(Exception):
    """Another run has gone on meanwhile."""


class _Going:
    """One run on its way."""

    def __init__(self, tenants: Tenants, job: Job, places: Places, time_left: Callable[[], bool], blame: Blame) -> None:
        self._tenants = tenants
        self._job = job
        self._places = places
        self._time_left = time_left
        self._blame = blame
        self._did: Counter[str] = Counter()
        self._turns = self._failed = self._lost = 0
        self.place = places.last()

    def begin(self, name: str, at: str) -> None:
        """Begin a round."""
        self.place = self.place.begin(name, at)

    def to_the_end(self) -> None:
        """Go on while there is time, and to the end of the round at most."""
        if self.place.over:
            return
        tenants, earlier = iter(self._tenants(self.place.after)), len(self.place.left)
        while self._time_left():
            full = len(self.place.left) >= MOST_LEFT
            if not full and (handful := tuple(islice(tenants, HANDFUL))):
                self._turn_of(handful)
            elif earlier:  # whoever was left a moment ago waits for the next run
                earlier -= 1
                self._another_turn()
            else:
                self.place = replace(self.place, over=not self.place.left)
                break
        self._keep(self.place)
        self._lost += self.place.lost if self.place.over else 0

    def told(self) -> Run:
        """Return what was done."""
        open_since = None if self.place.over else self.place.begun_at
        return Run(self._turns, self._failed, dict(self._did), self._lost, open_since)

    def _turn_of(self, tenants: Sequence[str]) -> None:
        """Look at the next tenants."""
        before, had_turn, failed = self.place, list[str](), list[str]()
        self._keep(before.passed(tenants, failed=tenants))
        for tenant_id in tenants:
            had_turn.append(tenant_id)
            if not self._look(tenant_id):
                failed.append(tenant_id)
            if not self._time_left():
                break
        self.place = replace(before.passed(had_turn, failed), revision=self.place.revision)

    def _another_turn(self) -> None:
        """Look once more at whoever was left first."""
        before = self.place
        self._keep(before.again(failed=True))
        if self._look(before.left[0]):
            self.place = replace(before.again(failed=False), revision=self.place.revision)

    def _look(self, tenant_id: str) -> bool:
        self._turns += 1
        try:
            self._did.update(self._job.look(tenant_id, self.place.name))
        except Exception as error:
            self._failed += 1
            self._blame(tenant_id, error)
            return False
        return True

    def _keep(self, place: Place) -> None:
        self.place = replace(place, revision=self.place.revision + 1)
        if not self._places.keep(self.place):
            raise _GaveWay
