"""Minimal FastAPI service on the lightgbm package, in its fastest form: async, one thread."""

import os

import lightgbm
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

booster = lightgbm.Booster(model_file=os.environ["MODEL_FILE"])
app = FastAPI()


class Rows(BaseModel):
    """Request body: rows to score."""

    rows: list[list[float | None]]


@app.post("/predict")
async def predict(body: Rows) -> list[float]:
    """Return the probability of each row."""
    scores: list[float] = booster.predict(np.array(body.rows, np.float64), num_threads=1).tolist()  # type: ignore[union-attr]
    return scores
