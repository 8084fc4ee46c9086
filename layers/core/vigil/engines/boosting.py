"""A LightGBM model as a voting engine."""

from collections.abc import Sequence

from vigil.engines import lightgbm
from vigil.engines.model import EngineSpec, EngineVote, side
from vigil.registry.model import ModelContract


def load(spec: EngineSpec, content: bytes, contract: ModelContract, version: str) -> "BoostedEngine":
    """Return the engine of a file in LightGBM's text format; raise ModelRefused (see `lightgbm.load`)."""
    names = [feature.name for feature in contract.columns(spec)]
    return BoostedEngine(lightgbm.load(content, names), spec, contract.ensemble.positive_from, version)


class BoostedEngine:
    """Votes by the calibrated probability of its log-odds; without calibration it abstains. Can be explained."""

    def __init__(self, booster: lightgbm.LightGBMEngine, spec: EngineSpec, positive_from: float, version: str) -> None:
        self.raw = booster.raw
        self.contributions = booster.contributions
        self.raw_batch = booster.raw_batch
        self._calibration = spec.calibration
        self._specialist = spec.specialist
        self._positive_from = positive_from
        self._version = version

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote of one row."""
        raw = self.raw(row)
        if self._calibration is None:
            return EngineVote("abstain", None, version=self._version, raw=raw)
        probability = self._calibration.probability(raw)
        vote = side(probability, self._positive_from, specialist=self._specialist)
        return EngineVote(vote, probability, version=self._version, raw=raw)
