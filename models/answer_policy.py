"""Certified policy for answers from guidelines: the share of a question's weight from which an answer is given."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.certification import ThresholdTest, accept
from vigil.assistant.answers.abstention_model import AnswerPolicy

STEPS = 40
"""Number of thresholds between 1 and 0 that are tried, the strictest first."""


@dataclass(frozen=True, slots=True)
class LabelledShare:
    """The largest share that a passage has for a question, and True if the documents answer the question."""

    share: float
    is_answerable: bool


def fit_policy(questions: Sequence[LabelledShare], alpha: float, delta: float) -> AnswerPolicy | None:
    """Return the policy with the smallest threshold that the guarantee allows, or None if no threshold is certified.

    `questions` are independent of each other and were not used to choose terms or ranking. An error is a question
    without an answer that passes the threshold; its share is among such questions alone. With delta 0.05, an alpha of
    0.1 needs at least 29 of them.
    """
    unanswerable = [each.share for each in questions if not each.is_answerable]
    answerable = [each.share for each in questions if each.is_answerable]
    thresholds = [1 - step / STEPS for step in range(STEPS)]
    tests = (ThresholdTest(each, _passing(unanswerable, each), len(unanswerable)) for each in thresholds)
    accepted = accept(tests, alpha, delta)
    if accepted is None:
        return None
    threshold, passed, count = accepted.test
    coverage = _passing(answerable, threshold) / max(len(answerable), 1)
    return AnswerPolicy(threshold, alpha, delta, count, passed, accepted.bound, coverage)


def _passing(shares: Sequence[float], threshold: float) -> int:
    return sum(share >= threshold for share in shares)
