"""Estimates before labels: their values against rows, the coverage of their intervals, and their withdrawal."""

import numpy as np
import pytest

from vigil.monitoring.performance.estimates_model import estimate_performance
from vigil.monitoring.profiles.model import SCORE_BINS, SCORE_EDGES, SUM_SCALE, ScoreCounts

METRICS = ("base_rate", "accuracy", "auc", "brier", "true_positive_rate", "positive_predictive_value")
EDGE = SCORE_EDGES[20]
"""Log-odds from which rows are flagged: about -2.5."""


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def counted(odds):
    places, p = np.searchsorted(SCORE_EDGES, odds, side="right"), sigmoid(odds)
    sums = [np.bincount(places, weights, SCORE_BINS) * SUM_SCALE for weights in (p, p * p)]
    return ScoreCounts(
        tuple(np.bincount(places, minlength=SCORE_BINS).tolist()),
        *(tuple(np.rint(each).astype(int).tolist()) for each in sums),
    )


def area(labels, odds):
    ranks = np.empty(len(odds))
    ranks[np.argsort(odds)] = np.arange(1, len(odds) + 1)
    events = labels.sum()
    return (ranks[labels == 1].sum() - events * (events + 1) / 2) / (events * (len(labels) - events))


def realised(labels, odds):
    flagged, p = odds >= EDGE, sigmoid(odds)
    return (
        labels.mean(),
        (flagged == labels).mean(),
        area(labels, odds),
        ((p - labels) ** 2).mean(),
        flagged[labels == 1].mean(),
        labels[flagged].mean(),
    )


def coverage(rows, worlds, seed, shift=0.0, slope=1.0, covariates=0.0):
    rng = np.random.default_rng(seed)
    hits = np.zeros(len(METRICS))
    for _ in range(worlds):
        odds = rng.normal(-2.75 + covariates, 0.95, rows)
        labels = (rng.random(rows) < sigmoid(-2.75 + (odds + 2.75) * slope + shift)).astype(int)
        found = estimate_performance(counted(odds), int((odds >= EDGE).sum()), has_calibration_alarm=False)
        for place, (name, truth) in enumerate(zip(METRICS, realised(labels, odds), strict=True)):
            metric = getattr(found, name)
            hits[place] += metric.low <= truth <= metric.high
    return hits / worlds


@pytest.mark.parametrize("rows", [600, 3000])
def test_calibrated_scores_are_covered_at_the_stated_rate(rows):
    found = coverage(rows, 1500, seed=rows)
    assert found.min() >= 0.92
    assert found.max() <= 0.98


def test_shifted_covariates_are_covered_at_the_stated_rate():
    found = coverage(1500, 300, seed=5, covariates=0.5)
    assert found.min() >= 0.91


def test_concept_drift_escapes_the_estimate():
    assert coverage(3000, 50, seed=1, slope=0.5)[2] < 0.1  # so calibration must withdraw it


def test_large_numbers_give_the_realised_metrics():
    rng = np.random.default_rng(3)
    odds = rng.normal(-2.75, 0.95, 200_000)
    labels = (rng.random(len(odds)) < sigmoid(odds)).astype(int)
    found = estimate_performance(counted(odds), int((odds >= EDGE).sum()), has_calibration_alarm=False)
    for name, truth in zip(METRICS, realised(labels, odds), strict=True):
        assert getattr(found, name).value == pytest.approx(truth, abs=0.006), name


def test_calibration_alarm_withdraws_the_estimate():
    scores = counted(np.full(500, -2.0))
    assert estimate_performance(scores, 500, has_calibration_alarm=True) is None
    assert estimate_performance(scores, 500, has_calibration_alarm=False) is not None


def test_few_rows_give_no_estimate():
    assert estimate_performance(counted(np.full(10, -2.0)), 10, has_calibration_alarm=False) is None


def test_missing_denominators_give_no_metric():
    found = estimate_performance(counted(np.full(50, -2.0)), 0, has_calibration_alarm=False)
    assert found.positive_predictive_value is None
    assert found.auc.value == pytest.approx(0.5)


def test_certain_scores_have_no_interval_of_chance():
    rows = [0] * SCORE_BINS
    rows[0] = 20
    found = estimate_performance(
        ScoreCounts(tuple(rows), (0,) * SCORE_BINS, (0,) * SCORE_BINS), 0, has_calibration_alarm=False
    )
    assert found.auc is None
    assert found.true_positive_rate is None
    assert found.base_rate.high == 0
