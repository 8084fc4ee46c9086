"""Measures masking on drawn texts: leaks, refusals, and clinical facts that survive."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.support.identified_texts.texts import IdentifiedText, leaks
from vigil.privacy.masking.model import Finding, KnownValue, Masked

Mask = Callable[[str, Sequence[KnownValue]], Masked]
Scan = Callable[[Masked, Sequence[KnownValue]], frozenset[Finding]]


@dataclass(slots=True)
class Measured:
    """Numbers of texts, of refused texts, of facts and lost facts; `leaked` has the leaks of texts that left."""

    texts: int = 0
    refused: int = 0
    facts: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    leaked: list[str] = field(default_factory=list)


def measure(texts: Iterable[IdentifiedText], mask: Mask, scan: Scan) -> Measured:
    """Return the outcome of masking and scanning each text with the values that its record has."""
    measured = Measured()
    for text in texts:
        known = [KnownValue(value) for value in text.known]
        masked = mask(text.text, known)
        measured.texts += 1
        measured.facts += len(text.facts)
        measured.lost.update(fact for fact in text.facts if fact not in masked.text)
        if scan(masked, known):
            measured.refused += 1
        else:
            measured.leaked += leaks(text, masked.text)
    return measured
