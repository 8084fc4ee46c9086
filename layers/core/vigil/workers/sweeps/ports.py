"""What rounds need from outside: a job, all tenants, and a memory of how far a round came."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Protocol

from vigil.workers.sweeps.model import Place


class Job(Protocol):
    """What is to be done for each tenant, round after round. Safe to repeat."""

    patience: timedelta
    """How long a round may take before somebody is told."""

    def due(self, last: str, /) -> str | None:
        """Return the name of the round that is due after the last (empty before the first), None before its time."""
        ...

    def look(self, tenant_id: str, name: str, /) -> Mapping[str, int]:
        """Do it for a tenant in a round, and return how much of what was done; may raise anything."""
        ...


class Tenants(Protocol):
    """All tenants."""

    def __call__(self, after: str, /) -> Iterable[str]:
        """Yield their ids in order, from behind one of them; all with an empty one."""
        ...


class Places(Protocol):
    """Where the rounds of a job are."""

    def last(self) -> Place:
        """Return the place that was kept last, read consistently."""
        ...

    def keep(self, place: Place) -> bool:
        """Keep a place that follows the one of the revision before; return False if another run kept one since."""
        ...
