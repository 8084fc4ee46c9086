"""A tenant that spends 0.1 dollar per hour, and an in-memory store of anomalies."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.events import FakeBus
from tests.support.fakes.forecasting import FakeAnomalies, FakeSpendSource
from vigil.money.forecasting.checks import AnomalyCheck
from vigil.money.forecasting.service import Anomalies, Projections

USUAL = 100_000


@dataclass
class World:
    costs: FakeSpendSource = field(default_factory=FakeSpendSource)
    store: FakeAnomalies = field(default_factory=FakeAnomalies)
    bus: FakeBus = field(default_factory=FakeBus)
    clock: Clock = field(default_factory=Clock)

    @property
    def check(self):
        return AnomalyCheck(self.store, self.costs, self.bus, self.clock)

    @property
    def anomalies(self):
        return Anomalies(self.store, self.costs, self.clock)

    @property
    def projections(self):
        return Projections(self.costs, self.clock)

    def live(self, days, tenant_id="acme", category="inference", usual=USUAL):
        """Add usual spend to each hour of the last `days` days, up to the current hour."""
        begin = (self.clock.now - timedelta(days=days)).replace(hour=0)
        self.costs.spend(tenant_id, begin, [usual] * int((self.clock.now - begin) / timedelta(hours=1)), category)

    def spend(self, micros, tenant_id="acme", category="inference"):
        self.costs.spend(tenant_id, self.clock.now, [micros], category)


@pytest.fixture
def world():
    return World()
