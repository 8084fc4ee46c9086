"""Digests of hours: exact numbers, one notice per channel, created once."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.support.fakes.notices import FakeNotices, episode, notice
from tests.support.notice_deliveries import DeliveryBed
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.model import NoticeRef, digest_notices, hour_of_digest

HOUR = "2026-03-01T12"


def flooded(bed, *channels):
    """Send 30 WARNING triggers to each channel in this hour: 20 of all are sent."""
    number = 0
    for channel in channels:
        for place in range(30):
            fingerprint = f"{number:024x}"
            about = episode(fingerprint, severity="WARNING", source=f"api#{place % 2}", type="high_latency")
            named = notice(fingerprint=fingerprint, severity="WARNING", channel=channel)
            bed.store.add(about, named)
            bed.queue.send([named])
            number += 1
    return bed


def digests(bed):
    """Return the channel and the numbers of each accepted digest. A crash may repeat the same digest."""
    accepted = {each.notice.notice_id: each for each in bed.vendor.accepted if each.notice.action == "digest"}
    return [(each.notice.channel, dict(each.counts)) for _, each in sorted(accepted.items())]


def lost_or_invented(bed):
    """Return the number of limited notices that the digests do not name, negative if they name more."""
    named = sum(sum(counts.values()) for _, counts in digests(bed))
    return bed.store.states()["limited"] - named


def test_digest_names_every_limited_notice_once():
    bed = flooded(DeliveryBed(1), "one", "two")
    bed.settle()
    assert [channel for channel, _ in digests(bed)] == ["one", "two"]
    assert {name for _, counts in digests(bed) for name in counts} == {"high_latency api#0", "high_latency api#1"}
    assert bed.store.states() == {"sent": 22, "limited": 40}
    assert lost_or_invented(bed) == 0
    assert bed.store.imbalance() == {}


def test_digest_follows_the_end_of_the_hour():
    bed = flooded(DeliveryBed(1), "one")
    for _ in range(59):
        bed.minute()
    assert digests(bed) == []
    bed.minute()
    bed.minute()
    assert len(digests(bed)) == 1
    assert bed.clock.now.isoformat() <= "2026-03-01T13:01:00+00:00"


def test_hour_without_limited_notices_has_no_digest():
    bed = DeliveryBed(1)
    bed.digests.close_hour("acme", HOUR)
    assert bed.store.stored == {}


def test_repeated_close_creates_no_second_digest():
    bed = flooded(DeliveryBed(1), "one")
    bed.drain()
    bed.clock.advance(hours=1)
    for _ in range(3):
        bed.digests.close_hour("acme", HOUR)
    bed.settle()
    assert len(digests(bed)) == 1
    assert bed.store.counted["acme", "2026-03-01T13", "DIGEST"] == {"intents": 1, "sent": 1}


def test_each_crash_of_a_close_is_repaired():
    calls, crashes = 0, 1
    while crashes:
        bed = flooded(DeliveryBed(1), "one", "two")
        bed.drain()
        bed.clock.advance(minutes=59)
        bed.die_at(calls)
        bed.settle()
        assert lost_or_invented(bed) == 0
        assert len(digests(bed)) == 2
        calls, crashes = calls + 1, bed.crashes
    assert calls > 10


def test_notice_limited_after_the_close_is_in_the_next_digest():
    bed = flooded(DeliveryBed(1), "one")
    bed.drain()
    bed.digests.close_hour("acme", HOUR)
    bed.clock.advance(hours=1)
    named = notice(fingerprint="ff" * 12, severity="WARNING")
    assert bed.store.set_limits("acme", NoticeLimits(warning=0, version=1))
    bed.store.add(episode("ff" * 12, severity="WARNING"), named)
    bed.queue.send([named])
    bed.settle()
    assert sorted(sum(counts.values()) for _, counts in digests(bed)) == [1, 10]
    assert {hour for _, hour in bed.store.limited} == {HOUR, "2026-03-01T13"}


class OffByOne(FakeNotices):
    """A planted fault: a limited notice is counted by a separate write, which a crash skips."""

    def commit(self, change):
        result = super().commit(replace(change, limited=None))
        if result == "written" and change.limited:
            self.reach("separate")
            limited = change.limited
            numbers = self.limited.setdefault((change.after.tenant_id, limited.hour), Counter())
            numbers[limited.channel, f"{limited.type} {limited.source}"] += 1
        return result


@pytest.mark.parametrize(("store", "is_exact"), [(FakeNotices, True), (OffByOne, False)])
def test_crash_between_limit_and_digest_is_detected(store, is_exact):
    bed = flooded(DeliveryBed(1, store=store), "one")
    bed.crash = 0.1
    for _ in range(8):
        bed.minute()
    bed.crash = 0.0
    bed.settle()
    assert (lost_or_invented(bed) == 0) is is_exact


def test_digest_to_an_unknown_channel_fails_and_is_counted():
    bed = flooded(DeliveryBed(1), "one")
    bed.drain()
    bed.destinations.unknown = {"one"}
    bed.settle()
    assert bed.store.counted["acme", "2026-03-01T13", "DIGEST"] == {"intents": 1, "failed": 1}
    (alert,) = bed.reports.alerts.values()
    assert dict(alert.labels) == {"kind": "stuck_digest", "tenant": "acme"}


def test_digest_names_its_hour():
    bed = DeliveryBed()
    (digest,) = digest_notices("acme", "2026-03-01T05", ["one"], bed.clock())
    assert hour_of_digest(digest) == "2026-03-01T05"
    assert NoticeRef.of(digest) == NoticeRef("acme", "0" * 24, 2026030105, 1)
