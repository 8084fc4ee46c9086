"""Tests of exported isolation forests: scores equal scikit-learn's, also with missing values."""

import json
import struct
import subprocess
import sys
from random import Random

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from models.parts import export_forest, forest
from tests.unit.prediction.engines.contracts import NUMBERS, PLATT, engine
from vigil.errors import ModelRefused
from vigil.prediction.engines import forest as forest_engine
from vigil.prediction.engines import native_forest
from vigil.prediction.engines.forest_file import read_forest

pytestmark = pytest.mark.usefixtures("own_libraries")

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


EDGES = (0.0, -0.0, 1e-35, -1e-35, 1e-44, -1e-44, 3e38, -3e38, np.inf, -np.inf, np.nan)


@pytest.mark.parametrize("options", [{}, {"max_features": 2}, {"max_samples": 2}, {"max_samples": 600}], ids=str)
def test_the_library_and_python_give_the_same_bits(options):
    """The rows are at, beside and between thresholds, which include zero, and beyond all of them."""
    data = rows(900, missing=0.3)
    data[:, 1] = data[:, 1].round(-2)
    model = IsolationForest(n_estimators=70, random_state=3, **options).fit(data)
    read = read_forest(export_forest(model, NAMES), "forest.json")
    fast, slow = native_forest.load(read), forest_engine.python_length(read)
    random, pools = np.random.default_rng(4), [[*EDGES, *column] for column in data[:300].T.tolist()]
    for place, threshold in zip(read.feature, read.threshold, strict=True):
        if place >= 0:
            pools[place] += [threshold, np.nextafter(threshold, -np.inf), np.nextafter(threshold, np.inf)]
    pack = struct.Struct("3f").pack
    packed = [pack(*(random.choice(pool) for pool in pools)) for _ in range(2_000)]
    assert [fast(row) for row in packed] == [slow(row) for row in packed]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("length", lambda lengths: [float("nan") if x else x for x in lengths]),
        ("length", lambda lengths: [float("inf") if x else x for x in lengths]),
        ("threshold", lambda thresholds: [float("nan") for _ in thresholds]),
        ("left", lambda left: [x if x >= 0 else -(10**20) for x in left]),
    ],
    ids=["nan-length", "infinite-length", "nan-threshold", "large-integer"],
)
def test_a_forest_that_only_python_can_walk_is_walked_there(field, value):
    document = json.loads(forest("engine", rows(300), NUMBERS, 1, trees=2).content)
    read = read_forest(json.dumps({**document, field: value(document[field])}).encode(), "forest.json")
    assert native_forest.load(read) is None
    assert engine("isolation_forest", json.dumps({**document, field: value(document[field])}).encode())


def test_a_random_forest_of_nodes_is_walked_alike_or_in_python():
    """Nodes may have any kids behind them, shared ones included, and leaves may be roots."""
    random, walked = Random(5), 0
    for _ in range(300):
        count = random.choice([1, 2, 5, 40, 300])
        inner = [random.random() < 0.6 and node < count - 1 for node in range(count)]
        kids = [[random.randrange(node + 1, count) if inner[node] else -1 for node in range(count)] for _ in range(2)]
        numbers = [random.choice([0.0, 1.5, -2.0, float("inf"), 1e-40]) for _ in range(count)]
        document = {
            "features": NAMES,
            "roots": [random.randrange(count) for _ in range(random.choice([1, 3, 13, 30]))],
            "feature": [random.randrange(3) if one else -1 for one in inner],
            "threshold": numbers,
            "left": kids[0],
            "right": kids[1],
            "missing_left": [random.random() < 0.5 for _ in range(count)],
            "length": [random.uniform(0, 9) for _ in range(count)],
            "normal": 1.0,
        }
        read = read_forest(json.dumps(document).encode(), "forest.json")
        fast, slow = native_forest.load(read), forest_engine.python_length(read)
        packed = [struct.pack("3f", *(random.choice(EDGES) for _ in range(3))) for _ in range(20)]
        if fast:
            walked += 1
            assert [fast(row) for row in packed] == [slow(row) for row in packed]
    assert walked > 250


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
