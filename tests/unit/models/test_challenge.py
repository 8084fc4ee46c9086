"""Tests of the comparison of a challenger with the champion, and of the refusal of worse calibration."""

import numpy as np
import pytest

from models.challenge import WorseCalibration, compare_on_held_out
from models.evaluation import Bootstrap, auc, brier
from models.known import known_outcomes, no_outcomes
from vigil.prediction.engines.contract import Label, ModelContract, TrainingData
from vigil.prediction.engines.ensemble import Band, Ensemble
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.votes import Calibration, EngineSpec, EngineVote, sigmoid, vote_for
from vigil.prediction.features.feature_spec import FeatureSpec

CONTRACT = ModelContract(
    name="toy",
    features=(FeatureSpec("x", "number", "x"),),
    label=Label("y", "y", 1),
    engines=(EngineSpec("line", "lightgbm", "line.txt", None, Calibration()),),
    ensemble=Ensemble({"line": 1.0}, positive_from=0.5),
    bands=(Band("low", 0.0, "wait"), Band("high", 0.5, "call")),
    training=TrainingData("made up", True, 1, "0" * 64),
    metrics={},
)


class Line:
    """Return log-odds that are linear in the only feature."""

    def __init__(self, slope, shift):
        self.slope, self.shift = slope, shift

    def assess(self, row):
        raw = self.slope * row[0] + self.shift
        return EngineVote(vote_for(sigmoid(raw), 0.5), sigmoid(raw), raw=raw, version="line")


def runner(slope=1.0, shift=0.0):
    return EnsembleRunner(CONTRACT, {"line": Line(slope, shift)})


@pytest.fixture(scope="module")
def held_out():
    """Return rows with the feature as true log-odds, four rows per subject."""
    rng = np.random.default_rng(3)
    x = rng.normal(-1, 1.2, 3000)
    labels = (rng.random(3000) < 1 / (1 + np.exp(-x))).astype(int)
    return known_outcomes(x.reshape(-1, 1).tolist(), labels.tolist(), [f"s-{n // 4}" for n in range(3000)], 1)


def test_a_challenger_equal_to_the_champion_has_no_difference(held_out):
    found = compare_on_held_out(runner(), runner(), held_out, seed=1)
    assert (found.rows, found.champion) == (3000, found.challenger)
    assert {(d.value, d.low, d.high) for d in found.difference.values()} == {(0.0, 0.0, 0.0)}


def test_a_better_calibrated_challenger_has_a_negative_difference(held_out):
    found = compare_on_held_out(runner(shift=1.0), runner(), held_out, seed=1)
    assert found.difference["calibration_error"].high < 0
    assert found.difference["brier"].high < 0
    assert abs(found.difference["auc"].value) < 1e-9


def test_a_worse_calibrated_challenger_with_equal_ranking_is_refused(held_out):
    with pytest.raises(WorseCalibration, match="calibration error is higher by"):
        compare_on_held_out(runner(), runner(shift=0.6), held_out, seed=1)


def test_differences_are_paired_over_the_same_resamples(held_out):
    """Two similar predictions differ by little, even if each of them is uncertain."""
    chance = 1 / (1 + np.exp(-held_out.rows[:, 0]))
    subjects = np.arange(3000) // 4
    bootstrap = Bootstrap(subjects, seed=1, repeats=100)
    before, after, difference = bootstrap.differences(held_out.labels, chance, chance * 0.999, auc, brier)
    alone = bootstrap.estimates(held_out.labels, chance, brier)["brier"]
    assert difference["brier"].value == pytest.approx(after["brier"] - before["brier"])
    assert difference["brier"].high - difference["brier"].low < (alone.high - alone.low) / 50


def test_a_subject_stays_on_its_side_when_rows_are_added(held_out):
    learnt, kept = held_out.split()
    assert not set(learnt.subjects.tolist()) & set(kept.subjects.tolist())
    assert len(kept) / len(held_out) == pytest.approx(0.4, abs=0.05)
    more = held_out.concat(known_outcomes([[0.0]], [1], ["someone else"], 1))
    assert set(learnt.subjects.tolist()) <= set(more.split()[0].subjects.tolist())


def test_an_empty_set_of_outcomes_can_be_split():
    learnt, kept = no_outcomes(CONTRACT.features).split()
    assert (len(learnt), len(kept), learnt.rows.shape) == (0, 0, (0, 1))
