"""How far a job is on its way round all tenants, and what a run of it did. Pure values and rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Place:
    """Where a round is.

    Whose turn comes is written down as left behind, until it is known what came of it. So a run that dies at a tenant
    is no different from a look that fails: the round goes on behind it, and ends with another turn for those who were
    left. Who fails again is `lost` for this round.
    """

    name: str = ""
    """Of the round, as its job calls it; empty before the first one."""
    begun_at: str = ""
    """ISO 8601 in UTC."""
    after: str = ""
    """The last tenant who had a turn."""
    left: tuple[str, ...] = ()
    lost: int = 0
    over: bool = True
    revision: int = 0
    """It grows with each step, so that of two runs one gives way."""

    def begin(self, name: str, at: str) -> "Place":
        """Return the beginning of another round."""
        return Place(name, at, over=False, revision=self.revision)

    def passed(self, tenants: Sequence[str], failed: Sequence[str]) -> "Place":
        """Return the place behind tenants who had a turn, some of them in vain."""
        return replace(self, after=tenants[-1], left=(*self.left, *failed))

    def again(self, *, failed: bool) -> "Place":
        """Return the place behind another turn of the tenant who was left first."""
        return replace(self, left=self.left[1:], lost=self.lost + failed)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did, and where it left the round."""

    tenants: int
    """Who had a turn."""
    failed: int
    did: dict[str, int]
    """What the looks say that they did, in sum."""
    lost: int
    """Tenants of the rounds that ended who failed twice."""
    open_since: str | None
    """When the round began that is not over."""
