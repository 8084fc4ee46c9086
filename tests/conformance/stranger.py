"""A package written from the contract alone, without `models`: hand-written files, and one by LightGBM."""

import json

import lightgbm
import numpy as np

from vigil.prediction.engines.contract import Label, ModelContract, TrainingData
from vigil.prediction.engines.ensemble import Abstention, Band, Ensemble
from vigil.prediction.engines.votes import Calibration, EngineSpec
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.model import TrainedModel

FEATURES = (
    FeatureSpec("speed", "number", "speed", "km/h", 0, 300, missing="abstain", other_units={"m/s": 1 / 3.6}, cost=2),
    FeatureSpec("load", "number", "load", "kg", 0, 5000, cost=5),
    FeatureSpec("road", "category", "road", categories=("dry", "wet", "icy"), missing="refuse"),
    FeatureSpec("night", "boolean", "night"),
)
RULES = {
    "rules": [
        {
            "name": "far_too_fast_on_ice",
            "text": "Above 80 km/h on ice.",
            "when": {
                "all": [
                    {"feature": "speed", "op": ">", "value": 80},
                    {"feature": "road", "op": "==", "value": "icy"},
                ]
            },
            "severity": "red",
            "veto": True,
        },
        {
            "name": "slow_by_day",
            "text": "Below 30 km/h by day.",
            "when": {
                "all": [
                    {"feature": "speed", "op": "<", "value": 30},
                    {"not": {"feature": "night", "op": "==", "value": True}},
                ]
            },
            "vote": "negative",
        },
    ]
}
FOREST = {  # two trees of one split each
    "features": ["speed", "load"],
    "roots": [0, 3],
    "feature": [0, -1, -1, 1, -1, -1],
    "threshold": [200.0, 0.0, 0.0, 4000.0, 0.0, 0.0],
    "left": [1, -1, -1, 4, -1, -1],
    "right": [2, -1, -1, 5, -1, -1],
    "missing_left": [True, False, False, True, False, False],
    "length": [0.0, 9.0, 1.0, 0.0, 9.0, 1.0],
    "normal": 7.0,
}
STATISTICS = {
    "domain": {
        "features": ["speed", "load"],
        "center": [80.0, 1200.0],
        "scale": [30.0, 600.0],
        "distances": [i / 40 for i in range(100)],
        "gate": 0.01,
    },
    "votes": False,
}
ENGINES = (
    EngineSpec("trees", "lightgbm", "trees.txt", ("road", "speed", "night"), Calibration(0.9, 0.05)),
    EngineSpec("isolation", "isolation_forest", "isolation.json", ("speed", "load"), Calibration(4.0, -3.0)),
    EngineSpec("rules", "rules", "rules.json", None, Calibration(1.5, 0.0)),
    EngineSpec("domain", "statistics", "domain.json", ("load", "speed")),
)


def package() -> TrainedModel:
    random = np.random.default_rng(5)
    rows = np.column_stack(
        [random.integers(0, 3, 800), random.uniform(0, 200, 800), random.integers(0, 2, 800)]
    ).astype(float)
    labels = (rows[:, 1] / 60 + rows[:, 0] + rows[:, 2] + random.normal(0, 1, 800) > 3.5).astype(int)
    data = lightgbm.Dataset(rows, labels, feature_name=["road", "speed", "night"], categorical_feature=["road"])
    settings = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1, "seed": 1}
    booster = lightgbm.train(settings, data, 30)
    contract = ModelContract(
        name="icy-roads",
        features=FEATURES,
        label=Label("accident", "An accident within the hour.", 1),
        engines=ENGINES,
        ensemble=Ensemble(
            {"trees": 1.0, "isolation": 0.2, "rules": 0.5}, 0.5, 0.1, {"trees": -0.5, "rules": 0.05}, "majority"
        ),
        bands=(Band("green", 0, "drive"), Band("amber", 0.3, "warn"), Band("red", 0.7, "stop")),
        training=TrainingData("drawn", simulated=True, rows=800, sha256="0" * 64),
        metrics={"auc": 0.8, "coverage": 0.8},
        abstention=Abstention(0.1, 0.1, 0.35, 0.09, 0.8),
        typical={"speed": (40.0, 80.0, 120.0), "load": (800.0, 1200.0, 1800.0), "night": (0.0, 1.0)},
    )
    files = {"trees.txt": booster.model_to_string().encode()}
    files |= {f"{name}.json": json.dumps(document).encode() for name, document in DOCUMENTS.items()}
    golden = tuple(
        {"speed": speed, "load": load, "road": road, "night": night}
        for speed, load in ((20, 900), (70, 1500), (110, 1000), (None, 1200), (290, 4900))
        for road in ("dry", "wet", "icy")
        for night in (False, None)
    )
    return TrainedModel(contract, files, golden, "# Icy roads\n\nDrawn.\n")


DOCUMENTS = {"rules": RULES, "isolation": FOREST, "domain": STATISTICS}
