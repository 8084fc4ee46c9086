"""Comparisons in memory. A contract test runs them and the ledger's index alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vigil.prediction.trials.model import PairedComparison


@dataclass
class FakeComparisons:
    kept: dict[tuple[str, int, int], list[PairedComparison]] = field(default_factory=dict)

    def recent(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[PairedComparison]:
        return self.kept.get((name, champion, challenger), [])[-limit:]
