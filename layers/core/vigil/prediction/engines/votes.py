"""Engine specifications, votes and evidence: pure values and rules."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vigil.kernel.values import value
from vigil.prediction.features.feature_spec import FeatureSpec

EngineKind: TypeAlias = Literal["lightgbm", "isolation_forest", "rules", "statistics"]
FILE_EXTENSIONS: Mapping[EngineKind, str] = {
    "lightgbm": "txt",
    "isolation_forest": "json",
    "rules": "json",
    "statistics": "json",
}
"""Extension of an engine's file, by kind of engine."""
Vote: TypeAlias = Literal["positive", "negative", "abstain"]

_MOST_LOG_ODDS = 20.0
"""Maximum absolute log-odds (odds of 5e8 to 1).

No engine is more certain than this, and 1 - 1e-17 equals 1 in floating point.
"""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling: `probability = sigmoid(slope * raw + intercept)`."""

    slope: float = 1.0
    intercept: float = 0.0

    def probability(self, raw: float) -> float:
        """Return the calibrated probability of the label for a raw score."""
        return sigmoid(self.slope * raw + self.intercept)

    def probabilities(self, raws: Iterable[float]) -> list[float]:
        """Return `probability` of each raw score."""
        return sigmoids([self.slope * raw + self.intercept for raw in raws])


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine of a package: its kind, its file, and its features in order.

    `features` None means all features of the schema. Without `calibration` the engine may vote and veto, but gives no
    probability. A `specialist` detects one kind of positive among several. If it finds none, its probability counts but
    it does not vote. The row may be another kind of positive.
    """

    name: str
    kind: EngineKind
    file: str
    features: tuple[str, ...] | None = None
    calibration: Calibration | None = None
    specialist: bool = False

    @property
    def table_file(self) -> str:
        """Name of the file with the packed table of a LightGBM engine, if the engine has one."""
        return f"{self.name}.walk"


@value
class Evidence:
    """One observation of an engine: a stable code, a sentence, and its number, bound and severity if any.

    `severity` is a band of the package. It raises the answer only through a veto.
    """

    code: str
    text: str
    value: float | None = None
    bound: float | None = None
    severity: str | None = None


@value
class EngineVote:
    """One engine's vote on one row.

    `probability` is calibrated, None if the engine cannot give one. `veto` is the lowest band allowed for the answer,
    regardless of other votes. `version` is the start of the SHA-256 of the engine's file. `raw` is the score before
    calibration. `out_of_domain` is true if the row is unlike all training data.
    """

    vote: Vote
    probability: float | None
    evidence: tuple[Evidence, ...] = ()
    veto: str | None = None
    version: str = ""
    raw: float | None = None
    out_of_domain: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Contributions of one engine's features to its raw score, and the base value to which they are added."""

    engine: str
    features: tuple[FeatureSpec, ...]
    row: tuple[float, ...]
    contributions: tuple[float, ...]
    base: float


def vote_for(probability: float, positive_from: float, *, specialist: bool = False) -> Vote:
    """Return the vote that corresponds to a probability."""
    if probability >= positive_from:
        return "positive"
    return "abstain" if specialist else "negative"


def sigmoid(log_odds: float) -> float:
    """Return the probability of the log-odds, without overflow."""
    return 1 / (1 + math.exp(-log_odds)) if log_odds >= 0 else (e := math.exp(max(log_odds, -700.0))) / (1 + e)


def logit(probability: float) -> float:
    """Return the log-odds of a probability, limited to 20 in absolute value."""
    if not 0 < probability < 1:
        return _MOST_LOG_ODDS if probability >= 1 else -_MOST_LOG_ODDS
    log_odds = math.log(probability / (1 - probability))
    return log_odds if -_MOST_LOG_ODDS <= log_odds <= _MOST_LOG_ODDS else math.copysign(_MOST_LOG_ODDS, log_odds)


def sigmoids(log_odds: Iterable[float]) -> list[float]:
    """Return `sigmoid` of each number. Calls of it take twice the time."""
    return [
        1 / (1 + math.exp(-odds)) if odds >= 0 else (e := math.exp(max(odds, -700.0))) / (1 + e) for odds in log_odds
    ]


def logits(probabilities: Iterable[float]) -> list[float]:
    """Return `logit` of each probability. Calls of it take twice the time for usual ones."""
    return [
        odds if 0 < p < 1 and -_MOST_LOG_ODDS <= (odds := math.log(p / (1 - p))) <= _MOST_LOG_ODDS else logit(p)
        for p in probabilities
    ]
