"""Abstention: the certified policy for answers, and the reason for which an answer has no statements."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vigil.assistant.answers.model import AbstentionReason

SelectionOutcome = Literal["selected", "unanswerable", "masking_refused", "unavailable"]
"""Outcome of the selection of sentences.

`selected`: a model, or the extractive selection by choice, selected sentences or none. `unanswerable`: the model found
no answer in the passages. `masking_refused`: health data could not be removed, so the selection was extractive.
`unavailable`: the model gave no answer, so the selection was extractive.
"""


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """A certified threshold: below `share_from`, an answer abstains and no model is called.

    Of questions that the documents do not answer, at most the share `alpha` passes the threshold, with confidence
    `1 - delta` over sets of labelled questions. The bound does not depend on how many questions are answerable. The
    later checks only add abstentions, so it also holds for whole answers.

    `unanswerable` is the number of such questions in the set, `passed` the number of them above the threshold, and
    `passed_bound` the exact upper bound of the share. `coverage` is the share of answerable questions that pass.
    """

    share_from: float
    alpha: float
    delta: float
    unanswerable: int
    passed: int
    passed_bound: float
    coverage: float
    method: Literal["clopper-pearson-fixed-sequence"] = "clopper-pearson-fixed-sequence"


@dataclass(frozen=True, slots=True)
class AbstentionFacts:
    """Facts of an answer that decide about its abstention. The later ones are known after the selection.

    `share` and `retired_share` are the largest shares of the question's weight in active and in retired passages.
    `has_contradictions` is True if active documents contradict each other on the selected sentences.
    """

    is_out_of_scope: bool
    share: float
    retired_share: float = 0.0
    outcome: SelectionOutcome = "selected"
    has_statements: bool = False
    has_contradictions: bool = False


def find_early_abstention(facts: AbstentionFacts, policy: AnswerPolicy) -> AbstentionReason | None:
    """Return the reason to abstain before any model is called, or None."""
    if facts.is_out_of_scope:
        return "out_of_scope"
    if facts.share < policy.share_from:
        return "retired" if facts.retired_share >= policy.share_from else "no_evidence"
    return None


def find_abstention(facts: AbstentionFacts, policy: AnswerPolicy) -> AbstentionReason | None:
    """Return the first reason to abstain, or None if the answer has statements that may be shown.

    Contraindications by rules do not count as statements here: they are shown with every answer, also beside a reason.
    """
    return find_early_abstention(facts, policy) or (None if facts.has_statements else next(_late_reasons(facts)))


def _late_reasons(facts: AbstentionFacts) -> Iterator[AbstentionReason]:
    if facts.has_contradictions:
        yield "conflict"
    by_outcome: dict[SelectionOutcome, AbstentionReason] = {
        "selected": "unsupported",
        "unanswerable": "no_evidence",
        "masking_refused": "phi",
        "unavailable": "llm_unavailable",
    }
    yield by_outcome[facts.outcome]
