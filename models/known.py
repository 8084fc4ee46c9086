"""Rows whose outcome has become known since: what decisions saw, and what happened."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training import Floats, Ints
from vigil.prediction.features.feature_spec import FeatureSpec

Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Known:
    """Encoded rows in schema order, labels, and the subject of each row."""

    rows: Floats
    labels: Ints
    subjects: Names

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, mask: NDArray[np.bool_]) -> "Known":
        """Return the rows where the mask is true."""
        return Known(self.rows[mask], self.labels[mask], self.subjects[mask])

    def with_(self, more: "Known") -> "Known":
        """Return these rows and then the others."""
        return Known(
            np.concatenate([self.rows, more.rows]),
            np.concatenate([self.labels, more.labels]),
            np.concatenate([self.subjects, more.subjects]),
        )

    def split(self, held_out_percent: int = 40) -> "tuple[Known, Known]":
        """Return rows to train on and rows to hold out; a subject is always on the same side, whatever comes later."""
        sides = {name: _bucket(name) < held_out_percent for name in np.unique(self.subjects).tolist()}
        held_out = np.array([sides[name] for name in self.subjects.tolist()], bool)
        return self.where(~held_out), self.where(held_out)


def known(rows: Sequence[Sequence[float]], labels: Sequence[int], subjects: Sequence[str], width: int) -> Known:
    """Return rows of a schema that many features wide; there may be none."""
    matrix = np.array(rows, np.float64).reshape(len(labels), width)
    return Known(matrix, np.array(labels, np.int64), np.array(subjects, np.str_))


def nothing(specs: Sequence[FeatureSpec]) -> Known:
    """Return no rows of a schema."""
    return known([], [], [], len(specs))


def _bucket(subject: str) -> int:
    return int.from_bytes(hashlib.sha256(f"held out\n{subject}".encode()).digest()[:8], "big") % 100
