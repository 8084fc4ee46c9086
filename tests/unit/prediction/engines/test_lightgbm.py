"""Tests of the LightGBM engine: equal answers to the lightgbm package, thread safety, and memory."""

import os
import resource
import subprocess
import sys
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from vigil.errors import ModelRefused
from vigil.prediction.engines.lightgbm import LARGE_BATCH_ROWS, load

NAMES = tuple(f"x{i}" for i in range(12))
CORE = Path(__file__).parents[4] / "layers/core"


def test_raw_scores_equal_the_package_bit_for_bit(trained):
    engine = load(trained.text, NAMES)
    expected = trained.booster.predict(trained.rows, raw_score=True, num_threads=1)
    assert [engine.raw_score(row) for row in trained.rows.tolist()] == expected.tolist()


def test_contributions_equal_the_package_and_sum_to_the_raw_score(trained):
    engine = load(trained.text, NAMES)
    expected = trained.booster.predict(trained.rows, pred_contrib=True, num_threads=1)
    for row, values in zip(trained.rows.tolist(), expected.tolist(), strict=True):
        contributions, base = engine.contributions(row)
        assert [*contributions, base] == values
        assert sum(contributions) + base == pytest.approx(engine.raw_score(row), abs=1e-9)


def test_the_test_rows_take_different_paths(trained):
    assert len(set(trained.booster.predict(trained.rows, raw_score=True).tolist())) > 200


@pytest.mark.parametrize("trained", ["categorical", "one-hot"], indirect=True)
def test_the_categorical_models_split_on_categories(trained):
    assert b"\ncat_threshold=" in trained.text


@pytest.mark.parametrize(
    "buffer",
    [np.array, memoryview, np.ravel, lambda rows: array("d", rows.ravel().tolist())],
    ids=["numpy", "memoryview", "flat", "array"],
)
def test_a_batch_equals_its_rows_in_any_buffer_of_doubles(numeric, buffer):
    engine = load(numeric.text, NAMES)
    scores = engine.raw_scores(buffer(numeric.rows), len(numeric.rows))
    assert list(scores) == [engine.raw_score(row) for row in numeric.rows.tolist()]


def test_a_large_batch_on_all_cores_equals_its_rows(numeric):
    engine = load(numeric.text, NAMES)
    rows = np.resize(numeric.rows, (LARGE_BATCH_ROWS + 7, len(NAMES))) + np.arange(LARGE_BATCH_ROWS + 7)[:, None] * 1e-4
    assert list(engine.raw_scores(rows, len(rows))) == [engine.raw_score(row) for row in rows.tolist()]


def test_a_read_only_batch_is_scored(numeric):
    frozen = np.frombuffer(numeric.rows.tobytes()).reshape(numeric.rows.shape)
    assert frozen.flags.writeable is False
    engine = load(numeric.text, NAMES)
    assert list(engine.raw_scores(frozen, len(frozen))) == list(engine.raw_scores(numeric.rows, len(frozen)))


def test_an_empty_batch_has_no_scores(numeric):
    assert list(load(numeric.text, NAMES).raw_scores(array("d"), 0)) == []


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (np.zeros((3, 12), dtype=np.float32), 3),
        (np.zeros((3, 24))[:, ::2], 3),
        (np.zeros((12, 3)), 3),
        (np.zeros((3, 11)), 3),
        (np.zeros((3, 12)), 4),
        (np.zeros((3, 12)), -3),
        (np.zeros((3, 12), dtype=">f8"), 3),
        (b"\0" * 3 * 12 * 8, 3),
    ],
    ids=["float32", "strided", "transposed", "narrow", "short", "negative", "big-endian", "bytes"],
)
def test_a_batch_of_another_layout_is_refused(numeric, rows, count):
    with pytest.raises(ValueError, match="rows must"):
        load(numeric.text, NAMES).raw_scores(rows, count)


@pytest.mark.parametrize("row", [[0.0] * 11, [0.0] * 13, [], [0.0] * 11 + ["1"], [0.0] * 11 + [None]], ids=repr)
def test_a_row_of_another_shape_is_refused(numeric, row):
    engine = load(numeric.text, NAMES)
    with pytest.raises(ValueError, match="12 numbers"):
        engine.raw_score(row)
    with pytest.raises(ValueError, match="12 numbers"):
        engine.contributions(row)


