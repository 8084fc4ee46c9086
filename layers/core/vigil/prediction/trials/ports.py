"""Ports of the trials room: published versions with their aliases, and stored comparisons."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from vigil.prediction.packages.ports import Pointer, VersionListing
from vigil.prediction.trials.evidence_model import DecisionLabel
from vigil.prediction.trials.model import PairedComparison


class VersionCatalogue(Protocol):
    """Published versions of models and the aliases that point at them."""

    def versions(self, name: str) -> Sequence[VersionListing]:
        """Return the published versions of a model, oldest first; raise NotFound for an unknown model."""
        ...

    def pointers(self, name: str) -> Mapping[str, Pointer]:
        """Return every alias of a model, by alias."""
        ...

    def promote(self, name: str, version: int, alias: str, share: int) -> Pointer:
        """Point an alias at a version.

        Raises NotFound, ModelRefused, InvalidInput if a gate fails, or Conflict if another move came first.
        """
        ...

    def withdraw(self, name: str, alias: str) -> Pointer:
        """End the trial of a challenger or the service of a champion; raise NotFound, InvalidInput or Conflict."""
        ...


class ComparisonStore(Protocol):
    """Stored comparisons of champions and challengers, over all tenants."""

    def recent(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[PairedComparison]:
        """Return at most `limit` comparisons of two versions, the newest of each shard."""
        ...

    def oldest(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[PairedComparison]:
        """Return at most `limit` comparisons of two versions, the oldest of each shard."""
        ...


class LabelReader(Protocol):
    """Labels of decisions that tenants have reported."""

    def labels(self, decisions: Sequence[str]) -> Mapping[str, DecisionLabel]:
        """Return the labels of the decisions with a resolved outcome, by their keys in the decision ledger."""
        ...
