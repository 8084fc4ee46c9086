"""Models that several tests use, each trained once for a state of its sources."""

from functools import cache
from random import Random

from cli import trained_models
from tests.support.fakes.card import CARD
from tests.support.fakes.scoring import CONTRACT
from vigil.prediction.packages.model import TrainedModel


@cache
def trained_model(name: str) -> TrainedModel:
    return trained_models.trained_model(name, trained_models.SEED, lambda _step, _done: None)


@cache
def toy_model() -> TrainedModel:
    """Return a small trained model of the toy contract, with categories and missing values."""
    import lightgbm
    import numpy

    random = Random(7)
    rows = [
        [random.uniform(0, 100), random.randrange(50), random.choice([0.0, 1.0, float("nan")]), random.randrange(3)]
        for _ in range(400)
    ]
    labels = [int(age / 100 + stage / 3 + random.random() > 1.2) for age, _, _, stage in rows]
    names = [spec.name for spec in CONTRACT.features]
    data = lightgbm.Dataset(numpy.array(rows), numpy.array(labels), feature_name=names, categorical_feature=["stage"])
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 20)
    golden = tuple({"age": age, "visits": 3, "stage": stage} for age in (5, 50, 95) for stage in ("I", "III", None))
    return TrainedModel(CONTRACT, {"linear.txt": booster.model_to_string().encode()}, golden, CARD)
