"""Tests of packed trees: equal answers to LightGBM, thread safety, memory, and refusal of invalid tables."""

import json
import resource
import subprocess
import sys
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from models.model_trees import NotPacked
from models.packed import TOLERANCE, checked_table
from models.packing import pack_table
from tests.support.lightgbm_models import CATEGORIES, NAMES, WITH_CATEGORIES, draw, train
from tests.unit.prediction.engines import fuzz_trees
from vigil.errors import ModelRefused
from vigil.prediction.engines import lightgbm as reference
from vigil.prediction.engines import trees

pytestmark = pytest.mark.usefixtures("own_libraries")

PACKED = {
    "numeric": {},
    "zero-is-missing": {"zero_as_missing": True},
    "missing-is-zero": {"use_missing": False},
    "dart": {"boosting": "dart", "drop_seed": 3, "scale_pos_weight": 7.0},
    "goss": {"data_sample_strategy": "goss"},
    "bagged": {"bagging_fraction": 0.5, "bagging_freq": 1},
    "stumps": {"num_leaves": 2},
    "deep": {"num_leaves": 300, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0},
    "constant": {"min_data_in_leaf": 10_000},
    "categories": WITH_CATEGORIES,
    "one-hot": {"categorical_feature": CATEGORIES, "max_cat_to_onehot": 64},
    "zero-is-missing-in-categories": {**WITH_CATEGORIES, "zero_as_missing": True},
    "missing-is-zero-in-categories": {**WITH_CATEGORIES, "use_missing": False},
}


@pytest.fixture(scope="module", params=PACKED, ids=str)
def trained(request):
    return train(**PACKED[request.param])


@pytest.fixture(scope="module")
def engine(numeric):
    return trees.load(pack_table(numeric.text), numeric.text, len(NAMES))


def wide(columns, **settings):
    """Return a model with this many columns, all of them relevant, and rows for it."""
    random = np.random.default_rng(6)
    rows = random.normal(size=(3_000, columns))
    label = (rows.sum(axis=1) + random.normal(size=len(rows)) > 0).astype(float)
    settings = {"objective": "binary", "num_leaves": 600, "min_data_in_leaf": 1, "verbosity": -1, **settings}
    booster = lightgbm.train({"num_threads": 1, "seed": 1, **settings}, lightgbm.Dataset(rows, label), 5)
    return booster.model_to_string().encode(), booster, random.normal(size=(200, columns))


def test_raw_scores_equal_the_package_bit_for_bit(trained):
    engine = trees.load(pack_table(trained.text), trained.text, len(NAMES))
    expected = trained.booster.predict(trained.rows, raw_score=True, num_threads=1).tolist()
    assert [engine.raw_score(row) for row in trained.rows.tolist()] == expected
    assert list(engine.raw_scores(trained.rows, len(trained.rows))) == expected


def test_contributions_equal_the_package_and_sum_to_the_raw_score(trained):
    engine = trees.load(pack_table(trained.text), trained.text, len(NAMES))
    expected = trained.booster.predict(trained.rows, pred_contrib=True, num_threads=1)
    for row, values in zip(trained.rows.tolist(), expected.tolist(), strict=True):
        contributions, base = engine.contributions(row)
        assert [*contributions, base] == pytest.approx(values, abs=TOLERANCE * max(1, *map(abs, values)))
        assert sum(contributions) + base == pytest.approx(engine.raw_score(row), abs=1e-9)


def test_a_packed_table_passes_the_comparison_with_lightgbm(trained):
    assert checked_table(trained.text, NAMES, trained.rows[:20].tolist()) == pack_table(trained.text)


@pytest.mark.parametrize(("columns", "distinct"), [(6, range(3, 9)), (14, range(9, 17)), (28, range(17, 33))])
def test_paths_of_up_to_32_features_are_explained(columns, distinct):
    text, booster, rows = wide(columns, feature_fraction_bynode=0.5)
    assert _most_distinct(booster) in distinct
    engine = trees.load(checked_table(text, booster.feature_name(), rows[:5].tolist()), text, columns)
    expected = booster.predict(rows[:20], pred_contrib=True)
    for row, values in zip(rows[:20].tolist(), expected.tolist(), strict=True):
        contributions, base = engine.contributions(row)
        assert [*contributions, base] == pytest.approx(values, abs=1e-12)


def _most_distinct(booster):
    def walk(node, seen):
        if "split_index" not in node:
            return len(seen)
        seen = seen | {node["split_feature"]}
        return max(walk(node["left_child"], seen), walk(node["right_child"], seen))

    return max(walk(tree["tree_structure"], frozenset()) for tree in booster.dump_model()["tree_info"])


def test_paths_of_more_than_32_features_stay_on_lightgbm():
    kinds = np.repeat(np.arange(40), 60)  # each feature identifies one kind, so every split separates one
    label = np.random.default_rng(4).random(len(kinds)) < (kinds % 2) * 0.8 + 0.1
    settings = {"objective": "binary", "num_leaves": 64, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(np.eye(40)[kinds], label.astype(float)), 2)
    assert _most_distinct(booster) > 32
    with pytest.raises(NotPacked) as refused:
        pack_table(booster.model_to_string().encode())
    assert refused.value.reason == "too_deep"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"linear_tree": True}, "linear"),
        ({"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}, "not_binary"),
        ({"objective": "regression"}, "not_binary"),
        ({"sigmoid": 0.5}, "not_binary"),
        ({"objective": "cross_entropy"}, "not_binary"),
    ],
    ids=str,
)
def test_a_model_that_a_table_cannot_express_stays_on_lightgbm(settings, reason):
    with pytest.raises(NotPacked) as refused:
        pack_table(train(**settings).text)
    assert refused.value.reason == reason


