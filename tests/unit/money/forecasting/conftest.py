"""A tenant that spends a dollar's tenth an hour, and anomalies in memory."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.events import FakeBus
from tests.support.fakes.forecasting import FakeAnomalies, FakeSpending
from vigil.money.forecasting.checks import Watch
from vigil.money.forecasting.service import Anomalies, Projections

USUAL = 100_000


@dataclass
class World:
    spending: FakeSpending = field(default_factory=FakeSpending)
    store: FakeAnomalies = field(default_factory=FakeAnomalies)
    bus: FakeBus = field(default_factory=FakeBus)
    clock: Clock = field(default_factory=Clock)

    @property
    def watch(self):
        return Watch(self.store, self.spending, self.bus, self.clock)

    @property
    def anomalies(self):
        return Anomalies(self.store, self.spending, self.clock)

    @property
    def projections(self):
        return Projections(self.spending, self.clock)

    def live(self, days, tenant_id="acme", category="inference", usual=USUAL):
        """Spend the usual in each hour of so many days before this hour."""
        begin = (self.clock.now - timedelta(days=days)).replace(hour=0)
        self.spending.spend(tenant_id, begin, [usual] * int((self.clock.now - begin) / timedelta(hours=1)), category)

    def spend(self, micros, tenant_id="acme", category="inference"):
        self.spending.spend(tenant_id, self.clock.now, [micros], category)


@pytest.fixture
def world():
    return World()
