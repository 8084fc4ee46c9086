"""The area under the ROC curve, as often as a bootstrap asks."""

import numpy as np

from models.training import Floats, Ints


def area(labels: Ints, scores: Floats, weights: Floats | None = None) -> float:
    """Return the chance that a positive scores above a negative, ties counting half (Mann & Whitney, 1947).

    scikit-learn's `roc_auc_score` gives the same and spends twenty times as long on checking its arguments.

    >>> area(np.array([0, 1, 1]), np.array([0.2, 0.2, 0.9]))
    0.75
    """
    _, place = np.unique(scores, return_inverse=True)
    weight = np.ones(len(labels)) if weights is None else weights
    positive, negative = (np.bincount(place, weight * (labels == label)) for label in (1, 0))
    below = np.cumsum(negative) - negative / 2
    return float(positive @ below / (positive.sum() * negative.sum()))
