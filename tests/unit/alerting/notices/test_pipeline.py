"""Many notices at once: races, crashes, limits, outages and the accounting after them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.support.fakes.notices import episode, notice
from tests.support.notice_audit import NoticeAudit
from tests.support.notice_deliveries import DeliveryBed
from vigil.alerting.alerts.model import Receipt
from vigil.alerting.channels.model import Postponed, Refused, Sent
from vigil.alerting.notices.model import NoticeRef, StoredNotice
from vigil.alerting.notices.service import Deliveries


def fingerprint(number):
    return f"{number % 256:02x}{number:022x}"


def add(bed, number, *notices, **about):
    """Store an episode with the notices and send their messages."""
    named = [replace(each, fingerprint=fingerprint(number)) for each in notices]
    severity = named[0].severity
    bed.store.add(episode(fingerprint(number), severity=severity, source=f"s-{number % 7}", **about), *named)
    bed.queue.send(named)
    return named


def resolve(bed, number, *actions):
    """Resolve an episode, with a resolve notice for each channel of its triggers."""
    about = bed.store.episodes["acme", fingerprint(number)]
    resolved = replace(about, state="resolved", version=about.version + 1)
    told = [
        notice(about.notices + place, action, fingerprint=fingerprint(number), severity=about.severity)
        for place, action in enumerate(actions, 1)
    ]
    bed.store.add(resolved, *told)
    return told


def pressed(bed, count, deliveries, severity="CRITICAL"):
    """Store episodes and deliver each notice several times in any order; return the bed after quiescence."""
    crash, bed.crash = bed.crash, 0.0
    for number in range(count):
        for named in add(bed, number, notice(severity=severity)):
            bed.queue.send([named] * (deliveries - 1))
    bed.crash = crash
    bed.settle()
    return bed


@pytest.mark.parametrize(
    ("episodes", "crash"), [(300, 0.03), pytest.param(2_000, 0.03, marks=pytest.mark.faults)], ids=["300", "2000"]
)
def test_racing_workers_with_crashes_open_each_incident_once(episodes, crash):
    bed = pressed(DeliveryBed(7, crash, workers=4), episodes, 3)
    assert bed.crashes > episodes / 5
    assert bed.store.states() == {"sent": episodes}
    assert set(map(tuple, bed.vendor.incidents.values())) == {("triggered",)}
    assert len(bed.vendor.incidents) == episodes
    assert len(bed.vendor.accepted) - episodes <= bed.crashes
    assert bed.store.imbalance() == {}


def test_racing_workers_without_crashes_send_each_notice_once():
    bed = pressed(DeliveryBed(3, workers=6), 200, 5)
    assert len(bed.vendor.requests) == 200


class ClaimAfterSend(Deliveries):
    """A planted fault: the vendor is called before the claim."""

    def _claim(self, situation):
        destination = self._destination(situation.notice)
        self._early = super()._send(situation, destination)
        return super()._claim(situation)

    def _send(self, situation, destination):
        return self._early


def test_claim_after_send_is_detected():
    bed = pressed(DeliveryBed(3, workers=6, kind=ClaimAfterSend), 200, 5)
    assert len(bed.vendor.requests) > 200


def test_each_crash_of_one_delivery_is_repaired_by_the_sweep():
    calls = 0
    while True:
        bed = DeliveryBed(1)
        bed.vendor.meter = "webhooks"
        bed.vendor.answer = lambda channel, _: Refused("no") if channel.channel_id == "one" else None
        add(bed, 1, notice(severity="CRITICAL", fallbacks=("two",)))
        bed.die_at(calls)
        bed.settle(minutes=10)
        assert bed.store.states() == {"failed": 1, "sent": 1}
        assert [channel for channel, _ in bed.vendor.incidents] == ["two"]
        assert len(bed.reports.usage) == 1
        assert bed.store.imbalance() == {}
        if not bed.crashes:
            break
        calls += 1
    assert calls > 20


@pytest.mark.parametrize("seed", range(4))
def test_counts_are_exact_after_any_course(seed):
    bed = DeliveryBed(seed, 0.02, workers=3)
    draw = bed.random

    def answer(_channel, content):
        chance = draw.random()
        if chance < 0.1:
            return Refused("no", chance < 0.02)
        return (
            Postponed("later", timedelta(seconds=draw.randint(1, 90)) if chance < 0.2 else None)
            if chance < 0.4
            else None
        )

    bed.vendor.answer = answer
    bed.vendor.meter = "emails"
    crash, bed.crash = bed.crash, 0.0
    for number in range(120):
        severity = draw.choice(["INFO", "WARNING", "ERROR", "CRITICAL"])
        fallbacks = draw.choice([(), ("two",), ("two", "contact", "operators")])
        add(bed, number, notice(severity=severity, fallbacks=fallbacks))
    bed.crash = crash
    for number in range(120):
        bed.minute(draw.randint(0, 90))
        if draw.random() < 0.5:
            bed.crash = 0.0
            bed.queue.send(resolve(bed, number, *draw.choice([("resolve",), ("acknowledge", "resolve")])))
            bed.crash = crash
    bed.settle()
    assert bed.store.imbalance() == {}
    audit = NoticeAudit(bed.store)
    hours = {(tenant, hour) for tenant, hour, _ in bed.store.counted}
    assert [audit.audit(*each) for each in hours] == [[]] * len(hours)
    limited = bed.store.states()["limited"]
    assert sum(number for hour in bed.store.limited.values() for number in hour.values()) == limited > 0
    told = [each.counts for each in bed.vendor.accepted if each.notice.action == "digest"]
    refused = [key for key, each in bed.store.stored.items() if each.notice.action == "digest"]
    assert told or refused
    sent = [each.notice for each in bed.store.stored.values() if each.notice.state == "sent"]
    assert len(bed.reports.usage) == len([each for each in sent if each.channel != "operators"])


def test_lost_count_is_found_by_the_audit():
    bed = pressed(DeliveryBed(), 5, 1, "ERROR")
    bed.store.counted["acme", "2026-03-01T12", "ERROR"]["sent"] -= 1
    findings = NoticeAudit(bed.store).audit("acme", "2026-03-01T12")
    assert [(each.name, each.stored, each.recounted) for each in findings] == [("sent", 4, 5), ("notices", 1, 0)]


def test_every_critical_arrives_in_a_flood_with_throttling():
    bed = DeliveryBed(5)
    throttled = iter(bed.random.random() < 0.5 for _ in range(10**9))
    bed.vendor.answer = lambda *_: Postponed("429", timedelta(seconds=2)) if next(throttled) else None
    accepted_at = []
    accept = bed.vendor.accept

    def timed(channel, content):
        if content.notice.severity == "CRITICAL":
            accepted_at.append(bed.clock.now)
        accept(channel, content)

    bed.vendor.accept = timed
    started = bed.clock.now
    for second in range(10):
        for number in range(500):
            severity = "CRITICAL" if number % 100 == 0 else bed.random.choice(["INFO", "WARNING", "ERROR"])
            add(bed, second * 500 + number, notice(severity=severity))
        bed.minute(1)
    bed.settle()
    counts = bed.store.counted["acme", "2026-03-01T12", "CRITICAL"]
    assert (counts["sent"], counts["limited"]) == (50, 0)
    assert min(accepted_at) - started <= timedelta(seconds=60)
    assert bed.store.states()["limited"] == 4_950 - (60 + 20 + 6)
    assert bed.store.imbalance() == {}


@pytest.mark.parametrize("seed", range(20))
def test_shuffled_trigger_acknowledge_resolve_end_resolved(seed):
    bed = DeliveryBed(seed, 0.01, workers=3)
    bed.vendor.answer = lambda *_: Postponed("503") if bed.random.random() < 0.2 else None
    for number in range(50):
        bed.crash = 0.0
        add(bed, number, notice(severity="CRITICAL"))
        bed.queue.send(resolve(bed, number, "acknowledge", "resolve")) if bed.random.random() < 0.5 else None
        bed.crash = 0.01
    bed.minute(bed.random.randint(0, 30))
    for number in range(50):
        if bed.store.episodes["acme", fingerprint(number)].state == "firing":
            bed.crash = 0.0
            bed.queue.send(resolve(bed, number, "acknowledge", "resolve"))
            bed.crash = 0.01
    bed.settle()
    assert {states[-1] for states in bed.vendor.incidents.values() if states} <= {"resolved"}
    assert bed.store.imbalance() == {}


def test_outage_sends_critical_elsewhere_and_warning_later_once():
    bed = DeliveryBed(2)
    start = bed.clock.now
    down = timedelta(minutes=20)

    def answer(channel, _content):
        if channel.channel_id == "one" and bed.clock.now - start < down:
            return (
                Postponed("503")
                if bed.clock.now - start < down / 2
                else Postponed("The circuit is open.", is_open=True)
            )
        return None

    bed.vendor.answer = answer
    add(bed, 1, notice(severity="CRITICAL", fallbacks=("two",)))
    add(bed, 2, notice(severity="WARNING", fallbacks=("two",)))
    bed.minute()
    first = [each.notice for each in bed.vendor.accepted]
    assert [(each.severity, each.channel, each.is_fallback) for each in first] == [("CRITICAL", "two", True)]
    bed.settle()
    warnings = [each for each in bed.vendor.accepted if each.notice.severity == "WARNING"]
    assert [each.notice.channel for each in warnings] == ["one"]
    assert down <= datetime.fromisoformat(warnings[0].at.isoformat()) - start <= down + timedelta(minutes=16)
    assert bed.store.states() == {"sent": 3}


def test_refused_notice_hurts_only_itself():
    bed = DeliveryBed(4)
    bad = fingerprint(17)
    bed.vendor.answer = lambda channel, content: (
        Refused("summary is too long") if (content.notice.fingerprint, channel.channel_id) == (bad, "one") else None
    )
    for number in range(100):
        add(bed, number, notice(severity="CRITICAL", fallbacks=("two",)))
    bed.settle()
    failed = [each.notice for each in bed.store.stored.values() if each.notice.state == "failed"]
    assert [(each.fingerprint, each.reason) for each in failed] == [(bad, "summary is too long")]
    assert bed.store.states() == {"sent": 100, "failed": 1}
    assert bed.store.stored["acme", bad, 1, 2].notice.channel == "two"


def test_notices_without_messages_are_sent_within_two_sweeps():
    bed = DeliveryBed()
    for number in range(200):
        named = replace(notice(severity="CRITICAL"), fingerprint=fingerprint(number))
        bed.store.add(episode(fingerprint(number), severity="CRITICAL"), named)
    bed.minute()
    bed.minute()
    assert bed.store.states() == {"sent": 200}


def test_late_answer_of_an_expired_claim_changes_nothing():
    bed = DeliveryBed()
    add(bed, 1, notice())
    ref = NoticeRef("acme", fingerprint(1), 1, 1)

    def slow(*_):
        bed.clock.advance(seconds=61)
        bed.vendor.answer = lambda *_: Sent(Receipt("second"))
        bed.deliveries.deliver(ref)
        return Sent(Receipt("first"))

    bed.vendor.answer = slow
    bed.drain()
    assert bed.store.stored["acme", fingerprint(1), 1, 1].notice.receipt == Receipt("second")
    assert bed.store.imbalance() == {}


def test_notice_of_another_tenant_is_not_found():
    bed = DeliveryBed()
    add(bed, 1, notice())
    bed.deliveries.deliver(NoticeRef("globex", fingerprint(1), 1, 1))
    assert bed.vendor.requests == []
    assert bed.store.stored["acme", fingerprint(1), 1, 1] == StoredNotice(
        replace(notice(), fingerprint=fingerprint(1)), 1
    )
