"""A refused model file is refused with the finding and the remedy."""

import lightgbm
import numpy as np
import pytest

from tests.unit.prediction.engines.contracts import contract
from vigil.errors import ModelRefused
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.features.feature_spec import FeatureSpec

ROWS = np.random.default_rng(8).normal(size=(200, 2))
SETTINGS = {"verbosity": -1, "num_threads": 1, "num_leaves": 4}
NAMES = ("mean age", "visits")
WRITTEN = ("mean_age", "visits")
"""The names that LightGBM writes."""


def trained(names=WRITTEN, **settings):
    data = lightgbm.Dataset(ROWS, (ROWS[:, 0] > 0).astype(float), feature_name=list(names) if names else "auto")
    booster = lightgbm.train(SETTINGS | {"objective": "binary"} | settings, data, 3)
    return booster.model_to_string().encode()


def own_loss(raw, data):
    p = 1 / (1 + np.exp(-raw))
    return p - data.get_label(), p * (1 - p)


REFUSALS = {
    "CRLF": (trained().replace(b"\n", b"\r\n"), "malformed", ["CRLF", "save the file with LF"]),
    "version 3": (trained().replace(b"version=v4", b"version=v3"), "unsupported", ["'v3'", "LightGBM 4", "save_model"]),
    "no version": (trained().replace(b"version=v4\n", b""), "unsupported", ["missing", "LightGBM 4"]),
    "names with spaces": (trained(NAMES), "schema_mismatch", ["'mean_age'", "'mean age'", "underscores"]),
    "default names": (trained(None), "schema_mismatch", ["'Column_0'", "'mean age'", "feature_name"]),
    "other names": (trained(("age", "visits")), "schema_mismatch", ["'age'", "'mean age'", "order"]),
    "cross entropy": (trained(objective="cross_entropy"), "unsupported", ["'cross_entropy'", "objective='binary'"]),
    "own loss": (trained(objective=own_loss), "unsupported", ["loss of your own", "objective='binary'"]),
    "sigmoid": (trained(sigmoid=0.5), "unsupported", ["'binary sigmoid:0.5'", "without the parameter sigmoid"]),
    "classes": (trained(objective="multiclass", num_class=3), "unsupported", ["'3'", "labels of 0 and 1"]),
    "random forest": (
        trained(boosting="rf", bagging_freq=1, bagging_fraction=0.5),
        "unsupported",
        ["average", "boosting='gbdt'"],
    ),
    "linear trees": (trained(linear_tree=True), "unsupported", ["TreeSHAP", "linear_tree=False"]),
    "no model": (b"{}", "malformed", ["text format", "save_model"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_model_names_the_finding_and_the_remedy(case):
    text, reason, words = REFUSALS[case]
    of = contract("lightgbm", tuple(FeatureSpec(name, "number", name) for name in NAMES))
    with pytest.raises(ModelRefused) as refused:
        load_engine(of.engines[0], text, of)
    assert refused.value.reason == reason
    assert [word for word in words if word not in refused.value.detail] == []


def test_the_names_of_the_remedy_are_accepted():
    of = contract("lightgbm", tuple(FeatureSpec(name, "number", name) for name in WRITTEN))
    assert load_engine(of.engines[0], trained(NAMES), of)
