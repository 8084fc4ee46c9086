"""What the life cycle of models needs from outside: the registry's aliases, and the comparisons of the past."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from vigil.prediction.packages.ports import Pointer, VersionListing
from vigil.prediction.trials.model import PairedComparison


class VersionCatalogue(Protocol):
    """The published versions of models and the aliases that point at them."""

    def versions(self, name: str) -> Sequence[VersionListing]:
        """Return the published versions of a model, oldest first; raise NotFound for an unknown model."""
        ...

    def pointers(self, name: str) -> Mapping[str, Pointer]:
        """Return every alias of a model, by alias."""
        ...

    def promote(self, name: str, version: int, alias: str, share: int) -> Pointer:
        """Point an alias at a version.

        Raises NotFound, ModelRefused, InvalidInput for one that does not pass the gates, Conflict when overtaken.
        """
        ...

    def withdraw(self, name: str) -> Pointer:
        """End the trial of a challenger; raise NotFound or Conflict."""
        ...


class ComparisonStore(Protocol):
    """What champions and challengers said side by side, over all tenants."""

    def recent(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[PairedComparison]:
        """Return at most so many comparisons of two versions, the newest of each shard."""
        ...