def test_several_classes_stay_on_lightgbm():
    random = np.random.default_rng(1)
    data = lightgbm.Dataset(random.normal(size=(300, 3)), random.integers(0, 3, 300))
    booster = lightgbm.train({"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}, data, 3)
    with pytest.raises(NotPacked) as refused:
        pack_table(booster.model_to_string().encode())
    assert refused.value.reason == "not_binary"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"\nleaf_count=", b"\nleaf_count=1", "covers"),
        (b"\ninternal_count=", b"\ninternal_count=9", "covers"),
        (b"\nleaf_value=", b"\nleaf_value=nan ", "not_finite"),
        (b"\nthreshold=", b"\nthreshold=nan ", "not_finite"),
    ],
)
def test_a_model_with_inconsistent_numbers_stays_on_lightgbm(numeric, old, new, reason):
    with pytest.raises(NotPacked) as refused:
        pack_table(numeric.text.replace(old, new, 1))
    assert refused.value.reason == reason


def test_a_table_with_other_answers_than_lightgbm_is_refused(numeric, monkeypatch):
    """The packed text differs from LightGBM's text in one leaf."""
    start, name, rest = numeric.text.partition(b"\nleaf_value=")
    other = start + name + b"-" + rest.lstrip(b"-")
    if other == numeric.text:
        other = start + name + rest.lstrip(b"-")
    monkeypatch.setattr("models.packed.pack_table", lambda text: _relabelled(pack_table(other), text))
    with pytest.raises(NotPacked) as refused:
        checked_table(numeric.text, NAMES, [])
    assert refused.value.reason == "differs"


def _relabelled(packed, text):
    return packed[:8] + pack_table(text)[8:40] + packed[40:]


@pytest.mark.parametrize(
    "buffer",
    [np.array, memoryview, np.ravel, lambda rows: array("d", rows.ravel().tolist())],
    ids=["numpy", "memoryview", "flat", "array"],
)
@pytest.mark.parametrize("count", [0, 1, 7, 8, 300])
def test_a_batch_equals_its_rows_in_any_buffer_of_doubles(engine, numeric, buffer, count):
    rows = numeric.rows[:count]
    assert list(engine.raw_scores(buffer(rows), count)) == [engine.raw_score(row) for row in rows.tolist()]


@pytest.mark.parametrize("row", [[0.0] * 11, [0.0] * 13, [], [0.0] * 11 + ["1"], [0.0] * 11 + [None]], ids=repr)
def test_a_row_of_another_shape_is_refused(engine, row):
    with pytest.raises(ValueError, match="12 numbers"):
        engine.raw_score(row)
    with pytest.raises(ValueError, match="12 numbers"):
        engine.contributions(row)
    with pytest.raises(ValueError, match="rows must"):
        engine.raw_scores(np.zeros((3, 11)), 3)


def test_eight_threads_get_the_same_answers_as_one(engine):
    rows = draw(9, 240).tolist()

    def answers(offset):
        order = rows[offset:] + rows[:offset]
        scores = [engine.raw_score(row) for row in order]
        return (
            scores,
            [engine.contributions(row) for row in order],
            list(engine.raw_scores(np.array(order), len(order))),
        )

    alone = [answers(offset) for offset in range(0, 240, 30)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answers, range(0, 240, 30))) == alone


def test_loading_five_hundred_times_leaks_no_memory(numeric):
    packed = pack_table(numeric.text)
    row = numeric.rows[0].tolist()

    def load_and_drop(times):
        for _ in range(times):
            trees.load(packed, numeric.text, len(NAMES)).contributions(row)
            with pytest.raises(ModelRefused):
                trees.load(packed[:-4], numeric.text, len(NAMES))

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    def growth():
        before = resident()
        load_and_drop(500)
        return resident() - before

    load_and_drop(100)
    # A leak grows each time. Other memory of the process grows only once.
    assert min(growth() for _ in range(3)) < 20 * len(packed)


def test_the_table_of_another_model_is_refused(numeric, trained):
    packed = pack_table(numeric.text)
    other = trained.text if trained.text != numeric.text else numeric.text.replace(b"x0", b"y0")
    with pytest.raises(ModelRefused, match="not packed from this model"):
        trees.load(packed, other, len(NAMES))


def test_another_number_of_features_is_refused(numeric):
    with pytest.raises(ModelRefused) as refused:
        trees.load(pack_table(numeric.text), numeric.text, len(NAMES) + 1)
    assert refused.value.reason == "schema_mismatch"


def test_a_table_is_less_than_half_as_large_as_its_model(numeric):
    assert len(pack_table(numeric.text)) < len(numeric.text) / 2


def test_without_the_library_load_returns_no_engine(numeric, monkeypatch):
    monkeypatch.setattr(trees, "load_library", lambda: None)
    assert trees.load(pack_table(numeric.text), numeric.text, len(NAMES)) is None
    assert reference.load(numeric.text, NAMES).raw_score([0.0] * 12)


@pytest.mark.parametrize("settings", [{}, WITH_CATEGORIES], ids=["numeric", "categories"])
def test_mutated_tables_are_refused_or_harmless(settings, tmp_path):
    text = train(**settings).text
    (tmp_path / "table").write_bytes(pack_table(text))
    (tmp_path / "model").write_bytes(text)
    result = subprocess.run(
        [sys.executable, fuzz_trees.__file__, tmp_path], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    answers = json.loads(result.stdout)
    assert sum(answers.values()) == fuzz_trees.MUTATIONS
    for reason in fuzz_trees.EXPECTED:
        assert answers[reason] > 0
    assert bool(answers.get("its sets")) == bool(settings)
