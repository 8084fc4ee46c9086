"""Rules that combine engines' votes into a verdict: probability, band, and a decision or typed abstention."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from vigil.kernel.values import value
from vigil.prediction.engines.votes import EngineVote, logit, sigmoid

EnsemblePolicy: TypeAlias = Literal["weighted", "majority", "unanimity"]
AbstentionReason: TypeAlias = Literal[
    "unsigned_model", "missing", "no_calibration", "out_of_domain", "disagreement", "low_confidence"
]
ABSTAIN = "abstain"
"""Decision of an answer that abstains."""
UNKNOWN_BAND = "unknown"
"""Band of an answer for which no engine gave any result."""


@dataclass(frozen=True, slots=True)
class Band:
    """A risk band: probabilities from `lower` (inclusive) up to the next band, and the decision for them.

    If no band is marked `high_risk`, the highest band is high risk.
    """

    name: str
    lower: float
    decision: str
    high_risk: bool = False


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Combination of votes into one probability: `sigmoid(intercept + sum of terms)`.

    An engine's term is its non-negative weight times the log-odds of its calibrated probability. If the engine abstains
    or is missing, its term is the learnt value in `abstain`.

    An answer, or an engine's vote, is positive from the probability `positive_from`. `policy` sets the agreement that
    is needed; without it the answer abstains for disagreement. `unanimity` needs all voting engines on the side of the
    answer, `majority` more than half of them, `weighted` more than half of their weight.
    """

    weights: Mapping[str, float]
    positive_from: float
    intercept: float = 0.0
    abstain: Mapping[str, float] = field(default_factory=dict)
    policy: EnsemblePolicy = "weighted"

    def __post_init__(self) -> None:
        if not self.weights or any(weight < 0 for weight in self.weights.values()):
            raise ValueError("there must be at least one weight, and no weight may be negative")
        if not 0 < self.positive_from < 1:
            raise ValueError("positive_from must be a probability between 0 and 1, both excluded")

    def probability(self, votes: Mapping[str, EngineVote]) -> float | None:
        """Return the combined probability of the votes, or None if no vote has a probability."""
        log_odds, known = self.intercept, False
        for name, weight in self.weights.items():
            vote = votes.get(name)
            if vote is None or vote.probability is None:
                log_odds += self.abstain.get(name, 0.0)
            else:
                log_odds += weight * logit(vote.probability)
                known = True
        return sigmoid(log_odds) if known else None

    def has_agreement(self, votes: Mapping[str, EngineVote], probability: float) -> bool:
        """True if enough voting engines are on the side of the answer, according to the policy."""
        side = "positive" if probability >= self.positive_from else "negative"
        voting = {name: vote.vote for name, vote in votes.items() if vote.vote != ABSTAIN}
        with_it = [name for name, vote in voting.items() if vote == side]
        if self.policy == "weighted":
            # The intercept can put the answer on the other side of a single engine's vote; that is no disagreement.
            heard = [name for name in voting if self.weights.get(name)]
            return len(heard) < 2 or self._weight(with_it) * 2 > self._weight(heard)
        wanted = len(voting) if self.policy == "unanimity" else len(voting) // 2 + 1
        return len(with_it) >= wanted or not voting

    def _weight(self, names: Iterable[str]) -> float:
        return math.fsum(self.weights.get(name, 0.0) for name in names)


@dataclass(frozen=True, slots=True)
class Abstention:
    """A certified threshold: answers with an error probability above it abstain for low confidence.

    Of the given answers, at most the share `alpha` is wrong, with confidence `1 - delta` over calibration sets. With
    the harm `wrong`, an error is an answer on the wrong side. With `missed`, the guarantee covers only negative
    answers, and positive answers never abstain for low confidence.

    `accepted_error_bound` is the exact upper bound found; `coverage` is the share of calibration rows that were
    answered.
    """

    alpha: float
    delta: float
    threshold: float
    accepted_error_bound: float
    coverage: float
    harm: Literal["wrong", "missed"] = "wrong"
    method: Literal["clopper-pearson-fixed-sequence"] = "clopper-pearson-fixed-sequence"


@dataclass(frozen=True, slots=True)
class DegradedEngine:
    """An engine that did not vote: its file is not the signed one, it cannot be loaded, or it failed."""

    engine: str
    reason: Literal["unsigned", "unavailable", "failed"]


