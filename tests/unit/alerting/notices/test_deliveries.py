"""Delivery of single notices: outcomes, fallbacks, limits and order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.notice_rooms import open_circuit
from tests.support.fakes.notices import FINGERPRINT, episode, notice
from tests.support.notice_deliveries import DeliveryBed, deliver, resolve, state
from vigil.alerting.channels.model import Postponed, Refused
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.model import NoticeRef
from vigil.kernel.tenants import OPERATORS


@pytest.fixture
def bed():
    return DeliveryBed()


def test_accepted_notice_is_sent_with_its_receipt(bed):
    deliver(bed, notice())
    assert (state(bed).state, state(bed).receipt.vendor_id, state(bed).attempts) == ("sent", "one-1", 1)
    assert state(bed).due_at is None
    assert bed.store.imbalance() == {}


def test_repeated_message_sends_once(bed):
    deliver(bed, notice())
    assert [bed.deliveries.deliver(NoticeRef("acme", FINGERPRINT, 1, 1)) for _ in range(3)] == [None] * 3
    assert len(bed.vendor.requests) == 1


def test_unknown_notice_is_ignored(bed):
    bed.deliveries.deliver(NoticeRef("acme", FINGERPRINT, 1, 9))
    assert bed.vendor.requests == []


def test_claimed_notice_is_left_to_its_worker(bed):
    claimed = notice(state="claimed", claim="other", attempts=1, due_at="2026-03-01T12:00:30.000000Z")
    deliver(bed, claimed)
    assert bed.vendor.requests == []
    bed.clock.advance(seconds=31)
    bed.queue.send([claimed])
    bed.drain()
    assert state(bed).state == "sent"


def test_refused_trigger_goes_to_its_fallback(bed):
    bed.vendor.answer = lambda channel, _: Refused("bad key", True) if channel.channel_id == "one" else None
    deliver(bed, notice(fallbacks=("two", "three")))
    assert (state(bed).state, state(bed).reason) == ("failed", "bad key")
    fallback = state(bed, 2)
    assert (fallback.state, fallback.channel, fallback.fallbacks, fallback.is_fallback) == (
        "sent",
        "two",
        ("three",),
        True,
    )
    assert bed.destinations.broken == [("one", "bad key")]
    assert bed.store.episodes["acme", FINGERPRINT].version == 2
    assert bed.store.imbalance() == {}


def test_trigger_that_every_channel_refuses_reaches_the_operators(bed):
    bed.vendor.answer = lambda *_: Refused("no")
    deliver(bed, notice(fallbacks=("two", "contact", "operators")))
    assert [each.notice.channel for each in bed.store.stored.values()] == ["one", "two", "contact", "operators"]
    assert bed.store.states() == {"failed": 3, "sent": 1}
    (alert,) = bed.reports.alerts.values()
    assert (alert.tenant_id, alert.type, alert.source) == (OPERATORS, "work_stuck", "alerting.escalations")
    assert dict(alert.labels) == {"kind": "escalated", "tenant": "acme"}
    assert bed.store.left == {}


def test_contact_without_address_is_unroutable(bed):
    bed.destinations.unknown = {"one", "contact"}
    deliver(bed, notice(fallbacks=("contact",)))
    assert (state(bed).state, state(bed, 2).state) == ("failed", "unroutable")
    assert len(bed.reports.alerts) == 1
    assert bed.store.imbalance() == {}


def test_alerts_of_a_tenant_are_one_alert_of_the_operators(bed):
    for number in range(30):
        fingerprint = f"{number:024x}"
        about = episode(fingerprint, severity="CRITICAL")
        deliver(bed, notice(fingerprint=fingerprint, severity="CRITICAL", channel="operators"), about=about)
    assert len(bed.reports.alerts) == 30
    assert len({alert.fingerprint for alert in bed.reports.alerts.values()}) == 1


def test_resolve_to_the_operators_leaves_the_alert_of_their_tenant(bed):
    deliver(bed, notice(channel="operators"))
    resolve(bed)
    bed.store.add(None, notice(2, "resolve", "operators"))
    bed.settle()
    assert [alert.is_cleared for alert in bed.reports.alerts.values()] == [False]


def test_two_failures_of_a_step_notify_a_fallback_once(bed):
    bed.vendor.answer = lambda channel, _: None if channel.channel_id == "three" else Refused("no")
    deliver(bed, notice(1, fallbacks=("three",)), notice(2, channel="two", fallbacks=("three",)))
    assert [each.notice.channel for each in bed.store.stored.values()] == ["one", "two", "three"]
    assert bed.reports.alerts == {}


def test_lost_notice_of_the_operators_raises_no_alert(bed):
    bed.vendor.answer = lambda *_: Refused("no")
    deliver(bed, notice(tenant_id=OPERATORS), about=episode(tenant_id=OPERATORS))
    assert bed.store.states() == {"failed": 1}
    assert bed.reports.alerts == {}


def test_postponed_notice_waits_for_the_vendors_pause(bed):
    answers = [Postponed("429", timedelta(seconds=70)), None]
    bed.vendor.answer = lambda *_: answers.pop(0)
    deliver(bed, notice())
    assert (state(bed).state, state(bed).reason) == ("pending", "429")
    bed.minute()
    assert len(bed.vendor.requests) == 1
    bed.minute()
    assert state(bed).state == "sent"


@pytest.mark.parametrize(("severity", "hours"), [("ERROR", 6), ("CRITICAL", 24)])
def test_notice_is_given_up_after_its_time(bed, severity, hours):
    bed.vendor.answer = lambda channel, _: Postponed("503") if channel.channel_id == "one" else None
    deliver(bed, notice(severity=severity, fallbacks=("two",)))
    bed.settle()
    assert state(bed).state == "failed"
    assert state(bed).reason == "Given up: 503"
    elapsed = (bed.clock.now - timedelta(hours=hours)).isoformat()
    assert "2026-03-01T12:00" <= elapsed <= "2026-03-01T12:20"
    assert state(bed, 2).state == "sent"
    assert len(bed.reports.alerts) == 1


def test_critical_with_open_circuit_falls_over_at_once(bed):
    bed.vendor.answer = lambda *about: open_circuit(*about) if about[0].channel_id == "one" else None
    deliver(bed, notice(severity="CRITICAL", fallbacks=("two",)))
    assert (state(bed).state, state(bed, 2).state) == ("pending", "sent")
    assert not state(bed).may_have_reached
    bed.vendor.answer = lambda *_: None
    bed.settle()
    assert state(bed).state == "sent"
    assert len(bed.store.stored) == 2


def test_warning_with_open_circuit_has_no_early_fallback(bed):
    bed.vendor.answer = open_circuit
    deliver(bed, notice(severity="WARNING", fallbacks=("two",)))
    assert len(bed.store.stored) == 1


def test_sender_that_raises_postpones_the_notice(bed):
    def broken(*_):
        raise ZeroDivisionError

    bed.vendor.answer = broken
    deliver(bed, notice())
    assert (state(bed).state, state(bed).reason) == ("pending", "The sender failed with ZeroDivisionError.")
    assert any(isinstance(step.error, ZeroDivisionError) for step in bed.steps)


def test_trigger_of_a_resolved_alert_is_superseded(bed):
    deliver(bed, notice(), about=episode(state="resolved"))
    assert state(bed).state == "superseded"
    assert bed.vendor.requests == []


def test_trigger_of_an_earlier_number_is_superseded(bed):
    deliver(bed, notice(), about=episode(number=2))
    assert state(bed).state == "superseded"


def test_resolve_without_a_sent_trigger_is_superseded(bed):
    deliver(bed, notice(1), notice(2, "resolve"), about=episode(state="resolved"))
    bed.settle()
    assert bed.store.states() == {"superseded": 2}
    assert bed.vendor.requests == []


def test_resolve_after_an_uncertain_trigger_is_sent(bed):
    bed.vendor.answer = lambda *_: Postponed("timeout")
    deliver(bed, notice(1))
    resolve(bed)
    bed.vendor.answer = lambda *_: None
    bed.store.add(None, notice(2, "resolve"))
    bed.settle()
    assert (state(bed).state, state(bed, 2).state) == ("superseded", "sent")


def test_last_of_two_resolves_is_sent(bed):
    deliver(bed, notice(1))
    resolve(bed)
    bed.store.add(None, notice(2, "resolve"), notice(3), notice(4, "resolve"))
    bed.settle()
    assert [state(bed, number).state for number in (2, 3, 4)] == ["superseded", "superseded", "sent"]


def test_resolve_waits_for_its_claimed_trigger(bed):
    claimed = notice(state="claimed", claim="other", attempts=1, may_have_reached=True)
    claimed = replace(claimed, due_at="2026-03-01T12:00:20.000000Z")
    deliver(bed, claimed, notice(2, "resolve"), about=episode(state="resolved"))
    assert state(bed, 2).state == "pending"
    bed.settle()
    assert (state(bed).state, state(bed, 2).state) == ("superseded", "sent")


def test_notice_of_a_later_number_does_not_wait_for_an_earlier(bed):
    deliver(bed, notice(), about=episode(number=1))
    bed.store.add(episode(number=2), notice(number=2))
    bed.queue.send([notice(number=2)])
    bed.drain()
    assert bed.store.states() == {"sent": 2}


def test_resolve_of_an_earlier_number_names_that_number(bed):
    deliver(bed, notice())
    bed.store.add(episode(number=2), notice(2, "resolve"))
    bed.settle()
    content = bed.vendor.requests[-1]
    assert (content.episode.number, content.episode.state) == (1, "resolved")
    assert content.last_receipt.vendor_id == "one-1"


def test_limit_of_the_hour_holds_back_all_later_triggers(bed):
    for number in range(25):
        fingerprint = f"{number:02x}" * 12
        about = episode(fingerprint, severity="WARNING", source=f"s{number % 2}")
        deliver(bed, notice(fingerprint=fingerprint, severity="WARNING"), about=about)
    assert bed.store.states() == {"sent": 20, "limited": 5}
    assert sum(bed.store.counts("acme", "2026-03-01T12")["one"].values()) == 5
    assert bed.store.imbalance() == {}


def test_limit_of_a_tenant_replaces_the_default(bed):
    bed.store.set_limits("acme", NoticeLimits(error=1, info=0, version=1))
    for number, severity in enumerate(["ERROR", "ERROR", "INFO", "CRITICAL"]):
        fingerprint = f"{number:02x}" * 12
        deliver(bed, notice(fingerprint=fingerprint, severity=severity), about=episode(fingerprint, severity=severity))
    assert bed.store.states() == {"sent": 2, "limited": 2}


def test_second_attempt_takes_nothing_from_the_limit(bed):
    answers = [Postponed("503"), Postponed("503"), None]
    bed.vendor.answer = lambda *_: answers.pop(0)
    deliver(bed, notice())
    bed.settle()
    assert bed.store.taken["acme", "2026-03-01T12", "ERROR"] == 1


def test_resolve_of_a_sent_trigger_is_not_limited(bed):
    deliver(bed, notice())
    bed.store.set_limits("acme", NoticeLimits(error=0, version=1))
    resolve(bed)
    bed.store.add(None, notice(2, "resolve"))
    bed.settle()
    assert state(bed, 2).state == "sent"


@pytest.mark.parametrize("tenant", ["acme", OPERATORS])
def test_sent_notice_is_metered_once_for_tenants_only(bed, tenant):
    bed.vendor.meter = "webhooks"
    deliver(bed, notice(tenant_id=tenant), about=episode(tenant_id=tenant))
    events = list(bed.reports.usage.values())
    assert [event["data"] for event in events] == ([{"webhooks": 1}] if tenant == "acme" else [])
    assert bed.store.left == {}
