"""Measurements in memory: states of sources, the state of burn-rate alerts, and a scripted CloudWatch."""

from collections.abc import Mapping, Sequence

from vigil.errors import Unavailable
from vigil.operations.metrics.model import SourceState
from vigil.operations.metrics.series_model import Metric
from vigil.operations.objectives.burns_model import BurnState


class FakeStates:
    """Stored states of sources."""

    def __init__(self) -> None:
        self.by_name: dict[str, SourceState] = {}

    def read_all(self) -> Sequence[SourceState]:
        return [state for _, state in sorted(self.by_name.items())]

    def find(self, name: str) -> SourceState | None:
        return self.by_name.get(name)

    def write(self, state: SourceState) -> bool:
        before = self.by_name.get(state.name)
        if (before.version if before else 0) != state.version - 1:
            return False
        self.by_name[state.name] = state
        return True


class FakeBurns:
    """Stored state of burn-rate alerts."""

    def __init__(self) -> None:
        self.state = BurnState()

    def load(self) -> BurnState:
        return self.state

    def write(self, state: BurnState) -> bool:
        if self.state.version != state.version - 1:
            return False
        self.state = state
        return True


class FakeCloudWatch:
    """Values by metric and minute. It can be away, and lists the routes of `routes`."""

    def __init__(self) -> None:
        self.values: dict[Metric, dict[int, float]] = {}
        self.routes: list[Metric] = []
        self.is_away = False
        self.requested = 0

    def put(self, metric: Metric, minute: int, value: float) -> None:
        values = self.values.setdefault(metric, {})
        values[minute] = values.get(minute, 0.0) + value

    def read(self, metrics: Sequence[Metric], start: int, end: int) -> Mapping[Metric, Mapping[int, float]]:
        if self.is_away:
            raise Unavailable("CloudWatch did not respond; try again.")
        self.requested += len(metrics)
        return {
            metric: {minute: value for minute, value in self.values.get(metric, {}).items() if start <= minute < end}
            for metric in metrics
        }

    def active_routes(self) -> Sequence[Metric]:
        if self.is_away:
            raise Unavailable("CloudWatch did not respond; try again.")
        return self.routes
