"""Voting engine for LightGBM models."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from vigil.prediction.engines import lightgbm, trees
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.model_text import check_model_text
from vigil.prediction.engines.training_facts import check_categories, never_missing
from vigil.prediction.engines.votes import EngineSpec, EngineVote, vote_for

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on


class Booster(Protocol):
    """Port: runs the trees of a model; see `engines.ports.ExplainableEngine`."""

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the raw score of one row."""
        ...

    def contributions(self, row: Sequence[float]) -> tuple[tuple[float, ...], float]:
        """Return the contributions of one row and the base value."""
        ...

    def raw_scores(self, rows: "Buffer", count: int) -> Sequence[float]:
        """Return the raw scores of many rows."""
        ...


def load(
    spec: EngineSpec, content: bytes, contract: ModelContract, version: str, table: bytes | None = None
) -> "BoostedEngine":
    """Return the engine of a file in LightGBM's text format; it runs from the packed table if there is one.

    Raises ModelRefused (see `lightgbm.load`, `trees.load` and `check_categories`).
    """
    features = contract.engine_features(spec)
    names = [feature.name for feature in features]
    check_model_text(content, names)
    check_categories(content, features)
    booster = _booster(content, names, table)
    unseen = never_missing(content, features)
    return BoostedEngine(booster, spec, contract.ensemble.positive_from, version, unseen)


def _booster(content: bytes, names: Sequence[str], table: bytes | None) -> Booster:
    if table is not None and (packed := trees.load(table, content, len(names))):
        return packed
    return lightgbm.load(content, names)


class BoostedEngine:
    """Engine that votes by the calibrated probability of its log-odds, and can be explained.

    Without calibration it abstains. `never_missing` has the names of features that were never missing in training.
    """

    def __init__(
        self,
        booster: Booster,
        spec: EngineSpec,
        positive_from: float,
        version: str,
        never_missing: frozenset[str] = frozenset(),
    ) -> None:
        self.never_missing = never_missing
        self.raw_score = booster.raw_score
        self.contributions = booster.contributions
        self.raw_scores = booster.raw_scores
        self._calibration = spec.calibration
        self._specialist = spec.specialist
        self._positive_from = positive_from
        self._version = version

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote on one row."""
        raw = self.raw_score(row)
        if self._calibration is None:
            return EngineVote("abstain", None, version=self._version, raw=raw)
        probability = self._calibration.probability(raw)
        vote = vote_for(probability, self._positive_from, specialist=self._specialist)
        return EngineVote(vote, probability, version=self._version, raw=raw)
