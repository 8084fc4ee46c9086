"""Comparisons and labels in memory. A contract test runs them and the ledger's index alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vigil.prediction.trials.evidence_model import DecisionLabel
from vigil.prediction.trials.model import PairedComparison


@dataclass
class FakeComparisons:
    kept: dict[tuple[str, int, int], list[PairedComparison]] = field(default_factory=dict)

    def recent(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[PairedComparison]:
        return self.kept.get((name, champion, challenger), [])[-limit:]

    def oldest(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[PairedComparison]:
        return self.kept.get((name, champion, challenger), [])[:limit]


@dataclass
class FakeLabels:
    known: dict[str, DecisionLabel] = field(default_factory=dict)

    def labels(self, decisions: Sequence[str]) -> Mapping[str, DecisionLabel]:
        return {decision: self.known[decision] for decision in decisions if decision in self.known}
