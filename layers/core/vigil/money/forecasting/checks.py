"""Spend check that stores each anomaly and publishes one event for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from vigil.money.costs.model import Category
from vigil.money.forecasting.anomalies import AnomalyDetector
from vigil.money.forecasting.model import (
    Anomaly,
    ExcessSpend,
    category_histories,
    create_anomaly,
    history_months,
    hour_of,
    hours_of_today,
)
from vigil.money.forecasting.ports import AnomalyStore, EventBus, SpendSource
from vigil.runtime.ttl_cache import TtlCache

_MAX_CACHED_TENANTS = 1_000
"""Maximum tenants whose detectors a process caches; a detector is used for one day."""
_ONE_DAY = timedelta(days=1)
_COUNTED = time(0, 15)
"""Time after midnight, in UTC, when the last hours of yesterday are counted: gauges and calls are minutes behind."""


class AnomalyCheck:
    """Finds unusual spend of one tenant at a time and publishes it on the event bus.

    An anomaly is stored before it is published and marked afterwards. Its number is taken once, so only one of several
    workers stores it and publishes it. If that worker fails, a later check publishes the same event with the same id.
    """

    def __init__(self, store: AnomalyStore, costs: SpendSource, bus: EventBus, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._costs = costs
        self._bus = bus
        self._clock = clock
        self._detectors: TtlCache[tuple[str, str, bool], Mapping[Category, AnomalyDetector]] = TtlCache(
            _ONE_DAY, clock, _MAX_CACHED_TENANTS
        )

    def run(self, tenant_id: str) -> int:
        """Store and publish anomalies, and return the number of published ones. Raises Unavailable."""
        now = self._clock().astimezone(UTC)
        known = self._store.list_all(tenant_id)
        new = list(self._added(tenant_id, known, now))
        mine = [*(anomaly for anomaly in known if anomaly.is_abandoned(now)), *new]
        events = [anomaly.to_event(tenant_id) for anomaly in mine]
        refused = self._bus.publish(events) if events else ()
        published = [anomaly for anomaly, event in zip(mine, events, strict=True) if event.event_id not in refused]
        for anomaly in published:
            self._store.update(tenant_id, anomaly.as_published())
        return len(published)

    def _added(self, tenant_id: str, known: Sequence[Anomaly], now: datetime) -> Iterator[Anomaly]:
        """Yield the stored new anomalies; update the last seen hour of known ones."""
        hour, last = hour_of(now), {anomaly.category: anomaly for anomaly in known}
        for category, excess in self._excesses(tenant_id, known, now).items():
            before = last.get(category)
            if before and before.includes(hour):
                if before.is_published and before.seen < hour:
                    self._store.update(tenant_id, before.with_last_seen(hour))
                continue
            anomaly = create_anomaly(category, before.number + 1 if before else 1, excess, now)
            if self._store.add(tenant_id, anomaly):
                yield anomaly

    def _excesses(self, tenant_id: str, known: Sequence[Anomaly], now: datetime) -> Mapping[Category, ExcessSpend]:
        spent = hours_of_today(self._costs.hourly_costs(tenant_id, f"{now:%Y-%m}"), now)
        detectors = self._detectors_of(tenant_id, known, now)
        found = {name: detectors[name].detect(hours) for name, hours in spent.items() if name in detectors}
        return {category: excess for category, excess in found.items() if excess}

    def _detectors_of(
        self, tenant_id: str, known: Sequence[Anomaly], now: datetime
    ) -> Mapping[Category, AnomalyDetector]:
        """Return today's detectors of the categories with a sufficient history."""
        key = (tenant_id, f"{now:%Y-%m-%d}", now.time() >= _COUNTED)
        if (detectors := self._detectors.get(key)) is None:
            hourly = [spent for month in history_months(now) for spent in self._costs.hourly_costs(tenant_id, month)]
            histories = category_histories(hourly, known, now)
            detectors = {
                category: AnomalyDetector(history.hours, history.weekday)
                for category, history in histories.items()
                if history.is_sufficient
            }
            self._detectors.put(key, detectors)
        return detectors
