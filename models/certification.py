"""Certified abstention thresholds: of the given answers, at most `alpha` are wrong, with confidence `1 - delta`.

Split fixed-sequence testing (Angelopoulos et al., 2021, "Learn then Test"). Thresholds are tried in rising order, from
the most promising one on other rows. Each is accepted only if an exact binomial test (Clopper & Pearson, 1934) rejects
an error above alpha. The first failure ends the search. No correction for the number of tests is needed, because the
tested rows had no influence on the order.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.training import Floats
from vigil.prediction.engines.ensemble import Abstention

MAX_THRESHOLDS = 60
ERROR_MARGIN = 1.25


@dataclass(frozen=True, slots=True)
class Guarantee:
    """The required guarantee: error share, confidence, and the kind of error."""

    alpha: float
    delta: float
    harm: Literal["wrong", "missed"] = "wrong"


@dataclass(frozen=True, slots=True)
class CandidateAnswers:
    """Answers to independent rows with known labels: their error probabilities, and True for each wrong answer."""

    error_probabilities: Floats
    errors: NDArray[np.bool_]
    rows: int
    """Number of all assessed rows, including rows that abstain for another reason."""


class ThresholdTest(NamedTuple):
    """Errors within a threshold, among the rows that the guarantee is about."""

    threshold: float
    errors: int
    rows: int


class Accepted(NamedTuple):
    """An accepted test, with the exact upper bound of its error share."""

    test: ThresholdTest
    bound: float


def accept(tests: Iterable[ThresholdTest], alpha: float, delta: float) -> Accepted | None:
    """Return the last test before the first one that fails, or None if the first one fails.

    The order of the tests must not depend on their rows.
    """
    last = None
    for test in tests:
        if stats.binom.cdf(test.errors, test.rows, alpha) > delta:
            break
        last = test
    if last is None:
        return None
    return Accepted(last, float(stats.beta.ppf(1 - delta, last.errors + 1, last.rows - last.errors)))


def certify(answers: CandidateAnswers, sequence: Sequence[float], guarantee: Guarantee) -> Abstention | None:
    """Return the largest threshold that satisfies the guarantee, or None if the first of the sequence fails."""
    tests = (ThresholdTest(threshold, *_counts(answers, threshold)) for threshold in sequence)
    best = accept(tests, guarantee.alpha, guarantee.delta)
    if best is None:
        return None
    (threshold, _, rows), bound = best
    return Abstention(guarantee.alpha, guarantee.delta, threshold, bound, rows / answers.rows, guarantee.harm)


def threshold_sequence(known: CandidateAnswers, rows: int, guarantee: Guarantee) -> list[float]:
    """Return rising thresholds to try, from the error probabilities of rows that certification does not use.

    The first threshold is the one that would pass most clearly on `rows` such rows. The expected errors are increased
    by ERROR_MARGIN, because the probabilities were fitted to these rows.
    """
    scale = rows / known.rows

    def chance(threshold: float) -> float:
        within = known.error_probabilities[known.error_probabilities <= threshold]
        expected = math.ceil(ERROR_MARGIN * scale * within.sum())
        return float(stats.binom.cdf(expected, round(scale * len(within)), guarantee.alpha))

    candidates = sorted(set(np.quantile(known.error_probabilities, np.linspace(0, 1, MAX_THRESHOLDS + 1)[1:]).tolist()))
    return candidates[candidates.index(min(candidates, key=chance)) :]


def _counts(answers: CandidateAnswers, threshold: float) -> tuple[int, int]:
    """Return the number of wrong answers within a threshold, and the number of all answers within it."""
    accepted = answers.error_probabilities <= threshold
    return int(answers.errors[accepted].sum()), int(accepted.sum())
