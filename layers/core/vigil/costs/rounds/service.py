"""Rounds of all tenants: whoever a run has no time for is first in the next one."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from vigil.costs.rounds.ports import Look, Places
from vigil.errors import VigilError


@dataclass(frozen=True, slots=True)
class Round:
    """What a run did: tenants that were looked at, what was told of them, and looks that failed."""

    tenants: int = 0
    told: int = 0
    failed: int = 0


class Rounds:
    """Looks at one tenant after the other. Safe to run twice at once, as far as the looks are."""

    def __init__(self, tenants: Callable[[], Iterable[str]], looks: Sequence[Look], places: Places) -> None:
        self._tenants = tenants
        self._looks = looks
        self._places = places

    def run(self, time_left: Callable[[], bool]) -> Round:
        """Go on after the last tenant, once round at most, while there is time; one that fails stops nobody."""
        tenants = sorted(self._tenants())
        start = bisect_right(tenants, self._places.last())
        done, last = Round(), None
        for tenant_id in (*tenants[start:], *tenants[:start]):
            if not time_left():
                break
            for look in self._looks:
                done = self._looked(look, tenant_id, done)
            done, last = replace(done, tenants=done.tenants + 1), tenant_id
        if last:
            self._places.keep(last)
        return done

    @staticmethod
    def _looked(look: Look, tenant_id: str, done: Round) -> Round:
        try:
            return replace(done, told=done.told + look.look(tenant_id))
        except VigilError:
            return replace(done, failed=done.failed + 1)
