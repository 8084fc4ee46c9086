"""Values of performance: metrics with intervals."""

import math
from dataclasses import dataclass

from vigil.monitoring.fairness.intervals_model import Z95


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its 95 % interval; `low` and `high` are None with too few rows or events."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """Metrics of `rows` decisions, each from 0 to 1; a metric is None if its denominator is zero.

    `base_rate` is the share of events, `auc` the area under the ROC curve, `brier` the mean squared error. Accuracy,
    recall (`true_positive_rate`) and precision (`positive_predictive_value`) are those of the flag, which a decision in
    a high-risk band has.
    """

    rows: int
    base_rate: Metric | None
    accuracy: Metric | None
    auc: Metric | None
    brier: Metric | None
    true_positive_rate: Metric | None
    positive_predictive_value: Metric | None


def normal_metric(value: float, variance: float, least: float = 0.0, most: float = 1.0) -> Metric:
    """Return a metric with its normal 95 % interval, cut at the possible values `least` and `most`.

    `variance` is that of the metric.
    """
    half = Z95 * math.sqrt(max(variance, 0.0))
    return Metric(value, max(value - half, least), min(value + half, most))


def logit_metric(value: float, variance: float) -> Metric:
    """Return a share with a 95 % interval that is normal in its log-odds; a share of 0 or 1 has no interval.

    `variance` is that of the share, not that of its log-odds.
    """
    if not 0 < value < 1:
        return Metric(value)
    centre, half = log_odds(value), Z95 * math.sqrt(max(variance, 0.0)) / (value * (1 - value))
    return Metric(value, probability(centre - half), probability(centre + half))


def log_odds(share: float) -> float:
    """Return the natural logarithm of the odds of a probability above 0 and below 1. Other values raise an error."""
    return math.log(share / (1 - share))


def probability(log_odds: float) -> float:
    """Return the probability whose odds have the natural logarithm `log_odds`. Large log-odds give 0 or 1."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))
