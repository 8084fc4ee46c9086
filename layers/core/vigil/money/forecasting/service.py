"""Anomalies and projections as their tenants see them."""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vigil.money.costs.model import SPEND_SCOPES, Category, SpendScope
from vigil.money.forecasting.model import (
    HISTORY_LENGTH,
    Anomaly,
    Projection,
    category_histories,
    daily_spend,
    history_months,
)
from vigil.money.forecasting.ports import AnomalyStore, SpendSource
from vigil.money.forecasting.projection import MIN_PROJECTION_DAYS, project_spend


@dataclass(frozen=True, slots=True)
class MonthAnomalies:
    """Anomalies of a month, latest first; `watched` is True for each category with a sufficient history today."""

    anomalies: tuple[Anomaly, ...]
    watched: Mapping[Category, bool]


class Anomalies:
    """Anomalies of tenants."""

    def __init__(self, store: AnomalyStore, costs: SpendSource, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._costs = costs
        self._clock = clock

    def month(self, tenant_id: str, month: str) -> MonthAnomalies:
        """Return the anomalies that began in a month; a category has at most one per day."""
        now = self._clock().astimezone(UTC)
        hourly = [spent for each in history_months(now) for spent in self._costs.hourly_costs(tenant_id, each)]
        known = self._store.list_all(tenant_id)
        begun = (anomaly for anomaly in known if anomaly.began.startswith(month))
        ordered = sorted(begun, key=lambda anomaly: anomaly.began, reverse=True)
        histories = category_histories(hourly, known, now)
        return MonthAnomalies(tuple(ordered), {name: history.is_sufficient for name, history in histories.items()})


class Projections:
    """Projections of tenants' spend."""

    def __init__(self, costs: SpendSource, clock: Callable[[], datetime]) -> None:
        self._costs = costs
        self._clock = clock

    def month_end(self, tenant_id: str) -> Mapping[SpendScope, Projection]:
        """Return the projection of each category, and of the total, to the end of this month."""
        now = self._clock().astimezone(UTC)
        lines = [line for month in history_months(now) for line in self._costs.lines(tenant_id, month)]
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        days_left = monthrange(now.year, now.month)[1] - now.day
        left = [1 - (now - midnight) / timedelta(days=1), *[1.0] * days_left]
        ends = {}
        for scope in SPEND_SCOPES:
            mine = [line for line in lines if scope in {line.category, "total"}]
            spent = sum(line.micros for line in mine if line.day.startswith(f"{now:%Y-%m}"))
            history = daily_spend(mine, midnight - HISTORY_LENGTH, HISTORY_LENGTH.days)
            ends[scope] = _project(scope, spent, history, midnight - HISTORY_LENGTH, left)
        return ends


def _project(
    scope: SpendScope, spent: int, history: Sequence[int], first: datetime, left: Sequence[float]
) -> Projection:
    """Return the projection of a month from the daily spend before today; days before the first spend are skipped."""
    unused = next((number for number, micros in enumerate(history) if micros > 0), len(history))
    days = history[unused:]
    if len(days) < MIN_PROJECTION_DAYS:
        return Projection(scope, spent)
    weekday = (first + timedelta(days=unused)).weekday()
    interval = project_spend(days, weekday, float(spent), left)
    return Projection(scope, spent, *(round(micros) for micros in (interval.low, interval.middle, interval.high)))
