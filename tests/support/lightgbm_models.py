"""Small LightGBM models on random rows with zeros, missing values and categories."""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

NAMES = tuple(f"x{i}" for i in range(12))
CATEGORIES = [2, 5]
WITH_CATEGORIES = {"categorical_feature": CATEGORIES, "min_data_per_group": 5, "cat_smooth": 1.0}
"""Settings of a model that splits on sets of several categories."""


Rows = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Trained:
    """A trained model, its text, and rows that it has not seen."""

    text: bytes
    booster: lightgbm.Booster
    rows: Rows


def draw(seed: int, count: int) -> Rows:
    """Return rows with zeros, missing values, and categories in the columns 2 and 5."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(count, len(NAMES)))
    rows[:, CATEGORIES] = random.integers(0, 40, size=(count, 2))
    rows[random.random(rows.shape) < 0.15] = 0.0
    rows[random.random(rows.shape) < 0.15] = np.nan
    return rows


def train(**parameters: Any) -> Trained:
    """Return a model of 40 trees, trained with these LightGBM parameters."""
    rows = draw(1, 1500)
    signal = np.nan_to_num(rows)
    odds = signal[:, 0] + signal[:, 1] * signal[:, 3] + np.isnan(rows[:, 4]) + np.sin(signal[:, 2]) + signal[:, 5] % 3
    label = (odds + np.random.default_rng(2).normal(size=len(rows)) > 1).astype(float)
    settings = {"objective": "binary", "num_leaves": 15, "verbosity": -1, "num_threads": 1, "seed": 4, **parameters}
    columns = settings.pop("categorical_feature", "auto")
    data = lightgbm.Dataset(rows, label, feature_name=list(NAMES), categorical_feature=columns)
    booster = lightgbm.train(settings, data, num_boost_round=40)
    unseen = draw(3, 300)
    unseen[::10, CATEGORIES] = [[-1.0, 4e9]]  # categories that no training row had
    unseen[5::10, CATEGORIES] += 0.5
    return Trained(booster.model_to_string().encode(), booster, unseen)
