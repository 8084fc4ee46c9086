"""Abstention thresholds with a promise: of the answers given, at most `alpha` in error with confidence `1 - delta`.

Fixed-sequence testing (Angelopoulos et al., 2021, "Learn then Test"): thresholds are tried from the strictest on, in an
order that the certification rows had no part in; each is kept only if an exact binomial test (Clopper & Pearson, 1934)
rejects that its error is above alpha; the first that is not ends the search. No correction for their number is needed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.training import Floats
from vigil.ensemble.model import Abstention

STEPS = 60


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
    """Return the loosest threshold of the sequence that can be promised, or None if not even the first can."""
    best = None
    for threshold in sequence:
        accepted = answers.doubts <= threshold
        count, failed = int(accepted.sum()), int(answers.errors[accepted].sum())
        if stats.binom.cdf(failed, count, promise.alpha) > promise.delta:
            break
        bound = float(stats.beta.ppf(1 - promise.delta, failed + 1, count - failed))
        best = Abstention(promise.alpha, promise.delta, threshold, bound, count / answers.rows, promise.harm)
    return best


def sequence(doubts: Floats, rows: int, promise: Promise) -> list[float]:
    """Return rising thresholds, from the quantiles of doubts of other rows than the `rows` to be certified on.

    It begins where some more rows are accepted than would have to be free of error.
    """
    needed = math.log(promise.delta) / math.log(1 - promise.alpha)
    first = min(1.5 * needed / max(rows, 1), 1.0)
    return sorted(set(np.quantile(doubts, np.linspace(first, 1.0, STEPS)).tolist()))


def plug_in(answers: Answers, sequence: Sequence[float], promise: Promise) -> float | None:
    """Return the loosest threshold whose observed error is at most alpha: what is done without certification."""
    best = None
    for threshold in sequence:
        accepted = answers.doubts <= threshold
        if accepted.any() and answers.errors[accepted].mean() <= promise.alpha:
            best = threshold
    return best
