"""Questions about the guideline "Nyala", in the words of clinicians, with the sentences that answer them.

The half `fit` is for the threshold of abstention, and the half `test` for its evaluation. The questions were written
before any search ran on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from models.nyala.corpus import SentencePlace, read_place, read_rows
from vigil.assistant.answers.model import AbstentionReason

QuestionKind = Literal["answerable", "unanswerable", "conflict", "contraindication"]
"""Kind of a question.

`answerable`: active documents answer it and agree. `unanswerable`: the right answer is an abstention. `conflict`:
active documents contradict each other. `contraindication`: a rule about the patient context applies.
"""
Half = Literal["fit", "test"]
"""Half of the questions."""
Family = Literal["near_miss", "unrelated", "retired", "order"]
"""Family of unanswerable questions.

`near_miss`: words of the documents, and no answer in them. `unrelated`: another subject. `retired`: only the retired
version has the answer. `order`: an order to the service.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A labelled question.

    `context` is the patient context as JSON has it. `gold` are the sentences that answer the question; each of them
    alone is enough for an answerable question. `contradiction` and `rules` are names.
    """

    question_id: str
    kind: QuestionKind
    half: Half
    text: str
    context: Mapping[str, object] = field(default_factory=dict)
    gold: tuple[SentencePlace, ...] = ()
    family: Family | None = None
    reason: AbstentionReason | None = None
    contradiction: str | None = None
    rules: tuple[str, ...] = ()


def read_questions() -> tuple[Question, ...]:
    """Return all questions."""
    return tuple(map(_question, read_rows("questions")))


def _question(row: Mapping[str, Any]) -> Question:
    return Question(
        question_id=row["id"],
        kind=row["kind"],
        half=row["half"],
        text=row["question"],
        context=row.get("context", {}),
        gold=tuple(map(read_place, row.get("gold", []))),
        family=row.get("family"),
        reason=row.get("reason"),
        contradiction=row.get("contradiction"),
        rules=tuple(row.get("rules", [])),
    )
