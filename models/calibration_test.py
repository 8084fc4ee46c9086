"""One-sided test of the calibration gate at the rows at hand.

The expected calibration error is biased upwards: 110 rows of a perfectly calibrated model have 0.1 on average. The test
compares the error with errors of labels drawn from probabilities whose true error is the bound (consistency resampling:
Bröcker & Smith, 2007, "Increasing the reliability of reliability diagrams"). scipy computes the Monte Carlo p-value.
"""

import numpy as np
from scipy import stats

from models.training import Floats, Ints

BINS = 10
DRAWS = 999
"""Drawn sets of labels. The smallest p-value is 0.001."""
_BATCH = 50
"""Sets of labels in memory at once."""


def calibration_p(labels: Ints, chance: Floats, bound: float, seed: int = 0) -> float:
    """Return the p-value of a calibration error at least as large as the one found, if the true one is `bound`.

    Labels are drawn from the probabilities moved towards the observed rates of the ten bins, until the error is the
    bound. Rows count as independent. The same seed gives the same value.
    """
    order = np.argsort(chance, kind="stable")
    chance, labels = chance[order], labels[order]
    rows = len(chance)
    starts = np.unique(np.arange(min(BINS, rows)) * rows // min(BINS, rows))
    sizes = np.diff([*starts, rows])

    def error(drawn: Floats, axis: int = -1) -> Floats:
        gaps = np.add.reduceat(drawn - chance, starts, axis=axis)
        return np.asarray(np.abs(gaps).sum(axis=axis) / rows)

    gaps = np.add.reduceat(labels - chance, starts) / sizes
    found = float(error(labels.astype(np.float64)))
    moved = np.repeat(gaps, sizes) * min(1.0, bound / found if found else 1.0)
    true = np.clip(chance + moved, 0.0, 1.0)
    random = np.random.default_rng(seed)
    test = stats.monte_carlo_test(
        labels.astype(np.float64),
        lambda size: (random.random(size) < true).astype(np.float64),
        error,
        vectorized=True,
        n_resamples=DRAWS,
        batch=_BATCH,
        alternative="greater",
    )
    return float(test.pvalue)
