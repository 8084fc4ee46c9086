"""Area under the ROC curve, fast enough for use in a bootstrap."""

import numpy as np

from models.training import Floats, Ints


def roc_auc(labels: Ints, scores: Floats, weights: Floats | None = None) -> float:
    """Return the probability that a positive scores above a negative; ties count half (Mann & Whitney, 1947).

    scikit-learn's `roc_auc_score` gives the same value, and spends twenty times as long on checking its arguments.

    >>> roc_auc(np.array([0, 1, 1]), np.array([0.2, 0.2, 0.9]))
    0.75
    """
    _, place = np.unique(scores, return_inverse=True)
    weight = np.ones(len(labels)) if weights is None else weights
    positive, negative = (np.bincount(place, weight * (labels == label)) for label in (1, 0))
    below = np.cumsum(negative) - negative / 2
    return float(positive @ below / (positive.sum() * negative.sum()))
