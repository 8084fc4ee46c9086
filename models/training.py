"""Deterministic fitting of LightGBM models and their Platt calibration, the same for every recipe."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from vigil.prediction.engines.votes import Calibration
from vigil.prediction.features.feature_spec import FeatureSpec

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TreeShape:
    """Size of the trees; fixed before any test row is used."""

    trees: int
    leaves: int
    rows_per_leaf: int
    learning_rate: float


def fit_booster(
    rows: Floats,
    labels: Ints,
    specs: Sequence[FeatureSpec],
    shape: TreeShape,
    seed: int,
    weights: Floats | None = None,
) -> lightgbm.Booster:
    """Return a binary booster; the same input gives the same model text. Rows count equally without `weights`."""
    params = {
        "objective": "binary",
        "num_leaves": shape.leaves,
        "min_data_in_leaf": shape.rows_per_leaf,
        "learning_rate": shape.learning_rate,
        "feature_fraction": 0.7,
        "lambda_l2": 5.0,
        # The defaults suit features with thousands of categories; ours have at most twelve.
        "min_data_per_group": 50,
        "cat_smooth": 20.0,
        "max_cat_to_onehot": 4,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(
        rows,
        labels,
        weight=weights,
        feature_name=[spec.name for spec in specs],
        categorical_feature=[i for i, spec in enumerate(specs) if spec.type == "category"],
        params=params,
        free_raw_data=True,
    )
    return lightgbm.train(params, data, num_boost_round=shape.trees)


def fit_calibration(raw: Floats, labels: Ints) -> Calibration:
    """Fit Platt's sigmoid on rows that the booster was not trained on.

    Targets are smoothed as in Platt (1999), which keeps the slope finite if raw scores separate the classes.
    """
    positives = int(labels.sum())
    high, low = (positives + 1) / (positives + 2), 1 / (len(labels) - positives + 2)
    target = np.where(labels == 1, high, low)
    return fit_logistic(
        np.concatenate([raw, raw]),
        np.concatenate([np.ones_like(labels), np.zeros_like(labels)]),
        np.concatenate([target, 1 - target]),
    )


def fit_logistic(x: Floats, labels: Ints, weights: Floats | None = None) -> Calibration:
    """Return the unpenalised logistic regression of labels on one column."""
    model = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(x.reshape(-1, 1), labels, weights)
    return Calibration(slope=float(model.coef_[0, 0]), intercept=float(model.intercept_[0]))


def data_digest(rows: Floats, labels: Ints, specs: Sequence[FeatureSpec]) -> str:
    """Return the SHA-256 of training data: feature names, then rows and labels as little-endian doubles, row-major."""
    sha = hashlib.sha256("\n".join(spec.name for spec in specs).encode())
    sha.update(np.ascontiguousarray(rows, "<f8").tobytes())
    sha.update(np.ascontiguousarray(labels, "<f8").tobytes())
    return sha.hexdigest()
