"""What happened, and whether it was right: every input has exactly one effect, whole and its own.

Works on recorded histories alone; nothing here knows where an effect was found.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["lost", "double", "foreign", "changed", "miscounted"]


@dataclass(frozen=True, slots=True)
class Input:
    """Work that was handed over once, however often it was delivered; `body` is what its effect must be, if known."""

    key: str
    owner: str
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One lasting trace of some work: a ledger row, a chunk, an event."""

    key: str
    owner: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller was told."""

    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Count:
    """A number that the system keeps, and what the effects add up to."""

    name: str
    kept: int
    effects: int


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that went wrong, by name."""

    kind: Kind
    key: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.key}: {self.detail}"


def violations(
    inputs: Iterable[Input], effects: Iterable[Effect], answers: Iterable[Answer] = (), counts: Iterable[Count] = ()
) -> list[Violation]:
    """Return everything that is wrong with a history, empty when each input had exactly one effect."""
    asked = {given.key: given for given in inputs}
    found = defaultdict(list)
    for effect in effects:
        found[effect.key].append(effect)
    wrong = [violation for given in asked.values() for violation in _of_input(given, found[given.key])]
    wrong += [
        Violation("foreign", key, "an effect of nothing that was asked")
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
            wrong.append(Violation("foreign", given.key, f"asked by {given.owner}, done for {effect.owner}"))
        if given.body is not None and effect.body != given.body:
            wrong.append(Violation("changed", given.key, "the effect has other bytes than was asked"))
    return wrong


def _of_answer(answer: Answer, effects: list[Effect]) -> Violation | None:
    if not effects:
        return Violation("lost", answer.key, "answered, and no effect")
    if any(effect.body != answer.body for effect in effects):
        return Violation("changed", answer.key, "the answer has other bytes than the effect")
    return None


def report(wrong: Iterable[Violation], seed: int) -> str:
    """Return what a failed test says: the seed that repeats it, and the first of what went wrong."""
    found = [str(violation) for violation in wrong]
    return "\n".join([f"seed {seed} (VIGIL_FAULT_SEED={seed}): {len(found)} violations", *found[:10]])
