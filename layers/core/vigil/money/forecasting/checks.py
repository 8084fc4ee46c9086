"""Looking after spend: each anomaly is kept, and told once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from vigil.money.costs.model import Category
from vigil.money.forecasting.anomalies import Judge
from vigil.money.forecasting.model import Anomaly, Finding, begun, hour_of, months, pasts, today
from vigil.money.forecasting.ports import AnomalyStore, Bus, Spending
from vigil.runtime.ttl_cache import TtlCache

_REMEMBERED = 1_000
"""Tenants whose past a process knows; what it is told of a day that is over, it looks at on the next."""
_ONE_DAY = timedelta(days=1)
_COUNTED = time(0, 15)
"""By then yesterday's last hours are counted: what is held, and calls, is minutes behind."""


class Watch:
    """Looks at one tenant's spend at a time.

    An anomaly is kept before it is told, and marked when it was; its number is taken once, so that of two who find it
    one keeps it. What dies in between is told by a later look, as the same event with the same id.
    """

    def __init__(self, store: AnomalyStore, spending: Spending, bus: Bus, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._spending = spending
        self._bus = bus
        self._clock = clock
        self._judges: TtlCache[tuple[str, str, bool], Mapping[Category, Judge]] = TtlCache(_ONE_DAY, clock, _REMEMBERED)

    def look(self, tenant_id: str) -> int:
        """Keep and tell what is found, and return how many anomalies were told; raises Unavailable."""
        now = self._clock().astimezone(UTC)
        known = self._store.all(tenant_id)
        new = list(self._opened(tenant_id, known, now))
        mine = [*(anomaly for anomaly in known if anomaly.forsaken(now)), *new]
        events = [anomaly.event(tenant_id) for anomaly in mine]
        refused = self._bus.publish(events) if events else ()
        told = [anomaly for anomaly, event in zip(mine, events, strict=True) if event.event_id not in refused]
        for anomaly in told:
            self._store.change(tenant_id, replace(anomaly, state="told"))
        return len(told)

    def _opened(self, tenant_id: str, known: Sequence[Anomaly], now: datetime) -> Iterator[Anomaly]:
        """Yield what nobody has found before; note of the rest that it is still there."""
        hour, last = hour_of(now), {anomaly.category: anomaly for anomaly in known}
        for category, finding in self._findings(tenant_id, known, now).items():
            before = last.get(category)
            if before and before.again(hour):
                if before.state == "told" and before.seen < hour:
                    self._store.change(tenant_id, before.seen_in(hour))
                continue
            anomaly = begun(category, before.number + 1 if before else 1, finding, now)
            if self._store.open(tenant_id, anomaly):
                yield anomaly

    def _findings(self, tenant_id: str, known: Sequence[Anomaly], now: datetime) -> Mapping[Category, Finding]:
        spent = today(self._spending.hourly(tenant_id, f"{now:%Y-%m}"), now)
        judges = self._judging(tenant_id, known, now)
        found = {category: judges[category].finding(hours) for category, hours in spent.items() if category in judges}
        return {category: finding for category, finding in found.items() if finding}

    def _judging(self, tenant_id: str, known: Sequence[Anomaly], now: datetime) -> Mapping[Category, Judge]:
        """Return who judges a day by the weeks before it, for the categories with enough of them."""
        place = (tenant_id, f"{now:%Y-%m-%d}", now.time() >= _COUNTED)
        if (judges := self._judges.get(place)) is None:
            hourly = [spent for month in months(now) for spent in self._spending.hourly(tenant_id, month)]
            past = pasts(hourly, known, now)
            judges = {c: Judge(one.hours, one.weekday) for c, one in past.items() if one.enough}
            self._judges.put(place, judges)
        return judges
