"""Alerts in the fault bed: intake, deliveries, sweep and a vendor, on DynamoDB and a virtual clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from tests.support.fakes.alerts import FakeBus, FakeConfigs
from tests.support.fakes.clock import Clock
from tests.support.fakes.notice_rooms import FakeDeliveryQueue, FakeDestinations, FakeReports, FakeVendor, NoLinks
from tests.support.faultbed.bed import Bed
from tests.support.faultbed.faults import Crash
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import Plan, inject
from tests.support.notice_audit import DynamoStatistics, NoticeAudit
from tests.support.notice_deliveries import DeliveryServices
from vigil.alerting.alerts.model import AlertEvent
from vigil.alerting.alerts.statistics_model import unbalanced
from vigil.alerting.episodes.changes_service import EpisodeChanges
from vigil.alerting.episodes.intake_service import AlertIntake
from vigil.alerting.episodes.service import Alerts
from vigil.alerting.episodes.store import DynamoEpisodes
from vigil.alerting.notices.digest_service import Digests
from vigil.alerting.notices.digest_store import DynamoDigests
from vigil.alerting.notices.follow_ups_service import FollowUps
from vigil.alerting.notices.model import DueItem
from vigil.alerting.notices.service import Deliveries, DeliveryPorts
from vigil.alerting.notices.store import DynamoNotices
from vigil.alerting.notices.sweep_service import Sweep
from vigil.alerting.policies.model import AlertingConfig, ConfiguredChannel, Matcher, Policy, PolicyStep, Route
from vigil.errors import Conflict, Unavailable

TENANT = "acme"
_FAILURES = (Crash, Unavailable, Conflict)
"""Failures after which the sender of an event, or the queue, repeats."""


def one_then_two() -> AlertingConfig:
    """Return a configuration that sends every alert to the channel `one`, and to `two` if that fails."""
    step = PolicyStep(("channel:one",), fallbacks=("channel:two",))
    channels = {name: ConfiguredChannel(name, "pagerduty") for name in ("one", "two")}
    return AlertingConfig(TENANT, channels, {"p": Policy("p", "P", (step,))}, (Route("r", Matcher(), "p"),))


@dataclass
class AlertWorld:
    """Workers of all kinds. Faults hit their calls of DynamoDB only."""

    bed: Bed
    seed: int
    plan: Plan
    kind: type[Deliveries] = Deliveries
    workers: int = 3
    crashes: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock, self.random, self.turns = Clock(), Random(self.seed), Interleaving(self.seed)
        table = self.bed.table("Alerts")
        client = inject(self.bed.client("dynamodb"), self.plan, pause=self.turns.pause)
        clean = self.bed.client("dynamodb")
        self.queue = FakeDeliveryQueue(self.clock, self.random, reach=self._pause)
        self.vendor, self.reports = FakeVendor(reach=self._pause), FakeReports()
        self.store, digests = DynamoNotices(client, table), DynamoDigests(client, table)
        self.statistics, self.clean = DynamoStatistics(clean, table), DynamoNotices(clean, table)
        episodes, owners = DynamoEpisodes(client, table), count()
        changes = EpisodeChanges(
            episodes, FakeConfigs(one_then_two()), self.queue, FakeBus(), self.clock, sleep=lambda _: None
        )
        self.intake, self.alerts = AlertIntake(changes), Alerts(episodes, changes, self.clock)
        self.follow_ups = FollowUps(self.store, self.reports, self.reports.raise_alert)
        ports = DeliveryPorts(
            self.store, digests, episodes, FakeDestinations(), self.vendor, NoLinks(), self.queue, self.follow_ups
        )
        new_owner = lambda: f"owner-{next(owners)}"  # noqa: E731 - a name for the argument
        self.deliveries = self.kind(ports, self.clock, self.random, new_owner, lambda _: None)
        closing = Digests(digests, self.queue, self.clock)
        self.services = DeliveryServices(self.deliveries, self.follow_ups, closing, self.alerts.tick)
        self.sweep = Sweep(self.store, self.queue, self.clock)

    def accept(self, event: AlertEvent) -> None:
        """Hand an event to the intake, again after each failure, as its queue does."""
        while not self._survives(lambda: self.intake.accept(event)):
            pass

    def work(self) -> None:
        """Process messages until none is left. A message whose worker fails is lost: only the sweep repeats it."""
        while (message := self.queue.take()) is not None:
            self._survives(lambda message=message: self.services.process(message))

    def live(self, minutes: int = 400) -> int:
        """Let minutes pass until nothing is due. Return their number."""
        for passed in range(minutes):
            self.turns.run([self.work] * self.workers)
            while self.queue.later and (self.queue.later[0][0] - self.clock.now).total_seconds() < 60:
                self.clock.now = max(self.clock.now, self.queue.later[0][0])
                self.turns.run([self.work] * self.workers)
            if not self.open_items():
                return passed
            self.clock.advance(minutes=1)
            self._survives(lambda: self.sweep.run(lambda: True))
        raise AssertionError(f"still open: {self.open_items()}")

    def open_items(self) -> list[DueItem]:
        """Return the notices, follow-ups and digests that are not done."""
        items = [item for shard in range(8) for item in self.clean.due(shard, "9999")]
        return [item for item in items if item.kind != "episode"]

    def imbalance(self) -> list[object]:
        """Return the differences between the statistics, the notices, and the identities, over all hours."""
        start = self.clock.now.replace(minute=0)
        found: list[object] = []
        for day_hour in sorted({f"2026-03-{day:02}T{hour:02}" for day in (1, 2) for hour in range(24)}):
            if day_hour > f"{start:%Y-%m-%dT%H}":
                break
            found += NoticeAudit(self.statistics).audit(TENANT, day_hour)
            found += [
                unbalanced(counts)
                for counts in self.statistics.statistics(TENANT, day_hour).values()
                if unbalanced(counts)
            ]
        return found

    def _survives(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except _FAILURES as failure:
            self.crashes += isinstance(failure, Crash)
            return False
        return True

    def _pause(self, _name: str) -> None:
        self.turns.pause()
