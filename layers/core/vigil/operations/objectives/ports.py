"""Ports of objectives: the collected sums, and the stored state of burn-rate alerts."""

from typing import Protocol

from vigil.operations.objectives.burns_model import BurnState, CollectedSums


class SumsReader(Protocol):
    """Port that reads the valid and bad units of each objective over time."""

    def __call__(self) -> CollectedSums | None:
        """Return the units of all objectives up to the last collected minute, or None before the first collection.

        The bad units are among the valid ones. Raises Unavailable.
        """
        ...


class BurnStore(Protocol):
    """Stored state of burn-rate alerts. Every method raises Unavailable."""

    def load(self) -> BurnState:
        """Return the state, read consistently; an empty one before the first write."""
        ...

    def write(self, state: BurnState) -> bool:
        """Store a state over the one with the previous version, and return True.

        Return False and store nothing if another version is stored.
        """
        ...
