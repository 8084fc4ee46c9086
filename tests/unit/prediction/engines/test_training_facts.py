"""A schema that codes categories in another way than the training is refused; features never missing are found."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from random import Random

import lightgbm
import numpy as np
import pytest

from tests.unit.prediction.engines.contracts import PLATT, contract
from vigil.errors import ModelRefused
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.engines.training_facts import never_missing
from vigil.prediction.features.feature_spec import FeatureSpec

PANDAS = Path(__file__).parent / "pandas_categories"
"""A model that lightgbm 4.7.0 trained on a DataFrame with a category, rows for it, and LightGBM's own predictions."""
TRAINED = ("high", "low", "medium")
LEVEL = FeatureSpec("level", "category", "level", categories=TRAINED, missing="refuse")
X = FeatureSpec("x", "number", "x", "kg", -9, 9)
SETTINGS = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1, "min_data_per_group": 5}


def load(text, features):
    of = contract("lightgbm", features, PLATT)
    return load_engine(of.engines[0], text, of), of


def read_rows():
    with (PANDAS / "rows.csv").open() as rows, (PANDAS / "predict.csv").open() as predicted:
        return list(zip(csv.DictReader(rows), csv.DictReader(predicted), strict=True))


def test_a_model_of_pandas_is_answered_like_lightgbm():
    engine, of = load((PANDAS / "model.txt").read_bytes(), (LEVEL, X))
    for row, predicted in read_rows():
        vector = of.encode({"level": row["level"], "x": float(row["x"])})
        assert engine.raw_score(vector) == float(predicted["raw_score"])
        assert engine.assess(vector).probability == pytest.approx(float(predicted["probability"]), abs=1e-15)


@pytest.mark.parametrize("levels", [("low", "medium", "high"), ("high", "low"), (*TRAINED, "none")], ids=str)
def test_other_levels_are_refused_with_both_lists_and_the_line(levels):
    with pytest.raises(ModelRefused) as refused:
        load((PANDAS / "model.txt").read_bytes(), (replace(LEVEL, categories=levels), X))
    assert refused.value.reason == "schema_mismatch"
    assert "'level'" in refused.value.detail
    assert json.dumps(levels)[1:-1] in refused.value.detail
    mended = 'FeatureSpec("level", "category", "level", categories=("high", "low", "medium"), missing="refuse")'
    assert refused.value.detail.endswith(mended)
    assert eval(mended) == LEVEL  # noqa: S307 - the printed line is source


def test_the_printed_line_has_the_labels_of_the_levels_of_the_training():
    labelled = replace(LEVEL, categories=("low", "none"), category_labels={"low": "little", "none": "nothing"})
    with pytest.raises(ModelRefused) as refused:
        load((PANDAS / "model.txt").read_bytes(), (labelled, X))
    line = refused.value.detail[refused.value.detail.index("FeatureSpec(") :]
    assert eval(line) == replace(LEVEL, category_labels={"low": "little"})  # noqa: S307 - the printed line is source


def test_a_category_of_pandas_without_a_category_feature_is_refused():
    with pytest.raises(ModelRefused, match=r'1 pandas categories \(\("high", "low", "medium"\)\).* 0 category'):
        load((PANDAS / "model.txt").read_bytes(), (FeatureSpec("level", "integer", "level", "", 0, 2), X))


@pytest.mark.parametrize("line", [b"[[1,", b"7", b"[3]", b'{"a": 1}' + b"[" * 9], ids=str)
def test_levels_that_cannot_be_read_are_refused_as_malformed(line):
    text, _, _ = (PANDAS / "model.txt").read_bytes().rpartition(b"[[")
    with pytest.raises(ModelRefused) as refused:
        load(text + line + b"\n", (LEVEL, X))
    assert refused.value.reason == "malformed"


def test_numbers_are_levels_as_the_file_writes_them():
    text = (PANDAS / "model.txt").read_bytes().replace(b'["high", "low", "medium"]', b"[1, 2.5, true]")
    assert load(text, (replace(LEVEL, categories=("1", "2.5", "true")), X))


