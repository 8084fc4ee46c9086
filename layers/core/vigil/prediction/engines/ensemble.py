"""From the votes of engines to one verdict: probability, band, decision, or a typed abstention."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from vigil.prediction.engines.votes import EngineVote, logit, sigmoid

EnsemblePolicy: TypeAlias = Literal["weighted", "majority", "unanimity"]
AbstentionReason: TypeAlias = Literal[
    "unsigned_model", "missing", "no_calibration", "out_of_domain", "disagreement", "low_confidence"
]
ABSTAIN = "abstain"
"""The decision of an answer that abstains."""
UNKNOWN_BAND = "unknown"
"""The band when no engine could say anything."""


@dataclass(frozen=True, slots=True)
class Band:
    """A risk band: probabilities from `lower` (inclusive) up to the next band, and the decision taken there.

    Where no band is marked `high_risk`, the highest one is.
    """

    name: str
    lower: float
    decision: str
    high_risk: bool = False


@dataclass(frozen=True, slots=True)
class Ensemble:
    """How votes become one probability: `sigmoid(intercept + sum of terms)`.

    An engine's term is its non-negative weight times the log-odds of its calibrated probability, or, when it abstains
    or is missing, its learnt term in `abstain`. An answer is positive from the probability `positive_from` on, and so
    is an engine's own vote. `policy` says how many of the voting engines must be on the side of the answer, which
    otherwise abstains for disagreement: all (`unanimity`), more than half of them (`majority`), or of their weight.
    """

    weights: Mapping[str, float]
    positive_from: float
    intercept: float = 0.0
    abstain: Mapping[str, float] = field(default_factory=dict)
    policy: EnsemblePolicy = "weighted"

    def __post_init__(self) -> None:
        if not self.weights or any(weight < 0 for weight in self.weights.values()):
            raise ValueError("weights must be there and not be negative")
        if not 0 < self.positive_from < 1:
            raise ValueError("positive_from must be a probability between 0 and 1")

    def probability(self, votes: Mapping[str, EngineVote]) -> float | None:
        """Return the probability that the votes amount to, or None if none of them gives one."""
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
        """Say whether enough of the voting engines are on the side of the answer, by the policy."""
        side = "positive" if probability >= self.positive_from else "negative"
        voting = {name: vote.vote for name, vote in votes.items() if vote.vote != ABSTAIN}
        with_it = [name for name, vote in voting.items() if vote == side]
        if self.policy == "weighted":
            # The intercept may put the answer on the other side of a lone engine's; nobody disagrees then.
            heard = [name for name in voting if self.weights.get(name)]
            return len(heard) < 2 or self._weight(with_it) * 2 > self._weight(heard)
        wanted = len(voting) if self.policy == "unanimity" else len(voting) // 2 + 1
        return len(with_it) >= wanted or not voting

    def _weight(self, names: Iterable[str]) -> float:
        return sum(self.weights.get(name, 0.0) for name in names)


@dataclass(frozen=True, slots=True)
class Abstention:
    """A certified threshold: answers whose `doubt` is above it abstain for low confidence.

    Among the answers that are given, at most `alpha` are in error, with confidence `1 - delta` over calibration sets.
    With the harm `wrong` an error is an answer on the wrong side; with `missed` the promise is about negative answers
    alone, and positive ones are never doubted.
    `accepted_error_bound` is the exact upper bound found, `coverage` the share of calibration rows that were answered.
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
    """An engine that did not vote: its file is not the one that was signed, it cannot be loaded, or it failed."""

    engine: str
    reason: Literal["unsigned", "unavailable", "failed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a package says of one row. `band` is what is known even when the decision is to abstain.

    `degraded` names the engines that did not vote, `vetoed` says that a veto decided, `guaranteed` that the promise of
    the abstention rule covers this answer.
    """

    votes: Mapping[str, EngineVote]
    probability: float | None
    band: str
    decision: str
    reasons: tuple[AbstentionReason, ...]
    degraded: tuple[DegradedEngine, ...]
    vetoed: bool
    guaranteed: bool


@dataclass(frozen=True, slots=True)
class MissingFact:
    """A fact to find out: its cost, and the share of its typical values with which the model would have answered."""

    feature: str
    label: str
    unit: str
    cost: float
    resolves: float


def error_probability(probability: float, positive_from: float, harm: Literal["wrong", "missed"]) -> float:
    """Return the chance that an answer is in error: what an abstention threshold is compared with."""
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
    """Return the verdict of these votes; `lacks_facts` says that an essential feature has no value.

    A veto raises the band and, where nothing known is above it, decides. With an engine missing the answer abstains
    unless a veto has put it into the highest band, and the band is the highest that any surviving engine reaches: a
    failure can never lower a severity and pass for an answer.
    """
    probability = ensemble.probability(votes)
    known = _known(bands, probability, votes.values() if degraded else ())
    veto = max((_place(bands, vote.veto) for vote in votes.values() if vote.veto), default=-1)
    place = max(known, veto)
    decided_by_veto = veto >= 0 and veto >= known and (not degraded or veto == len(bands) - 1)
    reasons: tuple[AbstentionReason, ...] = ()
    if not decided_by_veto:
        reasons = (*_absences(degraded, lacks_facts=lacks_facts), *_doubts(ensemble, abstention, votes, probability))
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
        guaranteed=not reasons and not decided_by_veto and _promised(ensemble, abstention, probability),
    )


def band_index(bands: Sequence[Band], probability: float) -> int:
    """Return the place of the highest band whose lower edge the probability reaches."""
    return max(place for place, band in enumerate(bands) if probability >= band.lower)


def _known(bands: Sequence[Band], probability: float | None, survivors: Iterable[EngineVote]) -> int:
    found = [probability, *(vote.probability for vote in survivors)]
    return max((band_index(bands, p) for p in found if p is not None), default=-1)


def _place(bands: Sequence[Band], name: str) -> int:
    return next(place for place, band in enumerate(bands) if band.name == name)


def _promised(ensemble: Ensemble, abstention: Abstention | None, probability: float | None) -> bool:
    if abstention is None or probability is None:
        return False
    return abstention.harm == "wrong" or probability < ensemble.positive_from


def _absences(degraded: Collection[DegradedEngine], *, lacks_facts: bool) -> Iterator[AbstentionReason]:
    if any(lack.reason == "unsigned" for lack in degraded):
        yield "unsigned_model"
    if degraded or lacks_facts:
        yield "missing"


def _doubts(
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
