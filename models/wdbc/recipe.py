"""`wdbc`: malignancy from the real Wisconsin diagnostic breast-cancer measurements; an example of your own model."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from models import card
from models.evaluation import Bootstrap, auc, brier, by_band, calibration_error, counts, flat, precision
from models.golden import golden
from models.recipe import Progress
from models.training import (
    Floats,
    Ints,
    Shape,
    calibrate,
    digest,
    fit,
    probabilities,
    raw_scores,
)
from models.wdbc.prose import PROSE
from models.wdbc.schema import LABEL, SPECS
from vigil.registry.model import Band, ModelContract, TrainedModel, TrainingData

SHAPE = Shape(trees=120, leaves=6, rows_per_leaf=8, learning_rate=0.08)
BANDS = (
    Band("low", 0.0, "routine_review"),
    Band("moderate", 0.1, "second_reader"),
    Band("high", 0.7, "urgent_review"),
)


@dataclass(frozen=True, slots=True)
class _Part:
    rows: Floats
    labels: Ints
    patients: Ints
    """Row numbers in scikit-learn's copy."""


def train(seed: int, progress: Progress) -> TrainedModel:
    """Train, calibrate and evaluate on a stratified split; the same seed gives the same bytes."""
    progress("reading 569 patients", 0.0)
    fitted, held, test = _split(seed)
    progress("training", 0.1)
    booster = fit(fitted.rows, fitted.labels, SPECS, SHAPE, seed)
    calibration = calibrate(raw_scores(booster, held.rows), held.labels)
    chance = probabilities(calibration, raw_scores(booster, test.rows))
    progress("evaluating", 0.4)
    # No calibration slope: resamples of 143 rows separate the classes, and it has no finite value then.
    estimates = Bootstrap(test.patients, seed).estimates(test.labels, chance, auc, precision, brier, calibration_error)
    contract = ModelContract(
        name="wdbc",
        features=SPECS,
        label=LABEL,
        calibration=calibration,
        bands=BANDS,
        training=TrainingData(
            description="Half of the 569 patients of the Wisconsin diagnostic breast-cancer data, stratified.",
            simulated=False,
            rows=len(fitted.labels),
            sha256=digest(fitted.rows, fitted.labels, SPECS),
        ),
        metrics={**flat(estimates), **counts(test.labels)},
    )
    groups = by_band(contract, test.labels, chance)
    progress("done", 1.0)
    text = booster.model_to_string().encode()
    return TrainedModel(
        contract, text, golden(contract, test.rows, chance), card.render(contract, PROSE, estimates, groups)
    )


def samples(seed: int, count: int) -> Iterable[dict[str, Any]]:
    """Return held-out patients with their measurements as `features`."""
    _, _, test = _split(seed)
    names = [spec.name for spec in SPECS]
    return [
        {
            "subject_id": f"wdbc-{test.patients[i]:03d}",
            "features": dict(zip(names, test.rows[i].tolist(), strict=True)),
            "_label": int(test.labels[i]),
        }
        for i in range(min(count, len(test.labels)))
    ]


def _split(seed: int) -> tuple[_Part, _Part, _Part]:
    """Return half of the patients for training, a quarter each for calibration and test, stratified by label."""
    rows, benign = load_breast_cancer(return_X_y=True)
    labels = 1 - benign
    everyone = np.arange(len(labels))
    fitted, rest = train_test_split(everyone, test_size=0.5, stratify=labels, random_state=seed)
    held, test = train_test_split(rest, test_size=0.5, stratify=labels[rest], random_state=seed)
    return _part(rows, labels, fitted), _part(rows, labels, held), _part(rows, labels, test)


def _part(rows: Floats, labels: Ints, chosen: Ints) -> _Part:
    return _Part(np.asarray(rows[chosen], np.float64), labels[chosen].astype(np.int64), chosen)
