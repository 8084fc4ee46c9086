"""Challenger against champion on the same held-out rows: differences with 95 % intervals, and when it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.evaluation import Bootstrap, Estimate, auc, brier, calibration_error, judge
from models.known import Known
from vigil.prediction.engines.ensemble_runner import EnsembleRunner


@dataclass(frozen=True, slots=True)
class Contest:
    """Each measure of champion and challenger, and challenger minus champion."""

    rows: int
    champion: Mapping[str, float]
    challenger: Mapping[str, float]
    difference: Mapping[str, Estimate]


class WorseCalibration(ValueError):
    """Retraining was refused because the challenger is shown to be calibrated worse than the champion."""

    def __init__(self, difference: Estimate) -> None:
        super().__init__(f"its calibration error is higher by {difference}")


def contest(champion: EnsembleRunner, challenger: EnsembleRunner, held_out: Known, seed: int) -> Contest:
    """Return how both do on rows that neither was trained on; subjects are resampled whole, and for both alike.

    Raises WorseCalibration if the interval of the difference in calibration error lies above zero.
    """
    old, new = (judge(runner, held_out.rows, held_out.labels).chance for runner in (champion, challenger))
    _, subjects = np.unique(held_out.subjects, return_inverse=True)
    bootstrap = Bootstrap(subjects.astype(np.int64), seed)
    before, after, difference = bootstrap.differences(held_out.labels, old, new, auc, brier, calibration_error)
    if difference["calibration_error"].low > 0:
        raise WorseCalibration(difference["calibration_error"])
    return Contest(len(held_out), before, after, difference)
