"""Comparisons in memory. A contract test runs them and the ledger's index alike."""

from dataclasses import dataclass, field

from vigil.prediction.trials.model import PairedComparison


@dataclass
class FakeComparisons:
    kept: dict[tuple[str, int, int], list[PairedComparison]] = field(default_factory=dict)

    def recent(self, name, champion, challenger, limit):
        return self.kept.get((name, champion, challenger), [])[-limit:]
