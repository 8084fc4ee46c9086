"""Checker of recorded histories: every input must have exactly one complete effect for its own tenant.

The checker uses only the recorded history, not the stores.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["lost", "double", "foreign", "changed", "miscounted"]


@dataclass(frozen=True, slots=True)
class Input:
    """One unit of work, independent of its number of deliveries. `body` is the expected effect, None if unknown."""

    key: str
    owner: str
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One stored result of work: a ledger row, a chunk or an event."""

    key: str
    owner: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer that a caller received."""

    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Count:
    """A counter of the system beside the number that follows from the effects."""

    name: str
    kept: int
    effects: int


@dataclass(frozen=True, slots=True)
class Violation:
    """One error in a history."""

    kind: Kind
    key: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.key}: {self.detail}"


def violations(
    inputs: Iterable[Input], effects: Iterable[Effect], answers: Iterable[Answer] = (), counts: Iterable[Count] = ()
) -> list[Violation]:
    """Return all errors of a history. The list is empty if each input had exactly one effect."""
    asked = {given.key: given for given in inputs}
    found = defaultdict(list)
    for effect in effects:
        found[effect.key].append(effect)
    wrong = [violation for given in asked.values() for violation in _of_input(given, found[given.key])]
    wrong += [
        Violation("foreign", key, "effect without an input")
        for key, effects_ in found.items()
        if effects_ and key not in asked
    ]
    wrong += [violation for answer in answers if (violation := _of_answer(answer, found[answer.key]))]
    wrong += [
        Violation("miscounted", count.name, f"kept {count.kept}, effects {count.effects}")
        for count in counts
        if count.kept != count.effects
    ]
    return wrong


def _of_input(given: Input, effects: list[Effect]) -> list[Violation]:
    wrong = []
    if not effects:
        wrong.append(Violation("lost", given.key, "no effect"))
    if len(effects) > 1:
        wrong.append(Violation("double", given.key, f"{len(effects)} effects"))
    for effect in effects:
        if effect.owner != given.owner:
            wrong.append(Violation("foreign", given.key, f"requested by {given.owner}, done for {effect.owner}"))
        if given.body is not None and effect.body != given.body:
            wrong.append(Violation("changed", given.key, "the effect differs from the input"))
    return wrong


def _of_answer(answer: Answer, effects: list[Effect]) -> Violation | None:
    if not effects:
        return Violation("lost", answer.key, "answered without an effect")
    if any(effect.body != answer.body for effect in effects):
        return Violation("changed", answer.key, "the answer differs from the effect")
    return None


def report(wrong: Iterable[Violation], seed: int) -> str:
    """Return the message of a failed test: the seed that repeats it and the first 10 errors."""
    found = [str(violation) for violation in wrong]
    return "\n".join([f"seed {seed} (VIGIL_FAULT_SEED={seed}): {len(found)} violations", *found[:10]])
