"""Confirmed metrics against scikit-learn and numpy, and the coverage of their intervals."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, recall_score, roc_auc_score

from vigil.monitoring.performance.cohorts_model import Cohort, CohortArm, DueDecision, due_week
from vigil.monitoring.performance.confirmed_model import area_of_subjects, confirm_performance

DUE = datetime(2026, 1, 5, tzinfo=UTC)
METRICS = ("base_rate", "accuracy", "auc", "brier", "true_positive_rate", "positive_predictive_value")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def world(rows, seed, shift=0.0, slope=1.0):
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 1.0, rows)
    return sigmoid(odds), (rng.random(rows) < sigmoid(odds * slope + shift)).astype(int)


def area_of_rows(p, labels, subjects=None):
    names = range(len(p)) if subjects is None else subjects
    return area_of_subjects((float(a), bool(b), str(c)) for a, b, c in zip(p, labels, names, strict=True))


def in_counts(p, labels):
    words = {0: "not_occurred", 1: "occurred"}
    due = [DueDecision(float(a), bool(a >= 0.25), DUE, words[int(b)]) for a, b in zip(p, labels, strict=True)]
    return confirm_performance(Cohort.of(due_week(DUE), due, DUE).untreated)


def brute_force(p, labels):
    flagged = p >= 0.25
    odds = np.log(p / (1 - p)).reshape(-1, 1)
    fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(odds, labels)
    return {
        "base_rate": labels.mean(),
        "accuracy": accuracy_score(labels, flagged),
        "auc": roc_auc_score(labels, p),
        "brier": brier_score_loss(labels, p),
        "true_positive_rate": recall_score(labels, flagged),
        "positive_predictive_value": precision_score(labels, flagged),
        "slope": fit.coef_[0][0],
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_area_of_rows_equals_brute_force(seed):
    p, labels = world(800, seed)
    assert area_of_rows(p, labels).value == pytest.approx(brute_force(p, labels)["auc"], abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_metrics_of_counts_are_close_to_brute_force(seed):
    p, labels = world(3000, seed)
    found = in_counts(p, labels)
    for name, truth in brute_force(p, labels).items():
        assert getattr(found, name).value == pytest.approx(truth, abs=0.01 if name == "slope" else 0.003), name


def test_intervals_contain_the_truth_at_the_stated_rate():
    p, labels = world(400_000, 99, shift=0.3)
    truth = brute_force(p, labels) | {"intercept": 0.3, "slope": 1.0}
    worlds, hits = 200, dict.fromkeys((*truth, "area of rows"), 0)
    for seed in range(worlds):
        drawn = world(600, seed, shift=0.3)
        found, area = in_counts(*drawn), area_of_rows(*drawn)
        for name, value in truth.items():
            metric = getattr(found, name)
            hits[name] += metric.low <= value <= metric.high
        hits["area of rows"] += area.low <= truth["auc"] <= area.high
    for name, hit in hits.items():
        assert 0.90 <= hit / worlds <= 0.985, name


def test_repeated_subjects_widen_intervals_as_fewer_rows_do():
    p, labels = world(500, 4)
    one = area_of_rows(p, labels)
    three = area_of_rows(np.tile(p, 3), np.tile(labels, 3), list(range(500)) * 3)
    blind = area_of_rows(np.tile(p, 3), np.tile(labels, 3))
    assert three.value == pytest.approx(one.value, abs=1e-9)
    assert three.high - three.low == pytest.approx(one.high - one.low, rel=1e-6)
    assert blind.high - blind.low < 0.7 * (one.high - one.low)


def test_few_events_give_values_without_intervals():
    few = np.full(40, 0.1), np.array([1, 1] + [0] * 38)
    found = in_counts(*few)
    assert area_of_rows(*few).low is None
    assert found.base_rate.value == 0.05
    assert found.base_rate.low is found.auc.low is None
    assert found.intercept is found.slope is None


def test_no_decisions_give_no_metrics():
    found = confirm_performance(CohortArm())
    assert area_of_subjects([]) is None
    assert (found.rows, found.events) == (0, 0)
    assert all(getattr(found, name) is None for name in (*METRICS, "slope", "intercept"))


def test_separated_labels_give_no_slope():
    p = np.repeat([0.1, 0.9], 50)
    assert in_counts(p, (p > 0.5).astype(int)).slope is None
