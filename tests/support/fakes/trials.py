"""Comparisons in memory: one contract test runs them beside the index of the ledger."""

from dataclasses import dataclass, field

from vigil.prediction.trials.model import PairedComparison


@dataclass
class FakeComparisons:
    kept: dict[tuple[str, int, int], list[PairedComparison]] = field(default_factory=dict)

    def recent(self, name, champion, challenger, limit):
        return self.kept.get((name, champion, challenger), [])[-limit:]
