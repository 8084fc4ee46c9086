"""Tests of packages with a packed table, and of models that stay on LightGBM."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from cli import native
from models.packed import add_packed_tables
from tests.support.fakes.packages import KEY, KEYS, NOW, contract, trained
from vigil.errors import ModelRefused
from vigil.prediction.engines import lightgbm as lightgbm_engine
from vigil.prediction.engines import trees
from vigil.prediction.engines.ensemble import Ensemble
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.engines.votes import Calibration, EngineSpec
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, Release, build_package

NUMBERS, ALL = ("visits", "age"), ("age", "visits", "sex", "phone")
ENGINES = (
    EngineSpec("numbers", "lightgbm", "numbers.txt", NUMBERS, Calibration()),
    EngineSpec("all", "lightgbm", "all.txt", None, Calibration()),
)


@pytest.fixture(scope="module")
def model():
    """Return a model with two engines: one on two reordered numbers, and one with a category."""
    native.add_to_path()
    random = np.random.default_rng(5)
    rows = np.column_stack([random.uniform(0, 120, 500), *(random.integers(0, n, 500) for n in (11, 2, 2))])
    rows[random.random(rows.shape) < 0.1] = np.nan
    labels = (np.nan_to_num(rows[:, 0]) + 9 * np.nan_to_num(rows[:, 1]) + 20 * (rows[:, 2] == 1) > 90).astype(float)
    both = {"numbers": rows[:, [1, 0]], "all": rows}
    names = {"numbers": NUMBERS, "all": ALL}
    files = {f"{name}.txt": _text(columns, labels, names[name]) for name, columns in both.items()}
    of = contract(engines=ENGINES, ensemble=Ensemble({"numbers": 1.0, "all": 1.0}, positive_from=0.5))
    return TrainedModel(of, files, trained().golden, "# Two\n")


def _text(rows, labels, names):
    data = lightgbm.Dataset(
        rows, labels, feature_name=list(names), categorical_feature=["sex"] if "sex" in names else "auto"
    )
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_per_group": 5, "cat_smooth": 1.0}
    return lightgbm.train(settings, data, 15).model_to_string().encode()


def test_engines_on_numbers_and_on_categories_are_packed(model):
    packed, refusals = add_packed_tables(model)
    assert set(packed.files) == {"numbers.txt", "all.txt", "numbers.walk", "all.walk"}
    assert refusals == {}


def test_an_engine_that_a_table_cannot_express_has_none(model):
    """The leaves of one engine have other numbers of rows than their parents."""
    other = {**model.files, "all.txt": model.files["all.txt"].replace(b"\nleaf_count=", b"\nleaf_count=1")}
    packed, refusals = add_packed_tables(replace(model, files=other))
    assert set(packed.files) == {"numbers.txt", "all.txt", "numbers.walk"}
    assert {name: refusal.reason for name, refusal in refusals.items()} == {"all": "covers"}


def test_a_package_with_a_table_gives_the_same_answers_as_lightgbm(model):
    release = Release(1, NOW, NOW.replace(year=NOW.year + 1))
    packed, _ = add_packed_tables(model)
    fast, slow = (
        PackageVerifier(KEYS, load_engine).verify(build_package(m, release, KEY, load_engine), ExpectedPackage(now=NOW))
        for m in (packed, model)
    )
    for engine in ("numbers", "all"):
        assert isinstance(_runner(fast, engine), trees.TreesEngine)
        assert isinstance(_runner(slow, engine), lightgbm_engine.LightGBMEngine)
    for features in model.golden:
        row = model.contract.encode(features)
        assert fast.assess(row) == slow.assess(row)


def _runner(model, engine):
    return model.runner.explainers[engine].raw_score.__self__


def test_a_signed_table_that_is_invalid_is_refused_as_malformed(model):
    packed, _ = add_packed_tables(model)
    release = Release(1, NOW, NOW.replace(year=NOW.year + 1))
    table = packed.files["numbers.walk"]
    for broken in (b"", table[:-1], table[:60] + b"\xff" * 8 + table[68:], b"X" + table[1:]):
        files = {**packed.files, "numbers.walk": broken}
        with pytest.raises(ModelRefused) as refused:
            build_package(TrainedModel(model.contract, files, model.golden, model.card), release, KEY, load_engine)
        assert refused.value.reason == "malformed"


def test_a_model_without_lightgbm_engines_has_no_tables():
    other = contract(engines=(EngineSpec("rules", "rules", "rules.json"),), ensemble=Ensemble({"rules": 1.0}, 0.5))
    model = TrainedModel(other, {"rules.json": b"{}"}, trained().golden, "# None\n")
    assert add_packed_tables(model) == (model, {})
