"""E-detectors of weekly cohorts: bets on miscalibration and on overdue labels.

A detector is a Shiryaev-Roberts sum of likelihood ratios. Its mean time to a false alarm is at least its threshold in
weeks, whatever the number of rows (Shin, Ramdas and Rinaldo, 2022).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vigil.monitoring.findings.model import BUDGET_SHARES, DAYS_PER_YEAR
from vigil.monitoring.performance.cohorts_model import CohortArm
from vigil.monitoring.performance.model import log_odds, probability
from vigil.monitoring.profiles.model import SUM_SCALE

TOLERANCE = 0.15
"""Error of calibration in log-odds that raises no alarm."""
SHIFTS = (0.2, 0.4, 0.8)
"""Bets on the shift of log-odds, in both directions."""
SLOPES = (0.3, 0.6, 1.4)
"""Bets on the slope: factors of the distance of log-odds from their centre."""
OVERDUE_ODDS = (1.5, 2.5, 5.0)
"""Bets on more overdue labels, as odds ratios to the tolerated share."""
OVERDUE_TOLERANCE = 1.25
"""Odds ratio of overdue labels that raises no alarm."""
THRESHOLD = math.log(DAYS_PER_YEAR / 7 / BUDGET_SHARES["labels"])
"""Natural logarithm of the evidence at which labels alarm: the mean weeks between false alarms."""
NO_EVIDENCE = -math.inf
"""Logarithm of the evidence of a detector that has just started."""
_LARGE = 40.0
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class LabelledBin:
    """Labelled decisions of one score bin, the events among them, and the log-odds of their mean probability.

    For overdue labels: all decisions of a week, the overdue ones, and the tolerated log-odds.
    """

    rows: int
    events: int
    odds: float


def labelled_bins(arm: CohortArm) -> list[LabelledBin]:
    """Return the bins with labelled decisions, the lowest first."""
    scores = arm.labelled
    return [
        LabelledBin(rows, events, log_odds(min(max(total / rows / SUM_SCALE, _EDGE), 1 - _EDGE)))
        for rows, total, events in zip(scores.rows, scores.sums, arm.events, strict=True)
        if rows
    ]


def calibration_ratios(bins: Sequence[LabelledBin], tolerance: float = TOLERANCE) -> list[float]:
    """Return the natural log-likelihood ratio of each bet; `tolerance` is in log-odds.

    The bets are `SHIFTS` upwards, `SHIFTS` downwards, and `SLOPES`, in this order. Without bins, all ratios are 0.

    A bet shifts the log-odds of each bin; its opponent shifts them the same way, by at most the tolerance. So the ratio
    has a mean of at most 1 while each row's error is tolerated. That also holds for a bin's different probabilities: a
    product of likelihoods is largest for equal ones, and the shifted mean bounds the mean of the shifted ones.
    """
    centre = _centre(bins)
    bets = [[sign * shift] * len(bins) for sign in (1, -1) for shift in SHIFTS]
    bets += [[(slope - 1) * (each.odds - centre) for each in bins] for slope in SLOPES]
    return [
        math.fsum(
            _ratio(each, shift, max(-tolerance, min(shift, tolerance))) for each, shift in zip(bins, bet, strict=True)
        )
        for bet in bets
    ]


def overdue_ratios(overdue: int, rows: int, tolerated: float, dispersion: float) -> list[float]:
    """Return the natural log-likelihood ratio of each bet on more overdue labels, in the order of `OVERDUE_ODDS`.

    `overdue` is a part of `rows`. `tolerated` is in log-odds. The dispersion divides the ratios, because facilities
    report by turns; it is 1 for independent decisions.
    """
    counted = LabelledBin(rows, overdue, tolerated)
    return [_ratio(counted, math.log(odds), 0.0) / dispersion for odds in OVERDUE_ODDS]


def grow(logs: Sequence[float], ratios: Sequence[float]) -> tuple[float, ...]:
    """Return the natural logarithms of the detectors after one more week, in the order of the ratios.

    Empty `logs` are detectors that start.
    """
    before = logs or (NO_EVIDENCE,) * len(ratios)
    return tuple(
        (log if log > _LARGE else math.log1p(math.exp(log))) + ratio for log, ratio in zip(before, ratios, strict=True)
    )


def log_mean(logs: Sequence[float]) -> float:
    """Return the logarithm of the mean of numbers that are given by their natural logarithms.

    Without numbers, it is `NO_EVIDENCE`.
    """
    most = max(logs, default=NO_EVIDENCE)
    if most == NO_EVIDENCE:
        return NO_EVIDENCE
    return most + math.log(math.fsum(math.exp(log - most) for log in logs) / len(logs))


def _centre(bins: Sequence[LabelledBin]) -> float:
    """Return the mean log-odds by information, so that bets on the slope are neutral about the intercept."""
    weights = [each.rows * probability(each.odds) * probability(-each.odds) for each in bins]
    total = math.fsum(weights)
    return math.fsum(w * each.odds for w, each in zip(weights, bins, strict=True)) / total if total else 0.0


def _ratio(counted: LabelledBin, shift: float, edge: float) -> float:
    if shift == edge:
        return 0.0
    bet, opponent = counted.odds + shift, counted.odds + edge
    return (shift - edge) * counted.events + counted.rows * (_log_absence(bet) - _log_absence(opponent))


def _log_absence(odds: float) -> float:
    """Return the logarithm of the probability of no event."""
    return -odds - math.log1p(math.exp(-odds)) if odds > 0 else -math.log1p(math.exp(odds))
