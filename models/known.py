"""Rows with reported outcomes: the features that decisions used, and the true labels."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training import Floats, Ints
from vigil.prediction.features.feature_spec import FeatureSpec

Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class KnownOutcomes:
    """Encoded rows in schema order, their labels, the subject of each row, and its weight in the training."""

    rows: Floats
    labels: Ints
    subjects: Names
    weights: Floats

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, mask: NDArray[np.bool_]) -> "KnownOutcomes":
        """Return the rows for which the mask is true."""
        return KnownOutcomes(self.rows[mask], self.labels[mask], self.subjects[mask], self.weights[mask])

    def concat(self, more: "KnownOutcomes") -> "KnownOutcomes":
        """Return these rows followed by the others."""
        return KnownOutcomes(
            np.concatenate([self.rows, more.rows]),
            np.concatenate([self.labels, more.labels]),
            np.concatenate([self.subjects, more.subjects]),
            np.concatenate([self.weights, more.weights]),
        )

    def split(self, held_out_percent: int = 40) -> "tuple[KnownOutcomes, KnownOutcomes]":
        """Return training rows and held-out rows; a subject stays on the same side, also when rows are added later."""
        sides = {name: _bucket(name) < held_out_percent for name in np.unique(self.subjects).tolist()}
        held_out = np.array([sides[name] for name in self.subjects.tolist()], bool)
        return self.where(~held_out), self.where(held_out)


def known_outcomes(
    rows: Sequence[Sequence[float]],
    labels: Sequence[int],
    subjects: Sequence[str],
    width: int,
    weights: Sequence[float] | None = None,
) -> KnownOutcomes:
    """Return rows, labels and subjects as arrays. `width` is the number of features, also for an empty set.

    Each row has the weight 1 without `weights`.
    """
    matrix = np.array(rows, np.float64).reshape(len(labels), width)
    weighed = np.ones(len(labels)) if weights is None else np.array(weights, np.float64)
    return KnownOutcomes(matrix, np.array(labels, np.int64), np.array(subjects, np.str_), weighed)


def no_outcomes(specs: Sequence[FeatureSpec]) -> KnownOutcomes:
    """Return an empty set of rows for a schema."""
    return known_outcomes([], [], [], len(specs))


def _bucket(subject: str) -> int:
    return int.from_bytes(hashlib.sha256(f"held out\n{subject}".encode()).digest()[:8], "big") % 100
