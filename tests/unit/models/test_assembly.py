"""Tests of the fitted ensemble: non-negative weights, abstention terms and calibration."""

import numpy as np
import pytest

from models.assembly import fit_ensemble
from vigil.prediction.engines.ensemble import Verdict
from vigil.prediction.engines.votes import EngineVote, sigmoid

_DRAWN = np.random.default_rng(9)
ODDS = _DRAWN.normal(-1, 1.5, 3000)
LABELS = (_DRAWN.random(3000) < 1 / (1 + np.exp(-ODDS))).astype(np.int64)


@pytest.fixture
def rng():
    """Return a generator that starts anew in every test, so that the order of tests does not matter."""
    return np.random.default_rng(10)


def verdicts(**odds):
    def of(i):
        given = {name: column[i] for name, column in odds.items()}
        votes = {
            name: EngineVote("abstain", None) if np.isnan(x) else EngineVote("negative", sigmoid(float(x)))
            for name, x in given.items()
        }
        return Verdict(votes, None, "low", "wait", (), (), vetoed=False, guaranteed=False)

    return [of(i) for i in range(len(LABELS))]


def test_a_calibrated_engine_gets_weight_one_and_noise_zero(rng):
    found = fit_ensemble(verdicts(truth=ODDS, noise=rng.normal(size=3000)), ["truth", "noise"], LABELS)
    assert found.weights["truth"] == pytest.approx(1, abs=0.1)
    assert found.weights["noise"] == pytest.approx(0, abs=0.08)


def test_an_inverted_engine_gets_weight_zero(rng):
    found = fit_ensemble(verdicts(truth=ODDS, liar=rng.normal(size=3000) - ODDS), ["truth", "liar"], LABELS)
    assert found.weights["liar"] == pytest.approx(0, abs=0.02)
    assert found.weights["truth"] == pytest.approx(1, abs=0.1)


def test_an_informative_abstention_gets_its_own_term(rng):
    silent = np.where(LABELS == 1, np.where(rng.random(3000) < 0.6, np.nan, ODDS), ODDS)
    found = fit_ensemble(verdicts(truth=ODDS, shy=silent), ["truth", "shy"], LABELS)
    assert found.abstain["shy"] > 1.5


def test_an_engine_that_never_abstained_has_its_average_as_term():
    found = fit_ensemble(verdicts(truth=ODDS), ["truth"], LABELS)
    assert found.abstain["truth"] == pytest.approx(found.weights["truth"] * ODDS.mean(), abs=1e-6)


def test_the_ensemble_is_calibrated_on_its_tuning_rows(rng):
    given = verdicts(one=ODDS + rng.normal(0, 0.5, 3000), two=ODDS + rng.normal(0, 0.5, 3000))
    found = fit_ensemble(given, ["one", "two"], LABELS)
    chance = np.array([found.probability(verdict.votes) for verdict in given])
    assert chance.mean() == pytest.approx(LABELS.mean(), abs=0.005)
    for low, high in ((0, 0.15), (0.15, 0.4), (0.4, 1)):
        inside = (chance >= low) & (chance < high)
        assert chance[inside].mean() == pytest.approx(LABELS[inside].mean(), abs=0.05)
