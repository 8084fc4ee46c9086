"""Bets are e-values: their mean is at most 1 for each effect within the tolerated edge."""

import math

import pytest

from vigil.monitoring.drift.bets_model import Tolerance, normal_scores, plan_bets, shares, variance, weigh
from vigil.monitoring.drift.state_model import add_counts

PLAIN = Tolerance(floor=0.05, wobble=0.0, errors=0.0, dispersion=1.0)
BASELINES = {
    "number": (200, 210, 190, 205, 195, 200, 200, 200, 202, 198),
    "levels": (800, 500, 400, 200, 100),
    "share": (100, 1900),
}


def tilted(probabilities, scores, theta):
    weights = [p * math.exp(theta * score) for p, score in zip(probabilities, scores, strict=True)]
    return [weight / sum(weights) for weight in weights]


def mean_ratios(plan, probabilities):
    """Return the mean likelihood ratio of one row by bet."""
    cells = range(len(probabilities))
    ratios = [plan.log_ratios(tuple(int(cell == own) for cell in cells)) for own in cells]
    return [sum(probabilities[cell] * math.exp(ratios[cell][bet]) for cell in cells) for bet in range(len(plan.bets))]


@pytest.mark.parametrize("kind", BASELINES)
@pytest.mark.parametrize("share_of_edge", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_a_bet_on_a_tolerated_effect_has_a_mean_of_at_most_one(kind, share_of_edge):
    plan, probabilities = plan_bets(kind, BASELINES[kind], PLAIN), shares(BASELINES[kind])
    for statistic, (scores, edge) in enumerate(zip(plan.scores, plan.edges, strict=True)):
        means = mean_ratios(plan, tilted(probabilities, scores, share_of_edge * edge))
        own = [mean for mean, bet in zip(means, plan.bets, strict=True) if bet.statistic == statistic]
        assert max(own) <= 1 + 1e-12
        assert abs(share_of_edge) < 1 or max(own) == pytest.approx(1)


@pytest.mark.parametrize("kind", BASELINES)
def test_a_bet_gains_when_its_alternative_is_true(kind):
    plan, probabilities = plan_bets(kind, BASELINES[kind], PLAIN), shares(BASELINES[kind])
    far = mean_ratios(plan, tilted(probabilities, plan.scores[0], plan.edges[0] + 1))
    assert max(far) > 1.2


@pytest.mark.parametrize("wobble", [0.7, 2e6])
def test_a_wobble_far_above_a_rare_level_gives_finite_bets(wobble):
    plan = plan_bets("levels", (560_000, 0, 100), Tolerance(0.1, wobble, 2.0, 1.0))
    assert max(map(abs, plan.log_ratios((0, 9, 0)))) < 20


def test_bets_without_tolerance_have_the_published_steps():
    plan = plan_bets("number", BASELINES["number"], PLAIN)
    slopes = [bet.slope + 0.05 for bet in plan.bets if bet.slope > 0]
    assert slopes == pytest.approx([0.15, 0.3, 0.6, 1.2, 0.15, 0.4])
    odds = Tolerance(math.log(1.1), 0.0, 0.0, 1.0)
    ratios = [math.exp(bet.slope) * 1.1 for bet in plan_bets("share", (100, 1900), odds).bets if bet.slope > 0]
    assert ratios == pytest.approx([1.5, 2.5, 5.0])


def test_the_edge_is_the_greatest_of_floor_wobble_and_error():
    baseline = BASELINES["number"]
    edges = [
        plan_bets("number", baseline, Tolerance(0.05, wobble, errors, 1.0)).edges[0]
        for wobble, errors in ((0.0, 0.0), (0.24, 0.0), (0.0, 4.0))
    ]
    assert edges == pytest.approx([0.05, 0.24, 4 / math.sqrt(2001 * 0.959)], rel=1e-3)


def test_a_dispersion_divides_log_ratios():
    one, three = (plan_bets("share", (100, 1900), Tolerance(0.1, 0.0, 0.0, d)).log_ratios((4, 16)) for d in (1.0, 3.0))
    assert [3 * ratio for ratio in three] == pytest.approx(one)


def test_normal_scores_have_the_shift_of_the_mean():
    scores = normal_scores([0.1] * 10)
    assert weigh(scores, [0.1] * 10) == pytest.approx(0, abs=1e-12)
    assert scores[0] == pytest.approx(-1.755, abs=1e-3)
    assert variance([0.1] * 10, scores) == pytest.approx(0.959, abs=1e-3)


@pytest.mark.parametrize("kind", ["number", "levels"])
def test_a_single_cell_has_no_bets(kind):
    assert plan_bets(kind, (9,), PLAIN).bets == ()


def test_two_bins_have_no_bets_on_scale():
    assert {bet.statistic for bet in plan_bets("number", (900, 1100), PLAIN).bets} == {0}


def test_rare_levels_share_the_last_bets():
    baseline = tuple(range(40, 0, -1))
    plan = plan_bets("levels", baseline, PLAIN)
    assert len(plan.scores) == 10
    assert [sum(scores) for scores in plan.scores] == [1.0] * 9 + [31.0]


@pytest.mark.parametrize("information", [0.0, -1.0])
def test_a_tilt_without_information_is_refused(information):
    with pytest.raises(ValueError, match="a score that varies"):
        PLAIN.tolerated_tilt(information)


def test_unequal_numbers_of_cells_are_refused():
    for add in (weigh, variance):
        with pytest.raises(ValueError, match="argument 2"):
            add((0.5, 0.5), (1.0,))
    with pytest.raises(ValueError, match="argument 2"):
        add_counts((1, 2), (1,))
