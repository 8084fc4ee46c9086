"""Tests of measures, their intervals, and the suppression of small groups."""

import doctest

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models import evaluation, roc_auc
from models.evaluation import Bootstrap, JudgedRows, auc, by_group, calibration, group_coverage
from models.training import fit_calibration

RNG = np.random.default_rng(0)
CHANCE = RNG.beta(1, 6, 6000)
LABELS = (RNG.random(6000) < CHANCE).astype(np.int64)
SUBJECTS = np.arange(6000) // 4


@pytest.mark.parametrize("module", [roc_auc, evaluation])
def test_the_example_in_the_docstring_is_correct(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("weights", [None, RNG.integers(0, 4, 6000).astype(np.float64)], ids=["even", "resampled"])
@pytest.mark.parametrize("digits", [1, 12])
def test_the_auc_equals_that_of_scikit_learn_with_ties_and_weights(weights, digits):
    chance = CHANCE.round(digits)
    expected = roc_auc_score(LABELS, chance, sample_weight=weights)
    assert roc_auc.roc_auc(LABELS, chance, weights) == pytest.approx(expected, abs=1e-12)


def test_true_probabilities_are_calibrated_and_flattened_ones_not():
    honest = calibration(LABELS, CHANCE, np.ones(6000))
    assert honest["calibration_slope"] == pytest.approx(1, abs=0.1)
    assert honest["calibration_intercept"] == pytest.approx(0, abs=0.2)
    flat = 1 / (1 + np.sqrt((1 - CHANCE) / CHANCE))
    assert calibration(LABELS, flat, np.ones(6000))["calibration_slope"] == pytest.approx(2, abs=0.2)


def test_an_interval_is_wider_if_subjects_have_several_rows():
    repeated = np.repeat(np.arange(1500), 4)
    labels, chance = LABELS[:1500][repeated], CHANCE[:1500][repeated]
    clustered = Bootstrap(repeated, seed=1, repeats=100).estimates(labels, chance, auc)["auc"]
    rows = Bootstrap(np.arange(6000), seed=1, repeats=100).estimates(labels, chance, auc)["auc"]
    assert clustered.low < clustered.value < clustered.high
    assert clustered.high - clustered.low > 1.5 * (rows.high - rows.low)


def test_platt_calibration_recovers_the_log_odds():
    raw = 2 * np.log(CHANCE / (1 - CHANCE)) + 1
    found = fit_calibration(raw, LABELS)
    assert (found.slope, found.intercept) == pytest.approx((0.5, -0.5), abs=0.08)


def test_platt_calibration_of_separated_classes_is_finite():
    found = fit_calibration(np.array([-3.0, -2.0, 2.0, 3.0]), np.array([0, 0, 1, 1]))
    assert 0 < found.slope < 5


def test_groups_of_fewer_than_eleven_are_suppressed():
    masks = {"ten": np.arange(6000) < 10, "eleven": np.arange(6000) < 11}
    everyone = np.ones(6000, bool)
    judged = JudgedRows([], CHANCE, np.arange(6000) % 2 == 0, everyone, ~everyone, {})
    ten, eleven = by_group(masks, LABELS, judged)
    assert (ten.event_rate, ten.mean_probability, ten.auc, ten.coverage, ten.abstention) == (None,) * 5
    assert eleven.coverage == pytest.approx(6 / 11)
    assert group_coverage([ten, eleven]) == pytest.approx(
        {"coverage[eleven]": 6 / 11, "abstention_rate[eleven]": 5 / 11}, abs=1e-6
    )
    assert eleven.event_rate == LABELS[:11].mean()
    assert eleven.auc is None


def test_the_calibration_error_equals_the_shift_of_the_probabilities():
    even = np.ones(6000)
    assert evaluation.calibration_error(LABELS, CHANCE, even)["calibration_error"] < 0.02
    shifted = evaluation.calibration_error(LABELS, CHANCE + 0.2, even)["calibration_error"]
    assert shifted == pytest.approx(0.2, abs=0.02)


def test_the_calibration_error_counts_a_row_of_weight_two_twice():
    twice = np.concatenate([np.arange(6000), np.arange(3000)])
    weights = np.where(np.arange(6000) < 3000, 2.0, 1.0)
    repeated = evaluation.calibration_error(LABELS[twice], CHANCE[twice], np.ones(9000))["calibration_error"]
    weighted = evaluation.calibration_error(LABELS, CHANCE, weights)["calibration_error"]
    assert weighted == pytest.approx(repeated, abs=2e-3)
