"""Isolation forests that scikit-learn trained, scored without it (Liu, Ting & Zhou, 2008).

The raw score is the anomaly score in (0, 1], the opposite of scikit-learn's `score_samples`.
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
"""The feature, its threshold, the left and the right child, and where a missing value goes; a leaf holds its length."""


@dataclass(frozen=True, slots=True)
class Forest:
    """All trees end to end: per node the feature (-1 in a leaf), threshold and the places of its two children.

    `missing_left` says where a missing value goes. `length` is a leaf's path length, the expected rest of an
    unfinished branch included. `roots` are the places of the trees' first nodes; `normal` is the mean path length that
    makes a score of one half. Values are compared as single precision floats, as they were in training.
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

    Raises ModelRefused: `malformed`, or `schema_mismatch` for other features than the contract's.
    """
    try:
        forest = _forests().validate_json(content, strict=True)
    except ValidationError as error:
        raise ModelRefused("malformed", f"{spec.file} is not a forest") from error
    if forest.features != tuple(feature.name for feature in contract.engine_features(spec)):
        raise ModelRefused("schema_mismatch", f"{spec.file} has other features than the schema")
    _check(forest, spec.file)
    return ForestEngine(forest, spec.calibration, contract.ensemble.positive_from, version)


class ForestEngine:
    """Votes by the calibrated probability of the anomaly score; without calibration it abstains."""

    def __init__(self, forest: Forest, calibration: Calibration | None, positive_from: float, version: str) -> None:
        self._trees = _linked(forest)
        self._scale = -1.0 / (forest.normal * len(forest.roots))
        self._single = struct.Struct(f"{len(forest.features)}f")
        self._calibration = calibration
        self._positive_from = positive_from
        self._version = version

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the anomaly score of one row: about one half for usual rows, towards one for isolated ones."""
        values, total = self._single.unpack(self._single.pack(*row)), 0.0
        for feature, threshold, left, right, missing_left in self._trees:
            while feature >= 0:
                value = values[feature]
                goes_left = value <= threshold or (missing_left and isnan(value))
                feature, threshold, left, right, missing_left = left if goes_left else right  # noqa: PLW2901 - a step down
            total += threshold
        return float(2.0 ** (total * self._scale))

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote of one row, with the anomaly score as evidence."""
        raw = self.raw_score(row)
        evidence = (Evidence("anomaly_score", "How isolated the facts are among those of training.", raw, 0.5),)
        if self._calibration is None:
            return EngineVote("abstain", None, evidence, version=self._version, raw=raw)
        probability = self._calibration.probability(raw)
        vote = vote_for(probability, self._positive_from)
        return EngineVote(vote, probability, evidence, version=self._version, raw=raw)


def _linked(forest: Forest) -> list[_Node]:
    """Return the root of each tree with its children in it: a walk then looks nothing up."""
    nodes: list[_Node] = [(_LEAF, length, None, None, False) for length in forest.length]
    for place in reversed(range(len(nodes))):  # children come after their parents
        if (feature := forest.feature[place]) != _LEAF:
            children = nodes[forest.left[place]], nodes[forest.right[place]]
            nodes[place] = (feature, forest.threshold[place], *children, forest.missing_left[place])
    return [nodes[root] for root in forest.roots]


def _check(forest: Forest, file: str) -> None:
    """Refuse what would not end or not fit: children come after their parents, features are those of the row."""
    count = len(forest.feature)
    sizes = {len(forest.threshold), len(forest.left), len(forest.right), len(forest.missing_left), len(forest.length)}
    sane = sizes == {count} and forest.roots and forest.normal > 0
    sane = sane and all(0 <= root < count for root in forest.roots)
    inner = (node for node in range(count) if forest.feature[node] != _LEAF) if sane else ()
    if not sane or not all(
        0 <= forest.feature[node] < len(forest.features)
        and node < forest.left[node] < count
        and node < forest.right[node] < count
        for node in inner
    ):
        raise ModelRefused("malformed", f"the trees of {file} are not whole")


@cache
def _forests() -> TypeAdapter[Forest]:
    return TypeAdapter(Forest)
