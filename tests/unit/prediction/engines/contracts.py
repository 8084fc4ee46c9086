"""Small contracts with one engine, for tests of engines."""

from vigil.prediction.engines.contract import Label, ModelContract, TrainingData
from vigil.prediction.engines.ensemble import Band, Ensemble
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.engines.votes import FILE_EXTENSIONS, Calibration, EngineSpec
from vigil.prediction.features.feature_spec import FeatureSpec

NUMBERS = tuple(FeatureSpec(name, "number", name) for name in ("a", "b", "c"))


def contract(kind, features=NUMBERS, calibration=None, positive_from=0.5):
    spec = EngineSpec("engine", kind, f"engine.{FILE_EXTENSIONS[kind]}", None, calibration)
    return ModelContract(
        name="one",
        features=features,
        label=Label("trouble", "trouble", 1),
        engines=(spec,),
        ensemble=Ensemble({"engine": 1.0}, positive_from),
        bands=(Band("low", 0, "wait"), Band("moderate", 0.3, "look"), Band("high", 0.6, "act")),
        training=TrainingData("made up", True, 1, "0" * 64),
        metrics={},
    )


def engine(kind, content, features=NUMBERS, calibration=None):
    of = contract(kind, features, calibration)
    return load_engine(of.engines[0], content, of)


PLATT = Calibration(1.0, 0.0)
