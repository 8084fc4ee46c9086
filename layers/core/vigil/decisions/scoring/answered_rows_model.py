"""Answers of rows, and the facts of each answer that profiles and late labels need."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vigil.errors import InvalidInput
from vigil.kernel.rows import NAN
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import UNKNOWN_BAND


class AnswerFacts(NamedTuple):
    """Facts that rows share. `band_code` is 1 for the lowest band, and 0 for no answer."""

    band_code: int
    band: str = ""
    decision: str = ""
    reasons: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()


NO_ANSWER = AnswerFacts(0)


@dataclass(slots=True)
class AnsweredRows:
    """Rows in their order: `texts` has the answer or the error of each row.

    `kinds` has a tuple for each row, whose first member is the band code. `facts` has the facts of each kind: an object
    per row would take as long as its score. `vectors` has the encoded features of each row, one row after the other.
    `probabilities` has NaN for a row without one. `as_of` has the times of the rows that state their own, by place.
    """

    texts: list[str | InvalidInput]
    kinds: list[tuple[Any, ...]]
    facts: dict[tuple[Any, ...], AnswerFacts]
    subject_ids: list[str]
    probabilities: list[float]
    vectors: "array[float]"
    as_of: dict[int, str] = field(default_factory=dict)
    has_errors: bool = False

    @classmethod
    def without_answers(cls, rows: int, width: int) -> "AnsweredRows":
        """Return rows without answers; `width` is the number of features."""
        kinds: list[tuple[Any, ...]] = [NO_ANSWER] * rows
        return cls([""] * rows, kinds, {}, [""] * rows, [NAN] * rows, array("d", [NAN]) * (width * rows))

    def facts_at(self, place: int) -> AnswerFacts | None:
        """Return the facts of a row; None for a row without an answer."""
        return self.facts.get(self.kinds[place])

    def set_row(self, place: int, other: "AnsweredRows", other_place: int) -> None:
        """Copy a row of other rows, which state no time of their own."""
        width = len(other.vectors) // len(other.texts)
        kind = other.kinds[other_place]
        self.texts[place], self.kinds[place] = other.texts[other_place], kind
        if kind in other.facts:
            self.facts[kind] = other.facts[kind]
        self.subject_ids[place] = other.subject_ids[other_place]
        self.probabilities[place] = other.probabilities[other_place]
        row = other.vectors[other_place * width : (other_place + 1) * width]
        self.vectors[place * width : (place + 1) * width] = row

    def set_answer(
        self,
        place: int,
        text: str,
        facts: AnswerFacts,
        subject_id: str,
        probability: float | None,
        vector: Sequence[float],
    ) -> None:
        """Set the answer of a row that was scored alone."""
        width = len(vector)
        self.texts[place], self.kinds[place], self.facts[facts] = text, facts, facts
        self.subject_ids[place] = subject_id
        self.probabilities[place] = NAN if probability is None else probability
        self.vectors[place * width : (place + 1) * width] = array("d", vector)

    def set_error(self, place: int, error: InvalidInput) -> None:
        """Set the error of a row."""
        self.has_errors = True
        self.texts[place], self.kinds[place] = error, NO_ANSWER
        self.subject_ids[place], self.probabilities[place] = "", NAN


def band_names(contract: ModelContract) -> Sequence[str]:
    """Return the bands of answers in the order of their codes: those of the model, then the unknown band."""
    return (*(band.name for band in contract.bands), UNKNOWN_BAND)
