"""The promise holds: over redrawn calibration sets the certified threshold is too loose at most delta of the time."""

import numpy as np
import pytest
from scipy import stats

from models.certification import CandidateAnswers, Guarantee, certify, threshold_sequence, uncertified_threshold

PROMISE = Guarantee(alpha=0.08, delta=0.1)
DRAWS = 600
ROWS = 400


def world(rng, rows):
    """Answers whose chance of error rises with doubt, but not as the doubt says: it is 1.3 times as high."""
    doubts = rng.beta(1, 7, rows)
    return CandidateAnswers(doubts, rng.random(rows) < np.minimum(1.3 * doubts, 1), rows)


def true_error(threshold):
    """The accepted error of the world, by numerical integration."""
    grid = (np.arange(20_000) + 0.5) / 20_000 * threshold
    weight = stats.beta.pdf(grid, 1, 7)
    return float((np.minimum(1.3 * grid, 1) * weight).sum() / weight.sum())


@pytest.fixture(scope="module")
def redrawn():
    rng = np.random.default_rng(17)
    order = threshold_sequence(world(rng, 300), ROWS, PROMISE)
    sets = [world(rng, ROWS) for _ in range(DRAWS)]
    return [certify(drawn, order, PROMISE) for drawn in sets], [
        uncertified_threshold(drawn, order, PROMISE) for drawn in sets
    ]


def test_the_certified_threshold_is_too_loose_at_most_delta_of_the_time(redrawn):
    certified, _ = redrawn
    violations = sum(true_error(found.threshold) > PROMISE.alpha for found in certified if found)
    assert violations / DRAWS <= PROMISE.delta
    assert np.mean([found is not None for found in certified]) > 0.8  # the promise is not kept by silence


def test_the_plug_in_rule_breaks_the_same_promise_far_more_often(redrawn):
    certified, naive = redrawn
    broken = np.mean([true_error(threshold) > PROMISE.alpha for threshold in naive if threshold is not None])
    kept = np.mean([true_error(found.threshold) > PROMISE.alpha for found in certified if found])
    assert broken > 2.5 * PROMISE.delta
    assert broken > 3 * kept


def test_the_bound_is_the_exact_one_and_below_alpha(redrawn):
    for found in filter(None, redrawn[0]):
        assert found.accepted_error_bound <= PROMISE.alpha + 1e-12
    free = CandidateAnswers(np.zeros(50), np.zeros(50, bool), 60)
    found = certify(free, [0.1], PROMISE)
    assert found.accepted_error_bound == pytest.approx(1 - PROMISE.delta ** (1 / 50))
    assert found.coverage == 50 / 60


def test_what_cannot_be_promised_is_not():
    few = CandidateAnswers(np.zeros(20), np.zeros(20, bool), 20)
    assert certify(few, [0.1], PROMISE) is None
    wrong = CandidateAnswers(np.zeros(500), np.arange(500) % 5 == 0, 500)
    assert certify(wrong, [0.1], PROMISE) is None


def test_the_search_ends_at_the_first_threshold_that_fails():
    doubts = np.repeat([0.1, 0.2, 0.3], 200)
    errors = np.zeros(600, bool)
    errors[200:300] = True  # too many at 0.2; at 0.3 there would still be too many
    errors[200:260] = False
    found = certify(CandidateAnswers(doubts, errors, 600), [0.1, 0.2, 0.3], PROMISE)
    assert found.threshold == 0.1


def test_the_order_depends_on_doubts_of_other_rows_alone():
    rng = np.random.default_rng(1)
    known = world(rng, 300)
    relabelled = CandidateAnswers(known.doubts, ~known.errors, known.rows)
    assert threshold_sequence(known, ROWS, PROMISE) == threshold_sequence(relabelled, ROWS, PROMISE)
