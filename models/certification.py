"""Abstention thresholds with a promise: of the answers given, at most `alpha` in error with confidence `1 - delta`.

Split fixed-sequence testing (Angelopoulos et al., 2021, "Learn then Test"): thresholds are tried in rising order from
the one that other rows show to be the most promising; each is kept only if an exact binomial test (Clopper & Pearson,
1934) rejects that its error is above alpha; the first that is not ends the search. No correction for their number is
needed, because the rows that test had no part in the order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.training import Floats
from vigil.prediction.engines.ensemble import Abstention

STEPS = 60
PESSIMISM = 1.25


@dataclass(frozen=True, slots=True)
class Promise:
    """What is asked for: the error, the confidence, and what counts as an error."""

    alpha: float
    delta: float
    harm: Literal["wrong", "missed"] = "wrong"


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to rows with known labels: their doubt, and whether each was in error. Independent rows only."""

    doubts: Floats
    errors: NDArray[np.bool_]
    rows: int
    """All rows asked about, those included that abstain for another reason."""


def certify(answers: Answers, sequence: Sequence[float], promise: Promise) -> Abstention | None:
    """Return the loosest threshold that can be promised, or None if not even the first of the sequence can."""
    best = None
    for threshold in sequence:
        failed, count = _counts(answers, threshold)
        if stats.binom.cdf(failed, count, promise.alpha) > promise.delta:
            break
        bound = float(stats.beta.ppf(1 - promise.delta, failed + 1, count - failed))
        best = Abstention(promise.alpha, promise.delta, threshold, bound, count / answers.rows, promise.harm)
    return best


def sequence(known: Answers, rows: int, promise: Promise) -> list[float]:
    """Return rising thresholds to try, from the doubts of rows that the certification will not use.

    They begin with the one that would pass most clearly on `rows` like these, with somewhat more errors than the doubts
    add up to: they were fitted to these rows.
    """
    scale = rows / known.rows

    def chance(threshold: float) -> float:
        within = known.doubts[known.doubts <= threshold]
        expected = math.ceil(PESSIMISM * scale * within.sum())
        return float(stats.binom.cdf(expected, round(scale * len(within)), promise.alpha))

    candidates = sorted(set(np.quantile(known.doubts, np.linspace(0, 1, STEPS + 1)[1:]).tolist()))
    return candidates[candidates.index(min(candidates, key=chance)) :]


def plug_in(answers: Answers, sequence: Sequence[float], promise: Promise) -> float | None:
    """Return the loosest threshold whose observed error is at most alpha: what is done without certification."""
    observed = {threshold: _counts(answers, threshold) for threshold in sequence}
    return max((t for t, (failed, count) in observed.items() if failed <= promise.alpha * count), default=None)


def _counts(answers: Answers, threshold: float) -> tuple[int, int]:
    """Return how many of the answers within a threshold are in error, and how many there are."""
    accepted = answers.doubts <= threshold
    return int(answers.errors[accepted].sum()), int(accepted.sum())
