"""Notices that do not reach their vendor: refused resolves, blocked notices, and the alerts of the operators."""

import pytest

from tests.support.fakes.notices import episode, notice
from tests.support.notice_deliveries import DeliveryBed, deliver, resolve, state
from vigil.alerting.channels.model import Refused
from vigil.kernel.tenants import OPERATORS


@pytest.fixture
def bed():
    return DeliveryBed()


def refuse_resolves(channel, content):
    """Refuse each resolve, as a vendor does after its key was revoked."""
    return Refused("bad key", True) if content.notice.action == "resolve" else None


def test_refused_resolve_reaches_the_operators(bed):
    bed.vendor.answer = refuse_resolves
    deliver(bed, notice(fallbacks=("two",)))
    resolve(bed)
    bed.store.add(None, notice(2, "resolve"))
    bed.settle()
    assert bed.store.states() == {"sent": 1, "failed": 1}
    (alert,) = bed.reports.alerts.values()
    assert (alert.severity, dict(alert.labels)) == ("ERROR", {"kind": "stuck", "tenant": "acme"})
    assert dict(alert.facts) == {
        "alert": state(bed).alert_id, "notice": state(bed, 2).notice_id, "channel": "one", "action": "resolve",
    }  # fmt: skip
    assert bed.destinations.broken == [("one", "bad key")]


def test_resolve_to_a_deleted_channel_raises_no_alert(bed):
    deliver(bed, notice())
    resolve(bed)
    bed.destinations.unknown = {"one"}
    bed.store.add(None, notice(2, "resolve"))
    bed.settle()
    assert (state(bed, 2).state, bed.reports.alerts) == ("failed", {})


def test_refused_resolve_of_the_operators_raises_no_alert(bed):
    bed.vendor.answer = refuse_resolves
    about = episode(tenant_id=OPERATORS, state="resolved")
    sent = notice(tenant_id=OPERATORS, state="sent", due_at=None, ended_at="2026-03-01T12:00:00.000000Z")
    deliver(bed, sent, notice(2, "resolve", tenant_id=OPERATORS), about=about)
    assert state(bed, 2, tenant=OPERATORS).state == "failed"
    assert bed.reports.alerts == {}


@pytest.mark.parametrize("severity", ["WARNING", "CRITICAL"])
def test_operators_alert_is_as_severe_as_the_lost_notice(bed, severity):
    bed.vendor.answer = lambda *_: Refused("no")
    deliver(bed, notice(severity=severity))
    (alert,) = bed.reports.alerts.values()
    assert alert.severity == ("CRITICAL" if severity == "CRITICAL" else "ERROR")


def test_critical_behind_a_blocked_notice_falls_over_while_it_waits(bed):
    taken = notice(1, "acknowledge", state="sent", due_at=None, ended_at="2026-03-01T12:00:00.000000Z")
    blocked = notice(2, "resolve", state="claimed", claim="other", attempts=2, due_at="2026-03-01T12:05:00.000000Z")
    deliver(bed, taken, blocked, notice(3, severity="CRITICAL", fallbacks=("two",)))
    assert (state(bed, 3).state, state(bed, 3).attempts) == ("pending", 0)
    assert (state(bed, 4).state, state(bed, 4).channel) == ("sent", "two")
    bed.minute()
    assert len(bed.store.stored) == 4


def test_critical_behind_a_lost_claim_falls_over_while_it_waits(bed):
    lost = notice(1, state="claimed", claim="other", attempts=1, due_at="2026-03-01T12:00:00.000000Z")
    waiting = notice(2, severity="CRITICAL", fallbacks=("two",))
    bed.store.add(episode(severity="CRITICAL"), lost, waiting)
    bed.queue.send([waiting])
    bed.drain()
    assert (state(bed, 2).state, state(bed, 2).attempts) == ("pending", 0)
    assert (state(bed, 3).state, state(bed, 3).channel) == ("sent", "two")


@pytest.mark.parametrize(("severity", "attempts"), [("ERROR", 2), ("CRITICAL", 1)])
def test_other_notices_wait_for_their_order_without_a_fallback(bed, severity, attempts):
    claimed = notice(1, state="claimed", claim="other", attempts=attempts, due_at="2026-03-01T12:00:30.000000Z")
    deliver(bed, claimed, notice(2, severity=severity, fallbacks=("two",)))
    assert state(bed, 2).state == "pending"
    assert len(bed.store.stored) == 2