def test_eight_threads_get_the_same_answers_as_one(numeric):
    engine = load(numeric.text, NAMES)
    rows = numeric.rows.tolist()

    def answers(offset):
        order = rows[offset:] + rows[:offset]
        scores = [engine.raw_score(row) for _ in range(5) for row in order]
        explained = [engine.contributions(row) for row in order[:60]]
        return scores, explained, list(engine.raw_scores(np.array(order * 5), 5 * len(order)))

    alone = [answers(offset) for offset in range(0, 240, 30)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answers, range(0, 240, 30))) == alone


def test_loading_two_hundred_times_leaks_no_memory(numeric):
    def load_and_drop(times):
        for _ in range(times):
            load(numeric.text, NAMES).contributions(numeric.rows[0].tolist())

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    load_and_drop(50)
    before = resident()
    load_and_drop(200)
    leaked_models = (resident() - before) / len(numeric.text)
    assert leaked_models < 20


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (NAMES[:-1], "11"),
        ((*NAMES, "x12"), "13"),
        ((*NAMES[:-2], "x11", "x10"), "feature 11"),
        ((), "schema 0"),
    ],
    ids=["fewer", "more", "reordered", "none"],
)
def test_a_model_with_other_features_than_the_schema_is_refused(numeric, names, reason):
    with pytest.raises(ModelRefused, match=reason) as refused:
        load(numeric.text, names)
    assert refused.value.reason == "schema_mismatch"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"objective=binary sigmoid:1", b"objective=regression"),
        (b"objective=binary sigmoid:1", b"objective=binary sigmoid:0.5"),
        (b"objective=binary sigmoid:1", b"objective=multiclass num_class:3"),
        (b"num_class=1", b"num_class=3"),
        (b"num_tree_per_iteration=1", b"num_tree_per_iteration=3"),
        (b"version=v4", b"version=v9"),
        (b"label_index=0", b"label_index=0\naverage_output"),
        (b"is_linear=0", b"is_linear=1"),
    ],
    ids=lambda text: text.decode().split("\n")[-1],
)
def test_a_model_that_is_not_binary_log_odds_is_refused(numeric, old, new):
    assert old in numeric.text
    with pytest.raises(ModelRefused) as refused:
        load(numeric.text.replace(old, new), NAMES)
    assert refused.value.reason == "unsupported"


def test_a_truncated_model_is_refused(numeric):
    whole = numeric.text.index(b"end of trees")
    for length in range(0, whole + 1, whole // 97):
        with pytest.raises(ModelRefused):
            load(numeric.text[:length], NAMES)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"tree\n",
        lambda text: b"\x89PNG" + text,
        lambda text: text.replace(b"tree_sizes=", b"tree_sizes=x "),
        lambda text: text.replace(b"tree_sizes=", b"tree_sizes=9 "),
        lambda text: text.replace(b"feature_infos=", b"feature_infos=none "),
        lambda text: text.replace(b"x11", b"x\xff1", 1),
        lambda text: text.replace(b"leaf_value", b"leaf_val\0e", 1),
    ],
    ids=["empty", "header", "magic", "sizes", "shifted", "infos", "encoding", "nul"],
)
def test_a_damaged_model_is_refused_as_malformed(numeric, damage):
    with pytest.raises(ModelRefused) as refused:
        load(damage(numeric.text), NAMES)
    assert refused.value.reason == "malformed"


SCORE = """
import sys
from pathlib import Path
sys.path.append({core!r})
from vigil.prediction.engines.lightgbm import load
from vigil.errors import ModelRefused
try:
    engine = load(Path({model!r}).read_bytes(), [f"x{{i}}" for i in range(12)])
    print(engine.raw_score([0.5] * 12))
except ModelRefused as refused:
    print(refused)
print(sorted({{"lightgbm", "numpy", "scipy", "sklearn"}} & set(sys.modules)))
"""


def _in_a_fresh_process(tmp_path, text, *flags):
    model = tmp_path / "model.txt"
    model.write_bytes(text)
    script = SCORE.format(core=str(CORE), model=str(model))
    done = subprocess.run(
        [sys.executable, *flags, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ
    )
    return done.stdout.splitlines()


def test_scoring_does_not_import_the_package_or_numpy(numeric, tmp_path):
    expected = numeric.booster.predict(np.full((1, 12), 0.5), raw_score=True)[0]
    assert _in_a_fresh_process(tmp_path, numeric.text) == [repr(float(expected)), "[]"]


def test_without_the_scoring_layer_the_refusal_names_the_library(numeric, tmp_path):
    message, _ = _in_a_fresh_process(tmp_path, numeric.text, "-I", "-S")
    assert message.startswith("unsupported: lib_lightgbm.so is not on sys.path")
