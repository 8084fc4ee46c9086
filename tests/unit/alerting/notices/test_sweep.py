"""The minute sweep: lateness, calls, and messages for items that stay due."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.notices import STARTED, episode, notice
from tests.support.notice_deliveries import DeliveryBed
from vigil.alerting.notices.model import DueItem
from vigil.alerting.notices.sweep_service import needs_message
from vigil.kernel.time import format_timestamp

SECONDS_PER_STEP = 0.1
"""Time of one due step of an episode in a worker, in seconds: five calls of DynamoDB and one of SQS."""
WORKERS = 5


def fingerprint(number):
    return f"{number % 256:02x}{number:022x}"


def item(bed, kind="notice", **ago):
    due_at = format_timestamp(bed.clock() - timedelta(**ago))
    return DueItem(kind, "acme", fingerprint(1), "N#1#000001", due_at)


def test_thousand_due_episodes_step_within_ninety_seconds():
    lateness = []

    def tick(tenant_id, name):
        about = bed.store.episodes[tenant_id, name]
        if about.due_at is not None:
            bed.clock.advance(seconds=SECONDS_PER_STEP / WORKERS)
            bed.store.episodes[tenant_id, name] = replace(about, due_at=None)
            lateness.append(bed.clock.now - due)

    bed = DeliveryBed(1, ticks=tick)
    bed.sweep.run(lambda: True)
    due = bed.clock.now + timedelta(microseconds=1)
    for number in range(1_000):
        bed.store.add(episode(fingerprint(number), due_at=format_timestamp(due)))
    bed.minute()
    assert len(lateness) == 1_000
    assert max(lateness) <= timedelta(seconds=90)
    assert bed.queue.calls <= 100


def test_critical_notices_get_the_first_messages():
    bed = DeliveryBed()
    for number in range(200):
        severity = "CRITICAL" if number % 20 == 0 else "INFO"
        named = replace(notice(severity=severity), fingerprint=fingerprint(number))
        bed.store.add(episode(fingerprint(number), severity=severity), named)
    bed.clock.advance(seconds=30)
    assert bed.sweep.run(lambda: True).sent == {"notice": 200}
    first = sorted(bed.queue.later, key=lambda each: each[1])[:10]
    assert all(each[2].is_critical for each in first)


@pytest.mark.parametrize(
    ("ago", "is_sent"),
    [
        ({"seconds": 9}, False),
        ({"seconds": 11}, True),
        ({"seconds": 70}, True),
        ({"seconds": 130}, True),
        ({"minutes": 3, "seconds": 10}, False),
        ({"minutes": 4, "seconds": 59}, False),
        ({"minutes": 5, "seconds": 10}, True),
        ({"minutes": 6}, False),
        ({"hours": 5}, True),
    ],
)
def test_item_that_stays_due_gets_fewer_messages(ago, is_sent):
    bed = DeliveryBed()
    assert needs_message(item(bed, **ago), bed.clock()) is is_sent


@pytest.mark.parametrize("kind", ["episode", "follow_up", "digest"])
def test_other_items_get_a_message_at_once(kind):
    bed = DeliveryBed()
    assert needs_message(item(bed, kind, seconds=0), bed.clock())


def test_sweep_without_time_sends_what_it_has_read():
    bed = DeliveryBed()
    for number in range(10):
        bed.store.add(episode(fingerprint(number), due_at=STARTED))
    summary = bed.sweep.run(lambda: False)
    assert (summary.seen, summary.is_complete, dict(summary.sent)) == (1, False, {"episode": 1})


def test_future_items_get_no_message():
    bed = DeliveryBed()
    bed.store.add(episode(due_at="2026-03-01T12:00:01.000000Z"))
    assert bed.sweep.run(lambda: True).seen == 0
