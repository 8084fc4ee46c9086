"""Ports: an engine that votes, and an engine with an explainable score."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vigil.prediction.engines.votes import EngineVote

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on


class VotingEngine(Protocol):
    """A loaded engine; safe to share between threads.

    Rows are floats in the order of the engine's features, NaN where a value is missing.
    """

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the engine's vote on one row; a pure function."""
        ...


@runtime_checkable
class TrainedEngine(VotingEngine, Protocol):
    """An engine that knows which of its features were never missing in training."""

    @property
    def never_missing(self) -> Collection[str]:
        """Names of the features for which training had a value in every row."""
        ...


@runtime_checkable
class ExplainableEngine(VotingEngine, Protocol):
    """An engine with an explainable raw score, such as LightGBM."""

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the raw score (log-odds) of one row."""
        ...

    def contributions(self, row: Sequence[float]) -> tuple[tuple[float, ...], float]:
        """Return one TreeSHAP contribution per feature, and the base value.

        Their sum is `raw_score(row)` within 1e-9.
        """
        ...

    def raw_scores(self, rows: "Buffer", count: int) -> Sequence[float]:
        """Return the raw scores of `count` rows in a contiguous row-major buffer of doubles."""
        ...
