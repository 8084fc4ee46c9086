"""What flags need from outside: somewhere the set is kept, and an engine that evaluates it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from vigil.access.flags.model import FlagSet

Evaluator = Callable[[str, Mapping[str, Any]], bool]
"""Say whether a flag, by name, is on in a context of `stage`, `tenant_id` and `bucket`."""


class FlagStore(Protocol):
    """The set of flags that holds, and every set that ever held."""

    def current(self) -> FlagSet:
        """Return the set that holds, empty if there never was one; raise Unavailable where it cannot be read."""
        ...

    def find_by_digest(self, digest: str) -> FlagSet | None:
        """Return a set that held once, by the digest that decisions name."""
        ...

    def replace(self, new: FlagSet, by: str, at: str) -> bool:
        """Let a set hold if the one before it, by version, still does; say whether that was so."""
        ...


class EvaluatorFactory(Protocol):
    """Makes what evaluates a set."""

    def __call__(self, flags: FlagSet) -> Evaluator:
        """Return the evaluation of a set; raise Unavailable for one that cannot be evaluated."""
        ...
