"""BentoML service on the lightgbm package: one worker, async, so that requests do not wait for a thread."""

import os

import bentoml
import lightgbm
import numpy as np


@bentoml.service(workers=1)
class Scorer:
    """BentoML service under benchmark: it loads one LightGBM model and returns the probability of each row."""

    def __init__(self) -> None:
        self._booster = lightgbm.Booster(model_file=os.environ["MODEL_FILE"])

    @bentoml.api  # type: ignore[untyped-decorator]
    async def predict(self, rows: list[list[float]]) -> list[float]:
        """Return the probability of each row."""
        scores: list[float] = self._booster.predict(np.array(rows), num_threads=1).tolist()  # type: ignore[union-attr]
        return scores
