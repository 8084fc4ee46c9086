"""What an engine is and what it answers. Pure values and rules."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

EngineKind: TypeAlias = Literal["lightgbm", "isolation_forest", "rules", "statistics"]
FILE_EXTENSIONS: Mapping[EngineKind, str] = {
    "lightgbm": "txt",
    "isolation_forest": "json",
    "rules": "json",
    "statistics": "json",
}
"""The last part of the name of each kind's file."""
Vote: TypeAlias = Literal["positive", "negative", "abstain"]

_MOST_LOG_ODDS = 20.0
"""Log-odds are cut off here (one in 5e8): no engine knows more, and 1 - 1e-17 is 1 in floating point."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling: `probability = sigmoid(slope * raw + intercept)`."""

    slope: float = 1.0
    intercept: float = 0.0

    def probability(self, raw: float) -> float:
        """Return the calibrated probability of the label for a raw score."""
        return sigmoid(self.slope * raw + self.intercept)


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine of a package: what kind it is, which file holds it, and which features it sees, in that order.

    `features` None means all of the schema. Without `calibration` it may vote and veto but gives no probability. A
    `specialist` knows one kind of positive among several: when it finds none its probability counts, but it does not
    vote, because another kind may be there.
    """

    name: str
    kind: EngineKind
    file: str
    features: tuple[str, ...] | None = None
    calibration: Calibration | None = None
    specialist: bool = False

    @property
    def table_file(self) -> str:
        """The file that holds the packed table of a LightGBM engine, if it has one."""
        return f"{self.name}.walk"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that an engine saw: a stable code, a sentence, and the number, bound and severity of it, if any.

    `severity` is a band of the package; it raises the answer only through a veto.
    """

    code: str
    text: str
    value: float | None = None
    bound: float | None = None
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class EngineVote:
    """What one engine says of one row.

    `probability` is calibrated, None where the engine has nothing to say. `veto` names the band below which the answer
    must not fall, whatever the others say. `version` is the start of the SHA-256 of the engine's file. `raw` is the
    score before calibration. `out_of_domain` says that the row is unlike anything the package was trained on.
    """

    vote: Vote
    probability: float | None
    evidence: tuple[Evidence, ...] = ()
    veto: str | None = None
    version: str = ""
    raw: float | None = None
    out_of_domain: bool = False


def vote_for(probability: float, positive_from: float, *, specialist: bool = False) -> Vote:
    """Return the vote that a probability amounts to."""
    if probability >= positive_from:
        return "positive"
    return "abstain" if specialist else "negative"


def sigmoid(log_odds: float) -> float:
    """Return the probability of log-odds, without overflow."""
    return 1 / (1 + math.exp(-log_odds)) if log_odds >= 0 else (e := math.exp(max(log_odds, -700.0))) / (1 + e)


def logit(probability: float) -> float:
    """Return the log-odds of a probability, at most 20 either way."""
    if not 0 < probability < 1:
        return _MOST_LOG_ODDS if probability >= 1 else -_MOST_LOG_ODDS
    log_odds = math.log(probability / (1 - probability))
    return log_odds if -_MOST_LOG_ODDS <= log_odds <= _MOST_LOG_ODDS else math.copysign(_MOST_LOG_ODDS, log_odds)
