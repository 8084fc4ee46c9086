"""Comparison of challenger and champion on the same held-out rows, and refusal of a worse calibrated challenger."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.evaluation import Bootstrap, Estimate, auc, brier, calibration_error, judge
from models.known import KnownOutcomes
from vigil.prediction.engines.ensemble_runner import EnsembleRunner


@dataclass(frozen=True, slots=True)
class ChallengeResult:
    """Each measure of champion and challenger, and the differences (challenger minus champion)."""

    rows: int
    champion: Mapping[str, float]
    challenger: Mapping[str, float]
    difference: Mapping[str, Estimate]


class WorseCalibration(ValueError):
    """Retraining was refused: the challenger is calibrated significantly worse than the champion."""

    def __init__(self, difference: Estimate) -> None:
        super().__init__(f"its calibration error is higher by {difference}")


def compare_on_held_out(
    champion: EnsembleRunner, challenger: EnsembleRunner, held_out: KnownOutcomes, seed: int
) -> ChallengeResult:
    """Return the measures of both models on rows that neither was trained on.

    The bootstrap resamples whole subjects, the same ones for both models. Raises WorseCalibration if the interval of
    the difference in calibration error is above zero.
    """
    old, new = (judge(runner, held_out.rows, held_out.labels).chance for runner in (champion, challenger))
    _, subjects = np.unique(held_out.subjects, return_inverse=True)
    bootstrap = Bootstrap(subjects.astype(np.int64), seed)
    before, after, difference = bootstrap.differences(held_out.labels, old, new, auc, brier, calibration_error)
    if difference["calibration_error"].low > 0:
        raise WorseCalibration(difference["calibration_error"])
    return ChallengeResult(len(held_out), before, after, difference)
