"""Domain classifier: a model that separates the rows of two periods, and the features by which it does.

An area under the curve of 0.5 means that it cannot. The classifier sees all features together, and so also changes that
no single feature shows (Rabanser, Guennemann and Lipton, 2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np

from models.training import Floats, Ints
from vigil.errors import FieldError, InvalidInput
from vigil.monitoring.performance.confirmed_model import area_of_subjects
from vigil.monitoring.performance.model import Metric
from vigil.prediction.features.feature_spec import FeatureSpec

FOLDS = 5
"""Number of parts of the subjects; each is scored by a classifier that was trained on the others."""
TREES = 60
"""Number of trees of a classifier."""
MIN_SUBJECTS = 100
"""Minimum subjects of a period; with fewer, a difference cannot be seen and a person could be."""
VISIBLE_AUC = 0.55
"""Smallest area under the curve of a visible difference."""
_OPTIONS = {
    "objective": "binary",
    "num_leaves": 8,
    "min_data_in_leaf": 20,
    "learning_rate": 0.1,
    "feature_fraction": 0.8,
    "deterministic": True,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 1,
}


@dataclass(frozen=True, slots=True)
class PeriodRows:
    """Encoded rows of a period (rows x features), and the subject of each row, both in the same order.

    A subject is any text that is equal for the same person, and differs for two persons.
    """

    rows: Floats
    subjects: Sequence[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference of two periods: the area under the ROC curve of held-out rows, with its 95 % interval.

    `importances` has the names of all features with their share of the gain, the largest first. The shares add up to 1,
    or are all 0 without a gain.
    """

    auc: Metric
    importances: tuple[tuple[str, float], ...]

    @property
    def is_visible(self) -> bool:
        """True if the lower limit of the area is above 0.5, and the area is at least `VISIBLE_AUC`."""
        return self.auc.low is not None and self.auc.low > 0.5 and self.auc.value >= VISIBLE_AUC


def compare_periods(specs: Sequence[FeatureSpec], before: PeriodRows, after: PeriodRows) -> Difference:
    """Return the difference of two periods by cross-validation over subjects.

    `specs` are the features of the columns, in their order. All rows of a subject are in one fold, because facts that
    never change would otherwise reveal the period. Equal arguments give an equal result. Raises InvalidInput for a
    period of fewer than 100 subjects. The error does not contain their number.
    """
    for name, period in (("--before", before), ("--after", after)):
        if len(set(period.subjects)) < MIN_SUBJECTS:
            raise InvalidInput(FieldError(name, "has too few subjects", f"at least {MIN_SUBJECTS}: choose more days"))
    rows = np.concatenate([before.rows, after.rows])
    subjects = [*before.subjects, *after.subjects]
    is_after = np.repeat([0, 1], [len(before.rows), len(after.rows)])
    folds, chances, gains = _folds(subjects), np.zeros(len(rows)), np.zeros(len(specs))
    for fold in range(FOLDS):
        booster = _fit(specs, rows[folds != fold], is_after[folds != fold])
        chances[folds == fold] = np.asarray(booster.predict(rows[folds == fold]))
        gains += booster.feature_importance("gain")
    labelled = zip(chances.tolist(), map(bool, is_after.tolist()), subjects, strict=True)
    auc = area_of_subjects(labelled)
    shares = gains / gains.sum() if gains.sum() else gains
    ranked = sorted(zip([spec.name for spec in specs], shares.tolist(), strict=True), key=lambda pair: -pair[1])
    return Difference(auc or Metric(0.5), tuple(ranked))


def _folds(subjects: Sequence[str]) -> Ints:
    """Return the number of the fold, from 0 to 4, of each row."""
    names, places = np.unique(np.array(subjects, np.str_), return_inverse=True)
    order = np.random.default_rng(1).permutation(len(names)) % FOLDS
    return np.asarray(order[places], np.int64)


def _fit(specs: Sequence[FeatureSpec], rows: Floats, labels: Ints) -> lightgbm.Booster:
    categories = [place for place, spec in enumerate(specs) if spec.type == "category"]
    data = lightgbm.Dataset(rows, labels, categorical_feature=categories, params={"verbosity": -1})
    return lightgbm.train(_OPTIONS, data, TREES)