@value
class Verdict:
    """A package's result for one row. `band` is the known severity even if the decision is to abstain.

    `degraded` names the engines that did not vote. `vetoed` is true if a veto decided. `guaranteed` is true if the
    guarantee of the abstention rule covers this answer.
    """

    votes: Mapping[str, EngineVote]
    probability: float | None
    band: str
    decision: str
    reasons: tuple[AbstentionReason, ...]
    degraded: tuple[DegradedEngine, ...]
    vetoed: bool
    guaranteed: bool


@value
class MissingFact:
    """A missing feature worth obtaining: its cost, and the share of its typical values that would give an answer."""

    feature: str
    label: str
    unit: str
    cost: float
    resolves: float


def error_probability(probability: float, positive_from: float, harm: Literal["wrong", "missed"]) -> float:
    """Return the probability that an answer is wrong, for comparison with an abstention threshold."""
    if probability < positive_from:
        return probability
    return 1 - probability if harm == "wrong" else 0.0


def decide(
    bands: Sequence[Band],
    ensemble: Ensemble,
    abstention: Abstention | None,
    votes: Mapping[str, EngineVote],
    degraded: tuple[DegradedEngine, ...] = (),
    *,
    lacks_facts: bool = False,
) -> Verdict:
    """Return the verdict on these votes; `lacks_facts` is true if an essential feature has no value.

    A veto raises the band, and decides if no known band is above it. If an engine is missing, the answer abstains
    unless a veto has raised it to the highest band. The band is then the highest that any remaining engine reaches, so
    a failure never lowers a severity.
    """
    probability = ensemble.probability(votes)
    known = _known(bands, probability, votes.values() if degraded else ())
    veto = max((_place(bands, vote.veto) for vote in votes.values() if vote.veto), default=-1)
    place = max(known, veto)
    decided_by_veto = veto >= 0 and veto >= known and (not degraded or veto == len(bands) - 1)
    reasons: tuple[AbstentionReason, ...] = ()
    if not decided_by_veto:
        reasons = (
            *_missing_reasons(degraded, lacks_facts=lacks_facts),
            *_confidence_reasons(ensemble, abstention, votes, probability),
        )
        reasons = reasons or (() if probability is not None else ("no_calibration",))
    band = bands[place] if place >= 0 else None
    return Verdict(
        votes=votes,
        probability=probability,
        band=band.name if band else UNKNOWN_BAND,
        decision=band.decision if band and not reasons else ABSTAIN,
        reasons=reasons,
        degraded=degraded,
        vetoed=decided_by_veto,
        guaranteed=not reasons and not decided_by_veto and _is_guaranteed(ensemble, abstention, probability),
    )


def band_index(bands: Sequence[Band], probability: float) -> int:
    """Return the index of the highest band with a lower edge at or below the probability."""
    return max(place for place, band in enumerate(bands) if probability >= band.lower)


def _known(bands: Sequence[Band], probability: float | None, survivors: Iterable[EngineVote]) -> int:
    found = [probability, *(vote.probability for vote in survivors)]
    return max((band_index(bands, p) for p in found if p is not None), default=-1)


def _place(bands: Sequence[Band], name: str) -> int:
    return next(place for place, band in enumerate(bands) if band.name == name)


def _is_guaranteed(ensemble: Ensemble, abstention: Abstention | None, probability: float | None) -> bool:
    if abstention is None or probability is None:
        return False
    return abstention.harm == "wrong" or probability < ensemble.positive_from


def _missing_reasons(degraded: Collection[DegradedEngine], *, lacks_facts: bool) -> Iterator[AbstentionReason]:
    if any(lack.reason == "unsigned" for lack in degraded):
        yield "unsigned_model"
    if degraded or lacks_facts:
        yield "missing"


def _confidence_reasons(
    ensemble: Ensemble, abstention: Abstention | None, votes: Mapping[str, EngineVote], probability: float | None
) -> Iterator[AbstentionReason]:
    if any(vote.out_of_domain for vote in votes.values()):
        yield "out_of_domain"
    if probability is None:
        return
    if not ensemble.has_agreement(votes, probability):
        yield "disagreement"
    if abstention and error_probability(probability, ensemble.positive_from, abstention.harm) > abstention.threshold:
        yield "low_confidence"
