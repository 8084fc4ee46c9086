"""E-detectors of weekly cohorts: bets on miscalibration and on overdue labels.

A detector is a Shiryaev-Roberts sum of likelihood ratios. The mean time to a false alarm is at least the threshold in
weeks (Shin, Ramdas and Rinaldo, 2022). That holds for any number of rows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vigil.monitoring.findings.model import BUDGET_SHARES, DAYS_PER_YEAR
from vigil.monitoring.performance.cohorts_model import CohortArm
from vigil.monitoring.performance.model import log_odds, probability
from vigil.monitoring.profiles.model import SUM_SCALE

TOLERANCE = 0.15
"""Tolerated error of calibration in natural log-odds, which raises no alarm."""
SHIFTS = (0.2, 0.4, 0.8)
"""Bets on the shift of natural log-odds, in both directions."""
SLOPES = (0.3, 0.6, 1.4)
"""Bets on the slope: factors of the distance of log-odds from their centre."""
OVERDUE_ODDS = (1.5, 2.5, 5.0)
"""Bets on more overdue labels, as odds ratios to the tolerated share."""
OVERDUE_TOLERANCE = 1.25
"""Tolerated odds ratio of overdue labels, which raises no alarm."""
LOG_THRESHOLD = math.log(DAYS_PER_YEAR / 7 / BUDGET_SHARES["labels"])
"""Natural logarithm of the evidence at which labels alarm: the mean weeks between false alarms."""
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class LabelledBin:
    """Labelled decisions (`rows`) of one score bin, their events, and the log-odds of their mean probability.

    For overdue labels: all decisions of a week, the overdue ones, and the tolerated log-odds. Log-odds are natural
    logarithms.
    """

    rows: int
    events: int
    log_odds: float


def labelled_bins(arm: CohortArm) -> list[LabelledBin]:
    """Return the score bins that have labelled decisions, the lowest first. A mean of 0 or 1 gives finite log-odds."""
    scores = arm.labelled
    return [
        LabelledBin(rows, events, log_odds(min(max(total / rows / SUM_SCALE, _EDGE), 1 - _EDGE)))
        for rows, total, events in zip(scores.rows, scores.sums, arm.events, strict=True)
        if rows
    ]


def calibration_log_ratios(bins: Sequence[LabelledBin], tolerance: float = TOLERANCE) -> list[float]:
    """Return the natural logarithm of the likelihood ratio of each bet; `tolerance` is in natural log-odds.

    The bets are `SHIFTS` upwards, `SHIFTS` downwards, and `SLOPES`, in this order. Without bins, all results are 0.

    A bet shifts the log-odds of each bin. The opponent of the bet shifts them the same way, by at most the tolerance.
    So the ratio has a mean of at most 1 while each row's error is tolerated. That also holds for a bin's different
    probabilities. A product of likelihoods is largest for equal ones, and the shifted mean bounds the mean of the
    shifted ones.
    """
    centre = _centre(bins)
    bets = [[sign * shift] * len(bins) for sign in (1, -1) for shift in SHIFTS]
    bets += [[(slope - 1) * (each.log_odds - centre) for each in bins] for slope in SLOPES]
    return [
        math.fsum(
            _log_ratio(each, shift, max(-tolerance, min(shift, tolerance)))
            for each, shift in zip(bins, bet, strict=True)
        )
        for bet in bets
    ]


def overdue_log_ratios(overdue: int, rows: int, tolerated_log_odds: float, dispersion: float) -> list[float]:
    """Return the natural logarithm of the likelihood ratio of each bet on more overdue labels.

    The results have the order of `OVERDUE_ODDS`. `overdue` is the number of overdue labels among `rows` decisions.
    `tolerated_log_odds` is a natural logarithm. The dispersion divides the results, because facilities report by turns;
    it is 1 for independent decisions.
    """
    counted = LabelledBin(rows, overdue, tolerated_log_odds)
    return [_log_ratio(counted, math.log(odds), 0.0) / dispersion for odds in OVERDUE_ODDS]


def _centre(bins: Sequence[LabelledBin]) -> float:
    """Return the mean log-odds by information, so that bets on the slope are neutral about the intercept."""
    weights = [each.rows * probability(each.log_odds) * probability(-each.log_odds) for each in bins]
    total = math.fsum(weights)
    return math.fsum(w * each.log_odds for w, each in zip(weights, bins, strict=True)) / total if total else 0.0


def _log_ratio(counted: LabelledBin, shift: float, edge: float) -> float:
    if shift == edge:
        return 0.0
    bet, opponent = counted.log_odds + shift, counted.log_odds + edge
    return (shift - edge) * counted.events + counted.rows * (_log_absence(bet) - _log_absence(opponent))


def _log_absence(log_odds: float) -> float:
    """Return the natural logarithm of the probability of no event, from the log-odds of an event."""
    return -log_odds - math.log1p(math.exp(-log_odds)) if log_odds > 0 else -math.log1p(math.exp(log_odds))
