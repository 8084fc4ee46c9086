"""Budgets of tenants in memory."""

from dataclasses import dataclass, field

from tests.support.fakes.budgets import FakeBudgets, FakeSpend, FakeSpendLimits, FakeSpendTallies
from tests.support.fakes.clock import Clock
from tests.support.fakes.events import FakeBus
from vigil.money.budgets.checks import BudgetCheck
from vigil.money.budgets.hard_limits_service import HardLimits
from vigil.money.budgets.model import Budget
from vigil.money.budgets.service import Budgets

TODAY = "2026-03-01"


@dataclass
class World:
    store: FakeBudgets = field(default_factory=FakeBudgets)
    costs: FakeSpend = field(default_factory=FakeSpend)
    tallies: FakeSpendTallies = field(default_factory=FakeSpendTallies)
    limits: FakeSpendLimits = field(default_factory=FakeSpendLimits)
    bus: FakeBus = field(default_factory=FakeBus)
    clock: Clock = field(default_factory=Clock)

    def hard_limits(self, limits=None):
        return HardLimits(self.tallies, limits or self.limits, self.costs, self.costs, self.costs.price, self.clock)

    @property
    def budgets(self):
        return Budgets(self.store, self.costs, self.costs, self.hard_limits(), self.clock)

    def check(self, store=None, bus=None, limits=None):
        return BudgetCheck(store or self.store, self.costs, self.hard_limits(limits), bus or self.bus, self.clock)

    def put(self, category="inference", period="month", limit=10_000, **more):
        return self.budgets.put("acme", Budget(category, period, limit, **more), "k-1")[0]

    @property
    def published(self):
        return [event.event_id.removesuffix(".budgets.threshold_reached") for event in self.bus.taken]
