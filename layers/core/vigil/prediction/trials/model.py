"""Assignment of subjects to a challenger, and comparison of champion and challenger: pure values and rules."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from vigil.prediction.trials.evidence_model import DuePair, TrialEvidence
from vigil.prediction.trials.intervals_model import MeanInterval, mean_interval

SHARDS = "0123456789abcdefghijklmnopqrstuv"
"""Digits of a decision id. Comparisons are indexed in 32 partitions, so that a trial cannot slow down the ledger."""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """One model's answer; `probability` is None if the model could not give one."""

    version: int
    probability: float | None
    decision: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Answers of champion and challenger to the same facts.

    It is stored with a decision and never shown to its tenant. `label_due_at` is the time in UTC at which the label is
    final, ISO 8601; None if the champion's contract has no horizon.
    """

    champion: ModelAnswer
    challenger: ModelAnswer
    label_due_at: str | None = None

    def to_document(self) -> str:
        """Return the comparison as JSON for a ledger row."""
        due = [self.label_due_at] if self.label_due_at else []
        return json.dumps(
            [asdict(self.champion), asdict(self.challenger), *due], separators=(",", ":"), allow_nan=False
        )

    @classmethod
    def from_document(cls, document: str) -> "Comparison":
        """Return the comparison in a ledger row."""
        champion, challenger, *due = json.loads(document)
        return cls(ModelAnswer(**champion), ModelAnswer(**challenger), *due)

    def index_partition(self, name: str, decision_id: str) -> str:
        """Return the index partition that contains this comparison."""
        return comparison_partition(name, self.champion.version, self.challenger.version, decision_id[-1])


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """One stored comparison, a digest of its tenant and subject for clustering, and the key of its decision."""

    comparison: Comparison
    subject: str
    decision: str = ""

    @property
    def tenant_id(self) -> str:
        """Tenant of the decision."""
        return self.decision.partition("#")[0]

    def due_pair(self, now: str) -> DuePair | None:
        """Return the pair if its label is due at `now` and both models answered."""
        compared = self.comparison
        before, after = compared.champion.probability, compared.challenger.probability
        if before is None or after is None or compared.label_due_at is None or compared.label_due_at > now:
            return None
        return DuePair(self.decision, self.subject, compared.label_due_at, before, after)


@dataclass(frozen=True, slots=True)
class TrialReport:
    """Comparison of champion and challenger over the same requests.

    `difference` is challenger minus champion in probability. `changed` is the share of requests with another decision.
    Both are null without compared requests. `unanswered` counts requests that only one of the two models could answer.
    `outcomes` weighs the subjects whose labels are final; it is null without a horizon of the label.
    """

    champion: int
    challenger: int
    pairs: int
    subjects: int
    unanswered: int
    difference: MeanInterval | None
    changed: MeanInterval | None
    outcomes: TrialEvidence | None = None


def comparison_partition(name: str, champion: int, challenger: int, shard: str) -> str:
    """Return the index partition of the comparisons of two versions; `shard` is one of SHARDS."""
    return f"{name}#{champion}#{challenger}#{shard}"


def is_challenger_subject(name: str, version: int, tenant_id: str, subject_id: str, share: int) -> bool:
    """True if the challenger decides for the subject; stable, also while the share grows.

    The version is part of the hash, so that the next challenger is tried on other subjects.
    """
    drawn = hashlib.sha256(f"{name}\n{version}\n{tenant_id}\n{subject_id}".encode()).digest()
    return int.from_bytes(drawn[:8], "big") % 1000 < share


def compare_versions(champion: int, challenger: int, paired: Sequence[PairedComparison]) -> TrialReport:
    """Return the difference between two versions over these comparisons."""
    subjects = [pair.subject for pair in paired]
    differences = {
        index: after - before
        for index, pair in enumerate(paired)
        if (before := pair.comparison.champion.probability) is not None
        and (after := pair.comparison.challenger.probability) is not None
    }
    changed = [float(pair.comparison.champion.decision != pair.comparison.challenger.decision) for pair in paired]
    return TrialReport(
        champion=champion,
        challenger=challenger,
        pairs=len(differences),
        subjects=len(set(subjects)),
        unanswered=len(paired) - len(differences),
        difference=mean_interval(list(differences.values()), [subjects[index] for index in differences]),
        changed=mean_interval(changed, subjects),
    )
