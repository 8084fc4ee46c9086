"""Isolation forests trained by scikit-learn and scored without it (Liu, Ting & Zhou, 2008).

The raw score is the anomaly score in (0, 1], the negative of scikit-learn's `score_samples`.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import isnan
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from vigil.errors import ModelRefused
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.votes import Calibration, EngineSpec, EngineVote, Evidence, vote_for

_LEAF = -1
_Node: TypeAlias = tuple[int, float, Any, Any, bool]
"""Feature, threshold, left child, right child, and True if a missing value goes left; a leaf has its length as
threshold.
"""


@dataclass(frozen=True, slots=True)
class Forest:
    """All trees in one sequence of nodes; each node has a feature (-1 in a leaf), a threshold and two child positions.

    `missing_left` is true if a missing value goes left. `length` is a leaf's path length, including the expected rest
    of an unfinished branch. `roots` are the positions of the trees' first nodes. `normal` is the mean path length that
    gives a score of one half. Values are compared in single precision, as in training.
    """

    features: tuple[str, ...]
    roots: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    missing_left: tuple[bool, ...]
    length: tuple[float, ...]
    normal: float


def load(spec: EngineSpec, content: bytes, contract: ModelContract, version: str) -> "ForestEngine":
    """Return the engine of a forest in JSON.

    Raises ModelRefused: `malformed`, or `schema_mismatch` if its features differ from the contract's.
    """
    try:
        forest = _forests().validate_json(content, strict=True)
    except ValidationError as error:
        raise ModelRefused("malformed", f"{spec.file} is not a valid forest") from error
    if forest.features != tuple(feature.name for feature in contract.engine_features(spec)):
        raise ModelRefused("schema_mismatch", f"the features of {spec.file} are not those of the schema")
    _check(forest, spec.file)
    return ForestEngine(forest, spec.calibration, contract.ensemble.positive_from, version)


class ForestEngine:
    """Engine that votes by the calibrated probability of the anomaly score; without calibration it abstains."""

    def __init__(self, forest: Forest, calibration: Calibration | None, positive_from: float, version: str) -> None:
        self._trees = _linked(forest)
        self._scale = -1.0 / (forest.normal * len(forest.roots))
        self._single = struct.Struct(f"{len(forest.features)}f")
        self._calibration = calibration
        self._positive_from = positive_from
        self._version = version

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the anomaly score of one row: about 0.5 for usual rows, near 1 for isolated rows."""
        values, total = self._single.unpack(self._single.pack(*row)), 0.0
        for feature, threshold, left, right, missing_left in self._trees:
            while feature >= 0:
                value = values[feature]
                goes_left = value <= threshold or (missing_left and isnan(value))
                feature, threshold, left, right, missing_left = left if goes_left else right  # noqa: PLW2901 - a step down
            total += threshold
        return float(2.0 ** (total * self._scale))

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote on one row, with the anomaly score as evidence."""
        raw = self.raw_score(row)
        evidence = (Evidence("anomaly_score", "Isolation of these facts among those of the training data.", raw, 0.5),)
        if self._calibration is None:
            return EngineVote("abstain", None, evidence, version=self._version, raw=raw)
        probability = self._calibration.probability(raw)
        vote = vote_for(probability, self._positive_from)
        return EngineVote(vote, probability, evidence, version=self._version, raw=raw)


def _linked(forest: Forest) -> list[_Node]:
    """Return the root of each tree with nested children, so that a walk needs no index lookups."""
    nodes: list[_Node] = [(_LEAF, length, None, None, False) for length in forest.length]
    for place in reversed(range(len(nodes))):  # children come after their parents
        if (feature := forest.feature[place]) != _LEAF:
            children = nodes[forest.left[place]], nodes[forest.right[place]]
            nodes[place] = (feature, forest.threshold[place], *children, forest.missing_left[place])
    return [nodes[root] for root in forest.roots]


def _check(forest: Forest, file: str) -> None:
    """Check that every walk ends and every feature exists: children come after their parents."""
    count = len(forest.feature)
    sizes = {len(forest.threshold), len(forest.left), len(forest.right), len(forest.missing_left), len(forest.length)}
    valid = sizes == {count} and forest.roots and forest.normal > 0
    valid = valid and all(0 <= root < count for root in forest.roots)
    inner = (node for node in range(count) if forest.feature[node] != _LEAF) if valid else ()
    if not valid or not all(
        0 <= forest.feature[node] < len(forest.features)
        and node < forest.left[node] < count
        and node < forest.right[node] < count
        for node in inner
    ):
        raise ModelRefused("malformed", f"the trees of {file} are incomplete or inconsistent")


@cache
def _forests() -> TypeAdapter[Forest]:
    return TypeAdapter(Forest)
