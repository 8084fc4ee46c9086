"""Sources of checks in memory. Each raises Unavailable while it is away."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from vigil.errors import NotFound, Unavailable
from vigil.operations.diagnosis.model import (
    ChampionState,
    FiringAlarm,
    KnownFailure,
    Metric,
    PastDecision,
    ProbeAnswer,
    QueueDepth,
    RestoreWindow,
    Statistic,
)
from vigil.operations.remedies.functions_model import FunctionVersion, LiveAlias


@dataclass
class FakeSources:
    """All sources of checks. `away` has the names of tables that do not answer; `is_away` stops every other source."""

    answer: ProbeAnswer = field(default_factory=lambda: ProbeAnswer(200, 3.0))
    alarms: list[FiringAlarm] = field(default_factory=list)
    metrics: dict[tuple[Metric, Statistic], float] = field(default_factory=dict)
    alias: LiveAlias = field(default_factory=lambda: LiveAlias(1, "r"))
    published: list[FunctionVersion] = field(default_factory=list)
    groups: list[KnownFailure] = field(default_factory=list)
    champions: dict[str, ChampionState | None] = field(default_factory=dict)
    decisions: list[PastDecision] = field(default_factory=list)
    reproduced: dict[str, bool | Exception] = field(default_factory=dict)
    tables: dict[str, timedelta] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    unrecoverable: set[str] = field(default_factory=set)
    queues: list[QueueDepth] = field(default_factory=list)
    is_away: bool = False

    def probe(self, name: str = "") -> ProbeAnswer | timedelta:
        """Return the answer of the API, or the time of the answer of a table."""
        if name in self.away:
            raise Unavailable("The table did not answer.")
        return self.tables[name] if name else self.answer

    def firing(self) -> Sequence[FiringAlarm]:
        """Return the firing alarms."""
        self._answer()
        return self.alarms

    def recent(
        self, first: str, second: object, _: timedelta | None = None
    ) -> Sequence[Metric] | Sequence[PastDecision]:
        """Return the metrics of a namespace and name, or decisions of a model up to a limit."""
        self._answer()
        if isinstance(second, int):
            return self.decisions[:second]
        found = (metric for metric, _ in self.metrics if (metric.namespace, metric.name) == (first, second))
        return list(dict.fromkeys(found))

    def total(self, metric: Metric, window: timedelta, statistic: Statistic = "Sum") -> float:
        """Return a stored total; a shorter window than a minute has no data."""
        self._answer()
        assert window >= timedelta(minutes=1)
        return self.metrics.get((metric, statistic), 0)

    def live(self, function: str) -> LiveAlias:
        """Return the live alias of every function but `typo`."""
        self._answer()
        if function == "typo":
            raise NotFound("There is no such function.")
        return self.alias

    def versions(self, _: str) -> Sequence[FunctionVersion]:
        """Return the published versions."""
        return self.published

    def newest(self, limit: int) -> Sequence[KnownFailure]:
        """Return the groups of errors."""
        self._answer()
        return self.groups[:limit]

    def check(self, name: str) -> ChampionState | None:
        """Return the state of a champion."""
        self._answer()
        return self.champions[name]

    def names(self) -> Sequence[str]:
        """Return the names of tables, or of models."""
        self._answer()
        return list(self.tables or self.champions)

    def is_reproduced(self, decision: PastDecision) -> bool:
        """Return the stored result of a replay, or raise it."""
        result = self.reproduced.get(decision.decision_id, True)
        if isinstance(result, Exception):
            raise result
        return result

    def restore_window(self, name: str) -> RestoreWindow:
        """Return the times to which a table can be restored."""
        self._answer()
        times = (None, None) if name in self.unrecoverable else ("2026-02-01", "2026-03-01")
        return RestoreWindow(name, *times)

    def depths(self) -> Sequence[QueueDepth]:
        """Return the depths of the queues."""
        self._answer()
        return self.queues

    def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("The source did not answer.")
