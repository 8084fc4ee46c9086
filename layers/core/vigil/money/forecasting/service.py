"""Anomalies and projections as their tenants see them."""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vigil.money.costs.model import Category
from vigil.money.forecasting.model import HISTORY, SCOPES, Anomaly, Projection, Scope, daily, months, pasts
from vigil.money.forecasting.ports import AnomalyStore, Spending
from vigil.money.forecasting.projection import LEAST_DAYS, projection


@dataclass(frozen=True, slots=True)
class Found:
    """The anomalies of a month, last first, and whether each category has enough of a past to be watched today."""

    anomalies: tuple[Anomaly, ...]
    watched: Mapping[Category, bool]


class Anomalies:
    """The anomalies of tenants."""

    def __init__(self, store: AnomalyStore, spending: Spending, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._spending = spending
        self._clock = clock

    def month(self, tenant_id: str, month: str) -> Found:
        """Return the anomalies that began in a month, of which a category has at most one a day."""
        now = self._clock().astimezone(UTC)
        hourly = [spent for each in months(now) for spent in self._spending.hourly(tenant_id, each)]
        known = self._store.all(tenant_id)
        begun = (anomaly for anomaly in known if anomaly.began.startswith(month))
        ordered = sorted(begun, key=lambda anomaly: anomaly.began, reverse=True)
        return Found(tuple(ordered), {category: past.enough for category, past in pasts(hourly, known, now).items()})


class Projections:
    """What tenants will have spent."""

    def __init__(self, spending: Spending, clock: Callable[[], datetime]) -> None:
        self._spending = spending
        self._clock = clock

    def month_end(self, tenant_id: str) -> Mapping[Scope, Projection]:
        """Return what each category, and all of them, will have cost at the end of this month."""
        now = self._clock().astimezone(UTC)
        lines = [line for month in months(now) for line in self._spending.lines(tenant_id, month)]
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        days_left = monthrange(now.year, now.month)[1] - now.day
        left = [1 - (now - midnight) / timedelta(days=1), *[1.0] * days_left]
        ends = {}
        for scope in SCOPES:
            mine = [line for line in lines if scope in {line.category, "total"}]
            spent = sum(line.micros for line in mine if line.day.startswith(f"{now:%Y-%m}"))
            past = daily(mine, midnight - HISTORY, HISTORY.days)
            ends[scope] = _projected(scope, spent, past, midnight - HISTORY, left)
        return ends


def _projected(scope: Scope, spent: int, past: Sequence[int], first: datetime, left: Sequence[float]) -> Projection:
    """Return the end of a month from its past days, of which those before the first spend are none."""
    unused = next((number for number, micros in enumerate(past) if micros > 0), len(past))
    days = past[unused:]
    if len(days) < LEAST_DAYS:
        return Projection(scope, spent)
    weekday = (first + timedelta(days=unused)).weekday()
    told = projection(days, weekday, float(spent), left)
    return Projection(scope, spent, *(round(micros) for micros in (told.low, told.middle, told.high)))
