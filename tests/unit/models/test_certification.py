"""Tests of certification: over redrawn calibration sets, the threshold is too large in at most the share delta."""

import numpy as np
import pytest
from scipy import stats

from models.certification import CandidateAnswers, Guarantee, certify, threshold_sequence

PROMISE = Guarantee(alpha=0.08, delta=0.1)
DRAWS = 600
ROWS = 400


def world(rng, rows):
    """Return answers with an error rate that rises with the error probability, but is 1.3 times as high."""
    error_probabilities = rng.beta(1, 7, rows)
    return CandidateAnswers(error_probabilities, rng.random(rows) < np.minimum(1.3 * error_probabilities, 1), rows)


def true_error(threshold):
    """Return the accepted error of the simulated world, by numerical integration."""
    grid = (np.arange(20_000) + 0.5) / 20_000 * threshold
    weight = stats.beta.pdf(grid, 1, 7)
    return float((np.minimum(1.3 * grid, 1) * weight).sum() / weight.sum())


def uncertified_threshold(answers, sequence, guarantee):
    """Return the largest threshold with an observed error of at most alpha: the common choice without certification."""

    def is_good(threshold):
        accepted = answers.error_probabilities <= threshold
        return answers.errors[accepted].sum() <= guarantee.alpha * accepted.sum()

    return max(filter(is_good, sequence), default=None)


@pytest.fixture(scope="module")
def redrawn():
    rng = np.random.default_rng(17)
    order = threshold_sequence(world(rng, 300), ROWS, PROMISE)
    sets = [world(rng, ROWS) for _ in range(DRAWS)]
    return [certify(drawn, order, PROMISE) for drawn in sets], [
        uncertified_threshold(drawn, order, PROMISE) for drawn in sets
    ]


def test_a_certified_threshold_is_too_large_at_most_in_the_share_delta(redrawn):
    certified, _ = redrawn
    violations = sum(true_error(found.threshold) > PROMISE.alpha for found in certified if found)
    assert violations / DRAWS <= PROMISE.delta
    assert np.mean([found is not None for found in certified]) > 0.8  # most certifications find a threshold


def test_an_uncertified_threshold_breaks_the_guarantee_more_often(redrawn):
    certified, naive = redrawn
    broken = np.mean([true_error(threshold) > PROMISE.alpha for threshold in naive if threshold is not None])
    kept = np.mean([true_error(found.threshold) > PROMISE.alpha for found in certified if found])
    assert broken > 2.5 * PROMISE.delta
    assert broken > 3 * kept


def test_the_error_bound_is_exact_and_below_alpha(redrawn):
    for found in filter(None, redrawn[0]):
        assert found.accepted_error_bound <= PROMISE.alpha + 1e-12
    free = CandidateAnswers(np.zeros(50), np.zeros(50, bool), 60)
    found = certify(free, [0.1], PROMISE)
    assert found.accepted_error_bound == pytest.approx(1 - PROMISE.delta ** (1 / 50))
    assert found.coverage == 50 / 60


def test_a_guarantee_that_cannot_be_met_is_not_certified():
    few = CandidateAnswers(np.zeros(20), np.zeros(20, bool), 20)
    assert certify(few, [0.1], PROMISE) is None
    wrong = CandidateAnswers(np.zeros(500), np.arange(500) % 5 == 0, 500)
    assert certify(wrong, [0.1], PROMISE) is None


def test_the_search_ends_at_the_first_threshold_that_fails():
    error_probabilities = np.repeat([0.1, 0.2, 0.3], 200)
    errors = np.zeros(600, bool)
    errors[200:300] = True  # too many at 0.2, and still too many at 0.3
    errors[200:260] = False
    found = certify(CandidateAnswers(error_probabilities, errors, 600), [0.1, 0.2, 0.3], PROMISE)
    assert found.threshold == 0.1


def test_the_order_depends_only_on_probabilities_of_other_rows():
    rng = np.random.default_rng(1)
    known = world(rng, 300)
    relabelled = CandidateAnswers(known.error_probabilities, ~known.errors, known.rows)
    assert threshold_sequence(known, ROWS, PROMISE) == threshold_sequence(relabelled, ROWS, PROMISE)
