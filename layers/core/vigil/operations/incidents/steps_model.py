"""Checks and actions of runbooks: their scope, their results, and the interfaces that they implement."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Scope:
    """Subject of an incident. Every field but the id may be empty. The fields are ids, never free text."""

    incident_id: str
    stack: str = ""
    function: str = ""
    """Logical name of a function, such as `scoring_api`."""
    model: str = ""
    tenant_id: str = ""
    key_ids: tuple[str, ...] = ()
    circuit: str = ""
    flag: str = ""
    queue: str = ""


Verdict = Literal["ok", "faulty", "unknown"]
"""Result of a check. `unknown`: a source did not answer, or the subject of the incident was not found."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Result of a check: a verdict, one plain sentence, and at most 20 facts. It has no health data."""

    verdict: Verdict
    summary: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """Changes that an action would make. `effects` has one sentence per change.

    `is_needed` is False if the state is already the wanted one.
    """

    effects: tuple[str, ...]
    is_needed: bool = True
    refusal: str = ""
    """Reason why the action must not run, or ""."""
    digest: str = ""
    """Digest of the changes and of the state from which they are made."""


class Check(Protocol):
    """Port of the code that a check step runs. It reads only."""

    def run(self, scope: Scope) -> Evidence:
        """Return the evidence. A source that does not answer gives the verdict `unknown`. Raises no Vigil error."""
        ...


class Action(Protocol):
    """Port of the code that an action step runs."""

    def preview(self, scope: Scope) -> Preview:
        """Return the changes that the action would make. It reads only. Raises NotFound and Unavailable."""
        ...

    def apply(self, scope: Scope, token: str, confirmed: str | None = None) -> tuple[str, ...]:
        """Make the changes and return one sentence per change. A call with the same token has no second effect.

        `confirmed` is the digest of the dry run that a person has confirmed, or None without a confirmation. Raises
        Conflict for a refused action, for a state that was changed since the dry run, and for a resource that was
        changed otherwise. Raises NotFound for a deleted resource, and Unavailable.
        """
        ...
