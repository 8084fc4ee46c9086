"""Ports of feature flags: storage of flag sets, and their evaluation."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from vigil.access.flags.model import FlagSet

Evaluator = Callable[[str, Mapping[str, Any]], bool]
"""True if the named flag is on in a context of `stage`, `tenant_id` and `bucket`."""


class FlagStore(Protocol):
    """The current flag set and all earlier ones."""

    def current(self) -> FlagSet:
        """Return the current set, empty before the first change; raise Unavailable if it cannot be read."""
        ...

    def find_by_digest(self, digest: str) -> FlagSet | None:
        """Return the current or an earlier set by the digest that decisions record, or None."""
        ...

    def replace(self, new: FlagSet, by: str, at: str) -> bool:
        """Store the next version; return False without writing if the stored version is not its predecessor."""
        ...


class EvaluatorFactory(Protocol):
    """Builds the evaluator of a flag set."""

    def __call__(self, flags: FlagSet) -> Evaluator:
        """Return the evaluator of a set; raise Unavailable if the set cannot be evaluated."""
        ...
