"""A whole delivery of notices in memory: workers, sweep and vendor in virtual time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from random import Random

from tests.support.fakes.clock import Clock
from tests.support.fakes.notice_rooms import FakeDeliveryQueue, FakeDestinations, FakeReports, FakeVendor, NoLinks
from tests.support.fakes.notices import FINGERPRINT, Crash, FakeNotices, episode
from tests.support.faultbed.interleaving import Interleaving
from vigil.alerting.alerts.model import Episode, Notice
from vigil.alerting.notices.digest_service import Digests
from vigil.alerting.notices.follow_ups_service import FollowUps
from vigil.alerting.notices.model import DeliveryStep, DueItem, NoticeRef
from vigil.alerting.notices.service import Deliveries, DeliveryPorts
from vigil.alerting.notices.sweep_service import Sweep


@dataclass(frozen=True)
class DeliveryServices:
    """Services of the worker of deliveries. `tick` advances an alert."""

    deliveries: Deliveries
    follow_ups: FollowUps
    digests: Digests
    tick: Callable[[str, str], None] | None

    def process(self, message: NoticeRef | DueItem) -> None:
        """Process a message as `DeliveryWorker` does, without its JSON."""
        if isinstance(message, NoticeRef):
            self.deliveries.deliver(message)
        elif message.kind == "digest":
            self.digests.close_hour(message.tenant_id, message.key)
        elif message.kind == "episode":
            assert self.tick is not None
            self.tick(message.tenant_id, message.fingerprint)
        else:
            _, number, sequence, *_ = message.key.split("#")
            ref = NoticeRef(message.tenant_id, message.fingerprint, int(number), int(sequence))
            (self.deliveries.deliver if message.kind == "notice" else self.follow_ups.resume)(ref)


class DeliveryBed:
    """Workers that take messages in random order. `crash` is the share of calls at which a process dies.

    Several workers take turns at each call of a store, the queue or the vendor.
    """

    def __init__(
        self,
        seed: int = 1,
        crash: float = 0.0,
        workers: int = 1,
        kind: type[Deliveries] = Deliveries,
        store: type[FakeNotices] = FakeNotices,
        ticks: Callable[[str, str], None] | None = None,
    ) -> None:
        self.clock, self.random, self.crash = Clock(), Random(seed), crash
        self._turns, self._workers = Interleaving(seed), workers
        self.store = store(reach=self._reach)
        self.queue = FakeDeliveryQueue(self.clock, self.random, reach=self._reach)
        self.vendor = FakeVendor(reach=self._reach)
        self.destinations = FakeDestinations()
        self.reports = FakeReports(reach=self._reach)
        self.steps: list[DeliveryStep] = []
        self.crashes = self.calls = 0
        self._end_at = -1
        owners = count()
        follow_ups = FollowUps(self.store, self.reports, self.reports.raise_alert)
        ports = DeliveryPorts(
            self.store, self.store, self.store, self.destinations, self.vendor, NoLinks(), self.queue, follow_ups
        )
        self.deliveries = kind(ports, self.clock, self.random, lambda: f"owner-{next(owners)}", self.steps.append)
        self.follow_ups, self.digests = follow_ups, Digests(self.store, self.queue, self.clock)
        self._services = DeliveryServices(self.deliveries, follow_ups, self.digests, ticks)
        self.sweep = Sweep(self.store, self.queue, self.clock)

    def process(self, message: NoticeRef | DueItem) -> bool:
        """Process a message as a worker does. Return False if the process died."""
        try:
            self._services.process(message)
        except Crash:
            self.crashes += 1
            return False
        return True

    def die_at(self, call: int) -> None:
        """Let the process die once, at a later call, counted from 0."""
        self._end_at = self.calls + 1 + call

    def drain(self) -> None:
        """Process every message that has arrived, in random order."""
        if self._workers == 1:
            self._work()
        else:
            self._turns.run([self._work] * self._workers)

    def _work(self) -> None:
        while (message := self.queue.take()) is not None:
            self.process(message)

    def minute(self, seconds: int = 60) -> None:
        """Let a minute pass: deliver messages each second in which some arrive, then run the sweep."""
        end = self.clock.now + timedelta(seconds=seconds)
        self.drain()
        while self.queue.later and (at := self.queue.later[0][0]) <= end:
            self.clock.now = max(self.clock.now, at)
            self.drain()
        self.clock.now = end
        try:
            self.sweep.run(lambda: True)
        except Crash:
            self.crashes += 1
        self.drain()

    def settle(self, minutes: int = 2_000) -> int:
        """Let minutes pass until each notice is final and no follow-up is left. Return their number."""
        for passed in range(minutes):
            states = self.store.states()
            if not states["pending"] and not states["claimed"] and not self.store.left and not self._open_digests():
                return passed
            self.minute()
        raise AssertionError(f"not settled: {self.store.states()}")

    def _open_digests(self) -> bool:
        return bool(self.store.limited.keys() - self.store.finished)

    def _reach(self, _name: str) -> None:
        self.calls += 1
        self._turns.pause()
        if self.calls == self._end_at or (self.crash and self.random.random() < self.crash):
            raise Crash


def deliver(bed: DeliveryBed, *notices: Notice, about: Episode | None = None) -> None:
    """Store notices with their episode, send their messages and process these."""
    bed.store.add(about or episode(severity=notices[0].severity), *notices)
    bed.queue.send(notices)
    bed.drain()


def state(bed: DeliveryBed, sequence: int = 1, fingerprint: str = FINGERPRINT, tenant: str = "acme") -> Notice:
    """Return a stored notice of the first number of an episode."""
    return bed.store.stored[tenant, fingerprint, 1, sequence].notice


def resolve(bed: DeliveryBed) -> None:
    """Resolve the episode of the first fingerprint, without a notice."""
    about = bed.store.episodes["acme", FINGERPRINT]
    bed.store.episodes["acme", FINGERPRINT] = replace(about, state="resolved", version=about.version + 1)