def draw_booster(random, *, gaps=0.0):
    """Return a random booster with levels, as trained through pandas, its rows, and its features."""
    width, rows = random.randint(2, 5), 240
    generator = np.random.default_rng(random.randrange(1 << 32))
    features, columns, categories = [], [], []
    for place in range(width):
        if place == 0 or random.random() < 0.5:
            levels = tuple(f"level {code}" for code in random.sample(range(20), random.randint(2, 6)))
            columns.append(generator.integers(0, len(levels), rows).astype(float))
            features.append(FeatureSpec(f"f{place}", "category", f"f{place}", categories=levels))
            categories.append(place)
        else:
            columns.append(generator.normal(size=rows))
            features.append(FeatureSpec(f"f{place}", "number", f"f{place}"))
        if random.random() < gaps:
            columns[-1][generator.random(rows) < 0.15] = np.nan
    matrix = np.column_stack(columns)
    odds = sum(generator.permutation(7)[np.nan_to_num(column).astype(int) % 7] for column in columns)
    labels = (odds + generator.normal(size=rows) > np.median(odds)).astype(float)
    data = lightgbm.Dataset(
        matrix, labels, feature_name=[f.name for f in features], categorical_feature=categories, params=SETTINGS
    )
    booster = lightgbm.train(SETTINGS | {"max_cat_to_onehot": random.choice([1, 4])}, data, 6)
    booster.pandas_categorical = [list(features[place].categories) for place in categories]
    return booster, matrix, features


def spoil(random, features):
    """Return a schema whose levels are in another order, or fewer."""
    of = random.choice([place for place, spec in enumerate(features) if spec.type == "category"])
    levels = list(features[of].categories)
    kept = random.sample(levels, len(levels) if random.random() < 0.5 else random.randint(1, len(levels) - 1))
    return [replace(spec, categories=tuple(kept)) if place == of else spec for place, spec in enumerate(features)]


def test_200_permutations_and_drops_of_levels_are_never_served_wrongly():
    random, served, refusals = Random(13), 0, 0
    for _ in range(200):
        booster, matrix, features = draw_booster(random)
        schema = spoil(random, features)
        text = booster.model_to_string().encode()
        if schema != features:
            with pytest.raises(ModelRefused, match="schema_mismatch"):
                load(text, tuple(schema))
            refusals += 1
            continue
        served += 1
        engine, of = load(text, tuple(schema))
        expected = booster.predict(matrix, raw_score=True, num_threads=1)
        named = contract("lightgbm", tuple(features))
        rows = [of.encode(named.decode(row)) for row in matrix.tolist()]
        assert [engine.raw_score(row) for row in rows] == expected.tolist()
    assert (served + refusals, served > 5, refusals > 150) == (200, True, True)


def test_codes_that_the_schema_does_not_have_are_refused():
    booster, _, features = draw_booster(Random(3))
    booster.pandas_categorical = None
    text = booster.model_to_string().encode()
    assert load(text, tuple(features))
    fewer = tuple(replace(spec, categories=spec.categories[:-1]) for spec in features)
    with pytest.raises(ModelRefused, match="only"):
        load(text, fewer)


def test_the_features_never_missing_are_those_without_a_gap_in_training():
    random = Random(5)
    found = [draw_booster(random, gaps=0.5) for _ in range(100)]
    for booster, matrix, features in found:
        used = booster.feature_importance("split") > 0
        whole = ~np.isnan(matrix).any(axis=0)
        expected = {spec.name for spec, splits, full in zip(features, used, whole, strict=True) if splits and full}
        assert never_missing(booster.model_to_string().encode(), features) == expected
    assert any(np.isnan(matrix).any() for _, matrix, _ in found)


def test_a_model_whose_author_chose_0_for_missing_has_no_such_feature():
    rows = np.random.default_rng(1).normal(size=(300, 2))
    data = lightgbm.Dataset(rows, rows[:, 0] > 0, feature_name=["a", "b"])
    features = [FeatureSpec("a", "number", "a"), FeatureSpec("b", "number", "b")]
    for settings, expected in (({}, {"a", "b"}), ({"use_missing": False}, set()), ({"zero_as_missing": True}, set())):
        text = lightgbm.train(SETTINGS | settings, data, 9).model_to_string().encode()
        assert never_missing(text, features) <= expected
        assert ("a" in never_missing(text, features)) == bool(expected)
        data = lightgbm.Dataset(rows, rows[:, 0] > 0, feature_name=["a", "b"])


def test_a_feature_that_is_refused_when_missing_is_not_listed():
    booster, _, features = draw_booster(Random(5))
    names = {spec.name for spec in features}
    for missing in ("allow", "abstain", "refuse"):
        schema = tuple(replace(spec, missing=missing) for spec in features)
        engine, of = load(booster.model_to_string().encode(), schema)
        places = EnsembleRunner(of, {"engine": engine}).never_missing
        assert {schema[place].name for place in places} == (set() if missing == "refuse" else engine.never_missing)
        assert engine.never_missing <= names


@pytest.mark.parametrize("line", [b"split_feature=0 9", b"split_feature=0"], ids=str)
def test_splits_that_cannot_be_read_are_refused_as_malformed(line):
    text = b"tree\n" + line + b"\ndecision_type=2 2\n"
    with pytest.raises(ModelRefused) as refused:
        never_missing(text, [X])
    assert refused.value.reason == "malformed"
