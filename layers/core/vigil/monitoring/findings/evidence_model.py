"""Evidence of detectors as natural logarithms: its growth, its mean, and the evidence of a finding."""

import math
from collections.abc import Sequence

NO_EVIDENCE = -math.inf
"""Natural logarithm of the evidence of a detector that has just started, which is 0."""
LITTLE_EVIDENCE = math.log(10)
"""Natural logarithm of the evidence below which a change, if any, is taken to begin later."""
_LARGE = 40.0
"""Natural logarithm above which adding 1 changes nothing in double precision."""
_MAX_LOG = 690.0
"""Maximum natural logarithm whose number is finite in double precision, rounded."""


def advance_evidence(logs: Sequence[float], log_ratios: Sequence[float]) -> tuple[float, ...]:
    """Return the evidence of each bet after one more period, from its evidence before and its likelihood ratio.

    All numbers are natural logarithms, in the order of the bets. Empty `logs` mean that the detectors start. Raises
    ValueError for other unequal lengths.
    """
    before = logs or (NO_EVIDENCE,) * len(log_ratios)
    return tuple(
        (log if log > _LARGE else math.log1p(math.exp(log))) + log_ratio
        for log, log_ratio in zip(before, log_ratios, strict=True)
    )


def log_sum(logs: Sequence[float]) -> float:
    """Return the natural logarithm of the sum of numbers that are given by their natural logarithms.

    Without numbers, it is `NO_EVIDENCE`.
    """
    if not logs or (most := max(logs)) == NO_EVIDENCE:
        return NO_EVIDENCE
    return most + math.log(math.fsum(math.exp(log - most) for log in logs))


def log_mean(logs: Sequence[float]) -> float:
    """Return the natural logarithm of the mean of numbers that are given by their natural logarithms.

    Without numbers, it is `NO_EVIDENCE`.
    """
    return log_sum(logs) - math.log(len(logs)) if logs else NO_EVIDENCE


def from_log(log: float) -> float:
    """Return the number of a natural logarithm, at most about 1e299, so that it is finite."""
    return math.exp(min(log, _MAX_LOG))
