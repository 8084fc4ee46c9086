"""Budgets of tenants in memory."""

from dataclasses import dataclass, field

from tests.support.fakes.budgets import FakeBooks, FakeBudgets, FakeHolders, FakeStops
from tests.support.fakes.clock import Clock
from tests.support.fakes.events import FakeBus
from vigil.money.budgets.checks import Watch
from vigil.money.budgets.hard_limits_service import HardStops
from vigil.money.budgets.model import Budget
from vigil.money.budgets.service import Budgets

TODAY = "2026-03-01"


@dataclass
class World:
    store: FakeBudgets = field(default_factory=FakeBudgets)
    books: FakeBooks = field(default_factory=FakeBooks)
    stops: FakeStops = field(default_factory=FakeStops)
    holders: FakeHolders = field(default_factory=FakeHolders)
    bus: FakeBus = field(default_factory=FakeBus)
    clock: Clock = field(default_factory=Clock)

    def hard_stops(self, holders=None):
        return HardStops(self.stops, holders or self.holders, self.books, self.books, self.books.price, self.clock)

    @property
    def budgets(self):
        return Budgets(self.store, self.books, self.books, self.hard_stops(), self.clock)

    def watch(self, store=None, bus=None, holders=None):
        return Watch(store or self.store, self.books, self.hard_stops(holders), bus or self.bus, self.clock)

    def put(self, category="inference", period="month", limit=10_000, **more):
        return self.budgets.put("acme", Budget(category, period, limit, **more), "k-1")[0]

    @property
    def told(self):
        return [event.event_id.removesuffix(".budget.threshold_reached") for event in self.bus.taken]
