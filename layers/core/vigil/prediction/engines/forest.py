"""Isolation forests trained by scikit-learn and scored without it (Liu, Ting & Zhou, 2008).

The raw score is the anomaly score in (0, 1], the negative of scikit-learn's `score_samples`.
"""

import struct
from collections.abc import Sequence
from math import isnan
from typing import Any, TypeAlias

from vigil.errors import ModelRefused
from vigil.prediction.engines import native_forest
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.forest_file import LEAF, Forest, check_nodes, read_forest
from vigil.prediction.engines.native_forest import PathLength
from vigil.prediction.engines.votes import Calibration, EngineSpec, EngineVote, Evidence, vote_for

_Node: TypeAlias = tuple[int, float, Any, Any, bool]
"""Feature, threshold, left child, right child, and True if a missing value goes left; a leaf has its length as
threshold.
"""


def load(spec: EngineSpec, content: bytes, contract: ModelContract, version: str) -> "ForestEngine":
    """Return the engine of a forest in JSON.

    Raises ModelRefused: `malformed`, or `schema_mismatch` if its features differ from the contract's.
    """
    forest = read_forest(content, spec.file)
    if forest.features != tuple(feature.name for feature in contract.engine_features(spec)):
        raise ModelRefused("schema_mismatch", f"the features of {spec.file} are not those of the schema")
    if (length := native_forest.load(forest)) is None:
        check_nodes(forest, spec.file)
        length = python_length(forest)
    return ForestEngine(forest, length, spec.calibration, contract.ensemble.positive_from, version)


class ForestEngine:
    """Engine that votes by the calibrated probability of the anomaly score; without calibration it abstains."""

    def __init__(
        self, forest: Forest, length: PathLength, calibration: Calibration | None, positive_from: float, version: str
    ) -> None:
        self._length = length
        self._scale = -1.0 / (forest.normal * len(forest.roots))
        self._packed = struct.Struct(f"{len(forest.features)}f").pack
        self._calibration = calibration
        self._positive_from = positive_from
        self._version = version

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the anomaly score of one row: about 0.5 for usual rows, near 1 for isolated rows."""
        return float(2.0 ** (self._length(self._packed(*row)) * self._scale))

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote on one row, with the anomaly score as evidence."""
        raw = self.raw_score(row)
        evidence = (Evidence("anomaly_score", "Isolation of these facts among those of the training data.", raw, 0.5),)
        if self._calibration is None:
            return EngineVote("abstain", None, evidence, version=self._version, raw=raw)
        probability = self._calibration.probability(raw)
        vote = vote_for(probability, self._positive_from)
        return EngineVote(vote, probability, evidence, version=self._version, raw=raw)


def python_length(forest: Forest) -> PathLength:
    """Return the path length in Python, for a machine without the library. The C library gives the same bits."""
    trees, unpack = _linked(forest), struct.Struct(f"{len(forest.features)}f").unpack

    def path_length(row: bytes) -> float:
        values, total = unpack(row), 0.0
        for feature, threshold, left, right, missing_left in trees:
            while feature >= 0:
                value = values[feature]
                goes_left = value <= threshold or (missing_left and isnan(value))
                feature, threshold, left, right, missing_left = left if goes_left else right  # noqa: PLW2901 - a step down
            total += threshold
        return total

    return path_length


def _linked(forest: Forest) -> list[_Node]:
    """Return the root of each tree with nested children, so that a walk needs no index lookups."""
    nodes: list[_Node] = [(LEAF, length, None, None, False) for length in forest.length]
    for place in reversed(range(len(nodes))):  # children come after their parents
        if (feature := forest.feature[place]) != LEAF:
            children = nodes[forest.left[place]], nodes[forest.right[place]]
            nodes[place] = (feature, forest.threshold[place], *children, forest.missing_left[place])
    return [nodes[root] for root in forest.roots]
