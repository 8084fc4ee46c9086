"""Answers: statements with citations, warnings, conflicts and the reasons for an abstention. Pure values."""

from dataclasses import dataclass
from typing import Literal

from vigil.assistant.passages.model import Passage, PassageId, Span

MAX_STATEMENTS = 8
"""Maximum statements of an answer, without the contraindications of rules."""
MAX_QUESTION_CHARACTERS = 1_000
"""Maximum length of a question."""

AbstentionReason = Literal[
    "no_evidence", "unsupported", "retired", "conflict", "phi", "llm_unavailable", "out_of_scope"
]
"""Reason for an abstention.

`no_evidence`: no passage is near enough. `unsupported`: no selected sentence passed the checks. `retired`: only
retired documents contain an answer. `conflict`: active documents contradict each other, and neither side can be shown
alone. `phi`: the question contains health data that cannot be removed. `llm_unavailable`: the model gave no answer, and
no sentence is near enough without it. `out_of_scope`: the question gives an order to the service. Another question that
no guideline answers has `no_evidence`.
"""
StatementKind = Literal["evidence", "recommendation", "warning", "contraindication"]
"""Kind of a statement. Rules about the patient context produce contraindications, also without a model."""
MissingPart = Literal["nothing", "evidence", "patient_facts", "clear_question", "scope"]
"""Part that a model misses for an answer.

`nothing`: the question has an answer. `evidence`: the passages do not answer the question. `patient_facts`: the answer
depends on facts about the patient. `clear_question`: the question is unclear. `scope`: a guideline cannot answer it.
A model names a part and writes no text, so that no words of a passage or of a model reach a person unchecked.
"""
Confidence = Literal["high", "medium", "low"]
"""Confidence from facts: share of the matched terms, number of documents, conflicts, and a missing model."""
Degradation = Literal["extractive", "no_vectors"]
"""Part of the service that did not take part: the model that selects sentences, or the vectors."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The place of a statement: passage, byte range in the text of its version, digest of the passage, and headings.

    `quote` is the text of the range, byte by byte.
    """

    passage_id: PassageId
    span: Span
    passage_digest: str
    quote: str
    headings: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """Whole sentences of one passage. Its text is the quote of its citation."""

    kind: StatementKind
    citation: Citation


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sentences of different active documents that disagree, and the kind of difference, such as `number`."""

    one: Citation
    other: Citation
    difference: str


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage that retrieval found. `share` is the part of the question's weight that the passage matches, 0 to 1."""

    passage: Passage
    share: float


@dataclass(frozen=True, slots=True)
class Selection:
    """Sentences of a passage that a model selected: the first and the last index, both included, from 0."""

    passage_id: PassageId
    first: int
    last: int
