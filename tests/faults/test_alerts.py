"""Alerts and their notices on DynamoDB under faults: each incident once, every count exact."""

import pytest

from tests.faults.alerting import TENANT, AlertWorld
from tests.support.fakes.alerts import event
from tests.support.faultbed.faults import FAULTS
from tests.support.faultbed.plans import At, Seeded, uniform_rates
from vigil.alerting.channels.model import Postponed, Refused
from vigil.alerting.notices.model import NoticeRef
from vigil.alerting.notices.service import Deliveries

QUIET = Seeded(1, {})
SINGLE = [fault for fault in FAULTS if fault != "slow"]
SEVERITIES = ("INFO", "WARNING", "ERROR", "CRITICAL")


class ClaimAfterSend(Deliveries):
    """A planted fault: the vendor is called before the claim."""

    def _claim(self, view):
        self._early = super()._send(view, self._destination(view.notice))
        return super()._claim(view)

    def _send(self, view, destination):
        return self._early


def raced(bed, kind):
    """Let 20 workers deliver one notice at once; return the number of requests."""
    world = AlertWorld(bed, 1, QUIET, kind)
    world.accept(event())
    ((_, _, ref),) = world.queue.later
    world.turns.run([lambda: world.deliveries.deliver(ref)] * 20)
    return len(world.vendor.requests)


def test_twenty_workers_send_one_notice_once(bed):
    assert raced(bed, Deliveries) == 1


def test_claim_after_send_is_detected_by_the_race(bed):
    assert raced(bed, ClaimAfterSend) > 1


def refused_once(bed, plan):
    """Process one CRITICAL alert that the first channel refuses and that is then cleared; return its world."""
    world = AlertWorld(bed, 1, plan, workers=1)
    world.vendor.meter = "webhooks"
    world.vendor.answer = lambda channel, _: Refused("no") if channel.channel_id == "one" else None
    world.accept(event(severity="CRITICAL"))
    world.live()
    world.accept(event(2, "2026-03-01T13:00:00.000000Z", severity="CRITICAL", is_cleared=True))
    world.live()
    return world


@pytest.mark.parametrize(
    ("fault", "step"),
    [("crash_after", 7), ("crash_before", 9), *(pytest.param(fault, 2, marks=pytest.mark.faults) for fault in SINGLE)],
)
def test_single_fault_at_any_call_loses_and_doubles_nothing(bed, fault, step):
    number, reached = 0, True
    while reached:
        plan = At(number, fault)
        world = refused_once(bed, plan)
        assert {channel: states for (channel, _), states in world.vendor.incidents.items()} == {"two": ["resolved"]}
        assert world.imbalance() == [], f"{fault} at call {number}"
        assert len(world.reports.usage) == 2
        number, reached = number + step, plan.reached
    assert number > 20


@pytest.mark.parametrize(
    ("seeds", "events", "rate"),
    [(1, 40, 0.02), pytest.param(4, 250, 0.01, marks=pytest.mark.faults)],
    ids=["40", "250"],
)
def test_counts_are_exact_after_random_faults(bed, seeds, events, rate):
    for seed in range(1, seeds + 1):
        world = AlertWorld(bed, seed, Seeded(seed, uniform_rates(rate, "slow")))
        draw = world.random
        world.vendor.answer = lambda *_, draw=draw: (
            Refused("no") if (chance := draw.random()) < 0.1 else Postponed("503") if chance < 0.3 else None
        )
        for number in range(events):
            severity = draw.choice(SEVERITIES)
            fired = event(number, severity=severity, source=f"s-{number % (events // 2)}")
            for _ in range(draw.randint(1, 3)):
                world.accept(fired)
            if draw.random() < 0.3:
                at = f"2026-03-01T12:30:{number % 60:02}.000000Z"
                world.accept(event(events + number, at, severity=severity, source=fired.source, is_cleared=True))
        world.live()
        assert world.imbalance() == [], f"seed {seed}"
        raised = sum(counts["raised"] for counts in world.statistics.statistics(TENANT, "2026-03-01T12").values())
        assert raised == events, f"seed {seed}"
        assert world.crashes


def test_notices_are_sent_within_two_sweeps_of_a_killed_intake(bed):
    world = AlertWorld(bed, 1, QUIET)
    for number in range(30):
        world.accept(event(number, severity="CRITICAL", source=f"s-{number}"))
    world.queue.later.clear()
    assert world.live() <= 2
    assert len(world.vendor.incidents) == 30
    assert world.imbalance() == []


def test_digest_counts_limited_notices(bed):
    world = AlertWorld(bed, 1, Seeded(1, uniform_rates(0.02, "slow")))
    for number in range(30):
        world.accept(event(number, severity="WARNING", source=f"s-{number}"))
    world.live()
    accepted = {each.notice.notice_id: each for each in world.vendor.accepted if each.notice.action == "digest"}
    (digest,) = accepted.values()
    assert sum(digest.counts.values()) == 10
    assert world.imbalance() == []
    stored = [each.notice for each in world.clean.notices(NoticeRef.of(digest.notice))]
    # Alerts that no person takes go on to the operators, whose notices have the same limit.
    assert [(each.channel, each.state) for each in stored] == [("one", "sent"), ("operators", "sent")]
