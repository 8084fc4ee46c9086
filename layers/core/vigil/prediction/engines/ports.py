"""Ports: an engine that votes, and an engine that explains."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vigil.prediction.engines.votes import EngineVote

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on


class VotingEngine(Protocol):
    """A loaded engine. Rows are floats in the order of its features, NaN where missing. Safe to share by threads."""

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return what this engine says of one row: a pure function."""
        ...


@runtime_checkable
class ExplainableEngine(VotingEngine, Protocol):
    """An engine whose raw score can be explained: LightGBM."""

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the raw score (log-odds) of one row."""
        ...

    def contributions(self, row: Sequence[float]) -> tuple[tuple[float, ...], float]:
        """Return one TreeSHAP contribution per feature, and the base value; they add up to `raw(row)` within 1e-9."""
        ...

    def raw_scores(self, rows: "Buffer", count: int) -> Sequence[float]:
        """Return the raw scores of `count` rows held row-major in a contiguous buffer of doubles."""
        ...
