"""Recipe of `wdbc`: malignancy from the Wisconsin breast-cancer measurements; an example of your own model."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from models import parts
from models.assembly import DecisionPlan, ModelFrame, Sample, assemble
from models.certification import Guarantee
from models.evaluation import Bootstrap, auc, brier, calibration_error, judge, precision
from models.finishing import finish_model
from models.recipe import Progress
from models.reference import DatedRows, HeldOutRows, make_reference
from models.training import Floats, Ints, TreeShape, data_digest, fit_booster
from models.wdbc.card_text import CARD_TEXT
from models.wdbc.rules import RULES
from models.wdbc.schema import LABEL, SPECS
from vigil.prediction.engines.contract import TrainingData
from vigil.prediction.engines.ensemble import Band
from vigil.prediction.packages.model import TrainedModel

SHAPE = TreeShape(trees=120, leaves=6, rows_per_leaf=8, learning_rate=0.08)
BANDS = (
    Band("low", 0.0, "routine_review"),
    Band("moderate", 0.1, "second_reader"),
    Band("high", 0.7, "urgent_review"),
)
GATE = 0.02
"""Share of rows like those of training that are reported as out of domain: one in fifty.

With 71 rows for the calibration, a smaller share is not possible.
"""
PLAN = DecisionPlan(lambda _: BANDS, positive="high", guarantee=Guarantee(alpha=0.08, delta=0.1), policy="weighted")


@dataclass(frozen=True, slots=True)
class _Rows:
    rows: Floats
    labels: Ints
    patients: Ints
    """Row numbers in scikit-learn's copy of the data."""

    @property
    def sample(self) -> Sample:
        """Rows and labels only."""
        return Sample(self.rows, self.labels)


def train(seed: int, progress: Progress) -> TrainedModel:
    """Train, assemble and evaluate on a stratified split; the same seed gives the same bytes."""
    progress("reading 569 patients", 0.0)
    fitted, tune, certified, test = _split(seed)
    progress("training", 0.1)
    engines = [
        parts.boosted("lgbm", fit_booster(fitted.rows, fitted.labels, SPECS, SHAPE, seed)),
        parts.forest("iforest", fitted.rows[fitted.labels == 0], SPECS, seed),
        parts.rules("rules", RULES),
        parts.statistics("statistics", fitted.rows, tune.rows, SPECS, gate=GATE),
    ]
    assembled = assemble(_frame(fitted), engines, PLAN, tune.sample, certified.sample)
    progress("evaluating", 0.4)
    judged = judge(assembled.runner, test.rows, test.labels)
    # No calibration slope: resamples of 143 rows can separate the classes, and then it is not finite.
    measures = auc, precision, brier, calibration_error
    estimates = Bootstrap(test.patients, seed).estimates(test.labels, judged.chance, *measures)
    held_out = HeldOutRows.join(tune.sample, certified.sample, test.sample)
    reference = make_reference(assembled.runner, DatedRows(fitted.rows), held_out)
    model = finish_model(assembled, test.sample, judged, estimates, {}, CARD_TEXT, reference)
    progress("done", 1.0)
    return model


def samples(seed: int, count: int) -> Iterable[dict[str, Any]]:
    """Return held-out patients with their measurements as `features`."""
    *_, test = _split(seed)
    names = [spec.name for spec in SPECS]
    return [
        {
            "subject_id": f"wdbc-{test.patients[i]:03d}",
            "features": dict(zip(names, test.rows[i].tolist(), strict=True)),
            "_label": int(test.labels[i]),
        }
        for i in range(min(count, len(test.labels)))
    ]


def _frame(fitted: _Rows) -> ModelFrame:
    return ModelFrame(
        name="wdbc",
        features=SPECS,
        label=LABEL,
        training=TrainingData(
            description="227 of the 569 patients of the Wisconsin diagnostic breast-cancer data, stratified.",
            simulated=False,
            rows=len(fitted.labels),
            sha256=data_digest(fitted.rows, fitted.labels, SPECS),
        ),
        typical=parts.typical_values(fitted.rows, SPECS),
    )


def _split(seed: int) -> tuple[_Rows, _Rows, _Rows, _Rows]:
    """Return 227 patients for training, 71 for tuning, 128 for certifying and 143 for testing, stratified by label."""
    rows, benign = load_breast_cancer(return_X_y=True)
    labels = 1 - benign
    everyone = np.arange(len(labels))
    known, test = train_test_split(everyone, test_size=143, stratify=labels, random_state=seed)
    fitted, held = train_test_split(known, test_size=199, stratify=labels[known], random_state=seed)
    tune, certified = train_test_split(held, test_size=128, stratify=labels[held], random_state=seed)
    return (
        _select(rows, labels, fitted),
        _select(rows, labels, tune),
        _select(rows, labels, certified),
        _select(rows, labels, test),
    )


def _select(rows: Floats, labels: Ints, chosen: Ints) -> _Rows:
    return _Rows(np.asarray(rows[chosen], np.float64), labels[chosen].astype(np.int64), chosen)
