"""The calibration test refuses chance rarely and a wrong calibration often, at the rows at hand."""

import numpy as np
import pytest

from models.calibration_test import calibration_p
from models.evaluation import calibration_error
from tests.support.fakes.packages import contract
from vigil.prediction.packages.gates import CALIBRATION_LEVEL

BOUND = contract().calibration_bound
DRAWS = 400


def refused(rows, off, draws=DRAWS, shape=(2, 2), bound=BOUND):
    """Return the share of drawn models that are refused; `off` is added to the true probabilities."""
    random = np.random.default_rng(rows)
    found = 0
    for _ in range(draws):
        true = random.beta(*shape, rows)
        labels = (random.random(rows) < true).astype(np.int64)
        found += calibration_p(labels, np.clip(true + off, 0, 1), bound) < CALIBRATION_LEVEL
    return found / draws


@pytest.mark.parametrize("shape", [(2, 2), (1, 6), (0.4, 0.4)], ids=str)
def test_at_most_5_percent_of_perfect_models_with_110_rows_are_refused(shape):
    assert refused(110, 0.0, shape=shape) <= 0.05


def test_at_least_90_percent_of_models_off_by_a_fifth_are_refused():
    assert refused(500, 0.2) >= 0.9
    assert refused(500, -0.2) >= 0.9


def test_about_5_percent_of_models_at_the_bound_are_refused():
    assert refused(500, BOUND, shape=(2, 4)) <= 0.08


def test_the_error_alone_would_refuse_many_perfect_models():
    random, above = np.random.default_rng(1), 0
    for _ in range(DRAWS):
        true = random.beta(2, 2, 110)
        labels = (random.random(110) < true).astype(np.int64)
        above += calibration_error(labels, true, np.ones(110))["calibration_error"] > BOUND
    assert above / DRAWS > 0.3


@pytest.mark.parametrize("rows", [1, 3, 10, 11])
def test_a_few_rows_have_a_value(rows):
    labels = np.arange(rows) % 2
    assert 0 < calibration_p(labels, np.full(rows, 0.5), BOUND) <= 1


def test_the_same_rows_have_the_same_value():
    random = np.random.default_rng(3)
    true = random.beta(2, 2, 200)
    labels = (random.random(200) < true).astype(np.int64)
    assert calibration_p(labels, true, 0.01) == calibration_p(labels, true, 0.01)
