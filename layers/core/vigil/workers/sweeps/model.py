"""The checkpoint of a sweep over all tenants, and the summary of one run. Pure values and rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The progress of a sweep.

    Before tenants are processed, they are stored as `pending_retries`, and removed when they succeed. So a run that is
    killed at a tenant leaves the same checkpoint as a tenant that fails: the sweep continues with the next tenant and
    retries the pending ones at its end. A tenant that fails again is counted in `lost`.
    """

    name: str = ""
    """Name of the sweep, chosen by its job; empty before the first sweep."""
    started_at: str = ""
    """Start of the sweep, as a timestamp."""
    after: str = ""
    """The last tenant that was processed."""
    pending_retries: tuple[str, ...] = ()
    """Tenants that failed once, in the order of their failures."""
    lost: int = 0
    """Number of tenants that failed twice."""
    is_finished: bool = True
    revision: int = 0
    """A number that grows with each saved checkpoint, so that one of two concurrent runs is superseded."""

    def start(self, name: str, at: str) -> "Checkpoint":
        """Return the checkpoint of a new sweep."""
        return Checkpoint(name, at, is_finished=False, revision=self.revision)

    def advance(self, tenants: Sequence[str], failed: Sequence[str]) -> "Checkpoint":
        """Return the checkpoint after these tenants were processed, some of which failed."""
        return replace(self, after=tenants[-1], pending_retries=(*self.pending_retries, *failed))

    def retried(self, *, failed: bool) -> "Checkpoint":
        """Return the checkpoint after the first pending tenant was retried."""
        return replace(self, pending_retries=self.pending_retries[1:], lost=self.lost + failed)


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """The results of one run."""

    tenants: int
    """Number of tenants processed, retries included."""
    failed: int
    counts: dict[str, int]
    """Totals of the counts that the job returned per tenant."""
    lost: int
    """Number of tenants that failed twice in the sweeps that the run finished."""
    open_since: str | None
    """Start of the unfinished sweep, or None."""
