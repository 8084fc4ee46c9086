"""Tests of exported isolation forests: scores equal scikit-learn's, also with missing values."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from models.parts import export_forest, forest
from tests.unit.prediction.engines.contracts import NUMBERS, PLATT, engine
from vigil.errors import ModelRefused

NAMES = tuple(spec.name for spec in NUMBERS)


def rows(count, *, missing=0.0, seed=11):
    random = np.random.default_rng(seed)
    drawn = random.normal(size=(count, 3)) * [1, 100, 1e-3]
    drawn[random.random(drawn.shape) < missing] = np.nan
    return drawn


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("options", [{}, {"max_features": 2}, {"max_samples": 2}, {"bootstrap": True}], ids=str)
def test_scores_equal_those_of_scikit_learn(missing, options):
    model = IsolationForest(n_estimators=50, random_state=1, **options).fit(rows(600, missing=missing))
    exported = engine("isolation_forest", export_forest(model, NAMES))
    unseen = np.vstack(
        [rows(300, missing=missing, seed=12), rows(50, missing=0.5, seed=13), [[1e30, -1e30, 0.0], [np.nan] * 3]]
    )
    expected = -model.score_samples(unseen)
    assert np.abs([exported.raw_score(row) for row in unseen.tolist()] - expected).max() <= 1e-9


def test_values_are_compared_in_single_precision():
    model = IsolationForest(n_estimators=100, random_state=2).fit(rows(500))
    exported = engine("isolation_forest", export_forest(model, NAMES))
    tree = model.estimators_[0].tree_
    for node in np.flatnonzero(tree.children_left >= 0)[:20]:
        row = np.zeros(3)
        row[tree.feature[node]] = np.nextafter(tree.threshold[node], np.inf)
        assert exported.raw_score(row.tolist()) == pytest.approx(-model.score_samples([row])[0], abs=1e-9)


def test_the_same_seed_gives_the_same_bytes():
    data = rows(300)
    once, again, other = (forest("engine", data, NUMBERS, seed).content for seed in (1, 1, 2))
    assert once == again != other


def test_an_isolated_row_has_a_higher_score_and_probability():
    part = forest("engine", rows(500), NUMBERS, 1)
    exported = engine("isolation_forest", part.content, calibration=PLATT)
    usual, isolated = exported.assess((0.0, 0.0, 0.0)), exported.assess((9.0, 900.0, 0.1))
    assert usual.raw < 0.5 < isolated.raw
    assert usual.probability < isolated.probability
    assert isolated.evidence[0].value == isolated.raw
    assert engine("isolation_forest", part.content).assess((0.0, 0.0, 0.0)).vote == "abstain"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("features", ["a", "b", "d"], "schema_mismatch"),
        ("left", lambda left: [0, *left[1:]], "malformed"),
        ("right", lambda right: [10**6, *right[1:]], "malformed"),
        ("feature", lambda feature: [7, *feature[1:]], "malformed"),
        ("length", lambda length: length[1:], "malformed"),
        ("roots", [], "malformed"),
        ("roots", [-1], "malformed"),
        ("normal", 0.0, "malformed"),
        ("threshold", "pickle", "malformed"),
    ],
)
def test_a_forest_with_invalid_nodes_or_features_is_refused(field, value, reason):
    document = json.loads(forest("engine", rows(300), NUMBERS, 1, trees=2).content)
    document[field] = value(document[field]) if callable(value) else value
    with pytest.raises(ModelRefused) as caught:
        engine("isolation_forest", json.dumps(document).encode())
    assert caught.value.reason == reason


def test_importing_engines_does_not_import_numpy_or_scikit_learn():
    never = {"numpy", "scipy", "sklearn", "lightgbm"}
    code = f"import sys, vigil.prediction.engines.loading; print({never} & set(sys.modules) or 'none')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "none"
