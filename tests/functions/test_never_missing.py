"""An answer without a value that was never missing in training has a warning: LightGBM reads such a value as 0."""

import json
from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from tests.support.deployments import deployment
from tests.support.fakes.card import CARD
from tests.support.fakes.scoring import CONTRACT
from tests.support.gateway import Context, event
from vigil.bootstrap import decisions
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.model import TrainedModel

FEATURES = (
    FeatureSpec("age", "number", "age", "years", 0, 150),
    FeatureSpec("visits", "integer", "visits", "", 0, 50),
    FeatureSpec("dose", "number", "dose", "mg", 0, 100, missing="refuse"),
)
FACTS = {"age": 50, "visits": 8, "dose": 2}


@pytest.fixture
def api(monkeypatch):
    random = np.random.default_rng(4)
    rows = np.column_stack([random.normal(50, 10, 900), random.integers(0, 20, 900), random.uniform(0, 20, 900)])
    labels = (rows[:, 0] + rows[:, 1] + random.normal(0, 5, 900) > 62).astype(float)
    rows[:90, 1] = np.nan
    data = lightgbm.Dataset(rows, labels, feature_name=[spec.name for spec in FEATURES])
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 20)
    contract = replace(CONTRACT, features=FEATURES)
    golden = ({"age": 40, "visits": 3, "dose": 1}, {"age": 70, "visits": None, "dose": 1})
    model = TrainedModel(contract, {"linear.txt": booster.model_to_string().encode()}, golden, CARD)

    from functions.scoring_api.handler import lambda_handler

    def call(method, path, **kwargs):
        answer = lambda_handler(event(method, path, **kwargs), Context())
        return answer["statusCode"], json.loads(answer["body"])

    with deployment(model, monkeypatch):
        yield call


def score(api, **facts):
    body = {"model": "toy", "subject_id": "p-1", "features": FACTS | facts}
    status, answer = api("POST", "/v1/scores", body=body)
    assert status == 201, answer
    return answer


def test_an_answer_without_a_value_never_missing_in_training_warns(api):
    assert score(api)["warnings"] == ["no_calibration"]
    assert score(api, visits=None)["warnings"] == ["no_calibration"]
    without = score(api, age=None)
    assert without["warnings"] == ["no_calibration", "never_missing_in_training"]
    assert without["probability"] == score(api, age=0)["probability"]


def test_the_warning_is_stored_and_replayed(api):
    decision = score(api, age=None)
    assert api("GET", f"/v1/scores/{decision['decision_id']}")[1] == decision
    row, replayed = decisions.scoring().replay("acme", decision["decision_id"])
    assert replayed == row.body


def test_a_model_lists_the_features_never_missing_in_training(api):
    assert api("GET", "/v1/models/toy")[1]["never_missing_in_training"] == ["age"]
