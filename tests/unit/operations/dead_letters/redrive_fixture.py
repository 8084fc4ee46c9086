"""A redriver over fakes."""

from datetime import timedelta
from random import Random

from tests.support.fakes.clock import Clock
from tests.support.fakes.dead_letters import FakeJobStore, FakeSource
from tests.support.fakes.events import FakeBus
from vigil.operations.dead_letters.model import RetryRules
from vigil.operations.dead_letters.notification import ParkedWorkNotifier
from vigil.operations.dead_letters.redrive import Redriver

RULES = RetryRules(timedelta(seconds=60), 3)


class Bench:
    """A redriver, one queue, its jobs and a fixed clock."""

    def __init__(self, *sources, owners=None, rules=RULES):
        self.source = FakeSource()
        self.jobs, self.clock, self.taken, self.bus = FakeJobStore(), Clock(), [], FakeBus()
        self.redriver = self.another(*sources, owners=owners, rules=rules)

    def another(self, *sources, owners=None, rules=RULES):
        sources = sources or (self.source,)
        notifier = ParkedWorkNotifier(owners or {}, self.bus)
        return Redriver(sources, self.jobs, notifier, rules, Random(7), self.clock, self.taken.append)

    def run(self, **later):
        self.clock.advance(**later)
        self.redriver.run(lambda: 60.0)

    @property
    def job(self):
        (job,) = self.jobs.items.values()
        return job

    def steps(self):
        return [step.name for step in self.job.steps]
