"""Tests that training stops if a single column reveals the label."""

import numpy as np
import pytest

from models.iit import recipe
from models.iit.dataset import FEATURES, Table, table
from models.leakage import LeakageError, refuse_leaks
from vigil.prediction.features.feature_spec import FeatureSpec

LABELS = np.random.default_rng(0).integers(0, 2, 2000)
NOISE = np.random.default_rng(1).normal(size=2000)


def refused(column, spec):
    with pytest.raises(LeakageError) as caught:
        refuse_leaks(np.column_stack([NOISE, column]), LABELS, (FeatureSpec("noise", "number", "noise"), spec))
    return [leak.feature for leak in caught.value.leaks]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_follows_the_label_is_a_leak(sign):
    assert refused(sign * (LABELS + 0.4 * NOISE), FeatureSpec("leaky", "number", "leaky")) == ["leaky"]


def test_missing_values_that_follow_the_label_are_a_leak():
    assert refused(np.where(LABELS == 1, np.nan, NOISE), FeatureSpec("leaky", "number", "leaky")) == ["leaky"]


def test_a_category_that_follows_the_label_is_a_leak():
    spec = FeatureSpec("leaky", "category", "leaky", categories=("a", "b", "c"))
    codes = np.where(LABELS == 1, 1.0, np.where(NOISE > 0, 0.0, 2.0))
    assert refused(codes, spec) == ["leaky"]


def test_an_honest_column_is_no_leak():
    refuse_leaks((LABELS + 2 * NOISE).reshape(-1, 1), LABELS, (FeatureSpec("honest", "number", "honest"),))


def test_a_column_without_values_is_no_leak():
    refuse_leaks(np.full((2000, 1), np.nan), LABELS, (FeatureSpec("empty", "number", "empty"),))


def test_no_feature_of_the_cohort_is_a_leak(cohort):
    found = table(cohort, "train", lambda _done: None)
    refuse_leaks(found.rows, found.labels, FEATURES.specs)


def test_training_on_a_planted_leak_is_refused(monkeypatch):
    """Every label is written into one of its row's features, as information from the future would be."""
    honest = recipe.dataset.table

    def leaky(cohort, split, progress):
        found = honest(cohort, split, progress)
        found.rows[:, 0] = found.labels
        return Table(found.rows, found.labels, found.patients, found.visit_rows, found.probability)

    monkeypatch.setattr(recipe.dataset, "table", leaky)
    with pytest.raises(LeakageError, match="last_days_late alone has AUC 1"):
        recipe.build(1, 400, lambda _step, _done: None)
