"""A challenger on trial: whom it decides for, and how far it and the champion are apart. Pure values and rules."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist, fmean

MIN_SUBJECTS = 30
"""Below this many subjects the normal approximation of an interval says nothing."""
SHARDS = "0123456789abcdefghijklmnopqrstuv"
"""The digits of a decision id: comparisons are indexed at 32 places, so that no trial can slow the ledger down."""
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What one model said of the facts; no probability where it could not say anything."""

    version: int
    probability: float | None
    decision: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What champion and challenger said of the same facts; kept beside a decision, never shown to its tenant."""

    champion: ModelAnswer
    challenger: ModelAnswer

    def to_document(self) -> str:
        """Return the JSON that a ledger row carries."""
        return json.dumps([asdict(self.champion), asdict(self.challenger)], separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_document(cls, document: str) -> "Comparison":
        """Return the comparison that a ledger row carries."""
        champion, challenger = (ModelAnswer(**answer) for answer in json.loads(document))
        return cls(champion, challenger)

    def index_partition(self, name: str, decision_id: str) -> str:
        """Return the partition of the index under which this comparison is found again."""
        return comparison_partition(name, self.champion.version, self.challenger.version, decision_id[-1])


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """One comparison of the past, with a digest of its tenant and subject, by which it is clustered."""

    comparison: Comparison
    subject: str


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean and its 95 % interval; no interval for too few subjects."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class TrialReport:
    """Champion and challenger over the same requests.

    `difference` is challenger minus champion in probability, `changed` the share of requests whose decision would be
    another one; both None without a pair. `unanswered` counts the requests that only one of the two could answer.
    """

    champion: int
    challenger: int
    pairs: int
    subjects: int
    unanswered: int
    difference: MeanInterval | None
    changed: MeanInterval | None


def comparison_partition(name: str, champion: int, challenger: int, shard: str) -> str:
    """Return one of the partitions that hold the comparisons of two versions; `shard` is one of SHARDS."""
    return f"{name}#{champion}#{challenger}#{shard}"


def is_challenger_subject(name: str, version: int, tenant_id: str, subject_id: str, share: int) -> bool:
    """Say whether a challenger decides for a subject: always the same answer, and once in it stays as the share grows.

    The version is part of the draw, so that the next challenger is not tried on the same subjects again.
    """
    drawn = hashlib.sha256(f"{name}\n{version}\n{tenant_id}\n{subject_id}".encode()).digest()
    return int.from_bytes(drawn[:8], "big") % 1000 < share


def compare_versions(champion: int, challenger: int, paired: Sequence[PairedComparison]) -> TrialReport:
    """Return how far two versions are apart over these comparisons."""
    answered = {
        index: (before, after)
        for index, pair in enumerate(paired)
        if (before := pair.comparison.champion.probability) is not None
        and (after := pair.comparison.challenger.probability) is not None
    }
    subjects = [pair.subject for pair in paired]
    differences = {index: after - before for index, (before, after) in answered.items()}
    changed = {
        index: float(pair.comparison.champion.decision != pair.comparison.challenger.decision)
        for index, pair in enumerate(paired)
    }
    return TrialReport(
        champion=champion,
        challenger=challenger,
        pairs=len(answered),
        subjects=len(set(subjects)),
        unanswered=len(paired) - len(answered),
        difference=_interval(differences, subjects),
        changed=_interval(changed, subjects),
    )


def _interval(values: Mapping[int, float], subjects: Sequence[str]) -> MeanInterval | None:
    """Return the mean and its interval, robust to a subject's values being alike (Liang & Zeger, 1986)."""
    if not values:
        return None
    mean = fmean(values.values())
    residuals: dict[str, float] = {}
    for index, value in values.items():
        residuals[subjects[index]] = residuals.get(subjects[index], 0.0) + value - mean
    clusters = len(residuals)
    if clusters < MIN_SUBJECTS:
        return MeanInterval(mean, None, None)
    spread = math.fsum(r * r for r in residuals.values()) * clusters / (clusters - 1)
    half = _Z * math.sqrt(spread) / len(values)
    return MeanInterval(mean, mean - half, mean + half)
