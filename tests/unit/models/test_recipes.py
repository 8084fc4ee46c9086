"""Tests of the contract and the known performance of every trained model."""

import re
from datetime import datetime
from functools import cache

import lightgbm
import numpy as np
import pytest

from models import recipe
from models.iit import recipe as iit
from models.leads import recipe as leads
from models.netsec import recipe as netsec
from models.wdbc import recipe as wdbc
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.features.service import get_feature_set

SMALL = {
    "iit": lambda seed, progress: iit.build(seed, 400, progress),
    "leads": lambda seed, progress: leads.build(seed, 4000, progress),
    "netsec": lambda seed, progress: netsec.build(seed, 0.08, progress),
    "wdbc": wdbc.train,
}


def small(name, seed):
    """Return a model trained on less data, and the fractions reported during training."""
    fractions = []
    return SMALL[name](seed, lambda _step, done: fractions.append(done)), fractions


@cache
def first_small(name):
    return small(name, 1)


def raw(trained, features):
    booster = lightgbm.Booster(model_str=trained.files["lgbm.txt"].decode())
    return float(booster.predict(np.array([trained.contract.encode(features)]), raw_score=True)[0])


def runner(trained):
    engines = {
        spec.name: load_engine(spec, trained.files[spec.file], trained.contract) for spec in trained.contract.engines
    }
    return EnsembleRunner(trained.contract, engines)


def probability(trained, features):
    return runner(trained).assess(trained.contract.encode(features)).probability


def test_recipes_are_found_by_name():
    assert recipe.recipe_names() == ["iit", "leads", "netsec", "wdbc"]
    with pytest.raises(KeyError):
        recipe.load_recipe("nothing")


def test_the_contract_has_the_name_of_its_recipe(name, trained):
    assert trained.contract.name == name
    assert re.fullmatch("[0-9a-f]{64}", trained.contract.training.sha256)
    assert [band.name for band in trained.contract.bands] == ["low", "moderate", "high"]


def test_the_booster_has_the_features_of_the_contract_in_order(trained):
    boosted = [spec for spec in trained.contract.engines if spec.kind == "lightgbm"]
    assert boosted
    for spec in boosted:
        booster = lightgbm.Booster(model_str=trained.files[spec.file].decode())
        assert booster.feature_name() == [column.name for column in trained.contract.engine_features(spec)]
        assert booster.dump_model()["objective"].startswith("binary")


def test_golden_rows_cover_every_band_category_and_missing_value(trained):
    contract = trained.contract
    assert 24 <= len(trained.golden) <= 64
    scored = [runner(trained).assess(contract.encode(row)) for row in trained.golden]
    assert {verdict.band for verdict in scored} == {"low", "moderate", "high"}
    for spec in contract.features:
        shown = {row[spec.name] for row in trained.golden}
        assert shown >= set(spec.categories)
        if spec.type == "boolean":
            assert shown >= {True, False}
    missing = {spec.name for spec in contract.features if any(row[spec.name] is None for row in trained.golden)}
    assert missing == {spec.name for spec in contract.features if spec.missing != "refuse"}


def test_samples_are_request_bodies_with_the_true_label(name, trained):
    bodies = list(recipe.load_recipe(name).samples(7, 60))
    assert len(bodies) == len({body["subject_id"] for body in bodies}) == 60
    assert {body["_label"] for body in bodies} == {0, 1}
    for body in bodies:
        features = body.get("features") or served(trained, body)
        assert 0 < probability(trained, features) < 1


def served(trained, body):
    features = get_feature_set(trained.contract.history)
    return features.extract(features.parse(body["history"]), datetime.fromisoformat(body["as_of"]))


def test_samples_are_the_same_for_the_same_seed(name):
    assert list(recipe.load_recipe(name).samples(3, 5)) == list(recipe.load_recipe(name).samples(3, 5))


def test_the_card_states_label_bands_metrics_and_digest(trained):
    contract = trained.contract
    assert contract.label.definition in trained.card
    assert contract.training.sha256 in trained.card
    assert f"{contract.metrics['auc']:.3f} ({contract.metrics['auc_low']:.3f} to" in trained.card
    for title in (
        "Intended use",
        "Not for",
        "Data",
        "Label passport",
        "Bands",
        "Engines",
        "Abstention",
        "By group",
        "Limits",
    ):
        assert f"## {title}" in trained.card


def test_the_iit_card_states_simulated_in_its_first_line(iit):
    assert "simulated" in iit.card.splitlines()[0].lower()
    assert iit.contract.training.simulated
    assert iit.contract.history == "art-visits/2"


def test_the_iit_card_states_that_a_pick_up_is_a_contact(iit):
    data = iit.card.partition("## Data")[2].partition("## Label passport")[0]
    assert "PEPFAR's indicator of interruption counts pick-ups as well" in data
    assert "10 % of the patients have irregular records" in data


def test_the_iit_model_reaches_its_auc_and_stays_below_the_oracle(iit):
    metrics = iit.contract.metrics
    assert 0.66 <= metrics["auc_low"] <= metrics["auc"] <= metrics["auc_high"] <= 0.80
    assert metrics["auc"] < metrics["oracle_auc"]
    assert metrics["average_precision"] > 1.5 * metrics["base_rate"]
    assert 0.8 < metrics["calibration_slope"] < 1.25


def test_the_iit_model_uses_category_and_missing_splits(iit):
    text = iit.files["lgbm.txt"].decode()
    assert int(re.search(r"num_cat=([1-9]\d*)", text)[1]) >= 1
    row = dict(iit.golden[0])
    assert raw(iit, row | {"last_days_late": None}) != raw(iit, row | {"last_days_late": 60})


def test_risk_rises_with_lateness(iit):
    row = dict(iit.golden[0])
    late = {"last_days_late": 40, "late_mean_3": 30.0, "late_mean_5": 25.0, "late_mean_10": 20.0, "late28_count_10": 3}
    punctual = dict.fromkeys(late, 0)
    assert raw(iit, row | late) > raw(iit, row | punctual)


def test_only_the_same_seed_gives_the_same_bytes(name):
    (once, _), (again, _), (other, _) = first_small(name), small(name, 1), small(name, 2)
    assert once == again
    assert once.files != other.files


def test_wdbc_is_trained_on_real_patients_only(wdbc):
    contract = wdbc.contract
    assert not contract.training.simulated
    assert contract.history is None
    assert contract.training.rows == 227
    assert contract.metrics["test_rows"] == 143
    assert contract.metrics["auc"] > 0.95


def test_the_reported_progress_rises_to_one(name):
    _, fractions = first_small(name)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
