"""Comparisons in memory: one contract test runs them beside the index of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vigil.prediction.trials.model import Paired


@dataclass
class FakeComparisons:
    kept: dict[tuple[str, int, int], list[Paired]] = field(default_factory=dict)

    def recent(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[Paired]:
        return self.kept.get((name, champion, challenger), [])[-limit:]
