"""The worker of the queue of deliveries, its log, and the destinations of notices."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from tests.support.fakes.notices import FINGERPRINT, episode, notice
from tests.support.notice_deliveries import DeliveryBed
from vigil.alerting.channels.model import Channel, Refused
from vigil.alerting.notices.destinations_service import ChannelDestinations
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.model import DeliveryStep
from vigil.alerting.notices.stream import DeliveryLog, DeliveryWorker
from vigil.errors import NotFound, Unavailable, UnreadableMessage
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import Message
from vigil.workers.worker_loop import Deadline

REF = {"fingerprint": FINGERPRINT, "number": 1, "sequence": 1}


@dataclass
class Ticks:
    """An episode clock that records its calls."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    def tick(self, tenant_id, fingerprint):
        self.seen.append((tenant_id, fingerprint))


@pytest.fixture
def bed():
    bed = DeliveryBed()
    bed.store.add(episode(), notice())
    return bed


@pytest.fixture
def process(bed):
    bed.ticks = Ticks()
    worker = DeliveryWorker(bed.deliveries, bed.follow_ups, bed.digests, bed.ticks)

    def send(kind, about, tenant="acme"):
        body = about if isinstance(about, str) else json.dumps(about)
        worker.process(Message("m-1", kind, tenant, "c-1", body), Deadline(0.0))

    return send


def test_message_of_a_notice_delivers_it(bed, process):
    process("notice.deliver", REF)
    assert bed.store.states() == {"sent": 1}


def test_message_of_an_episode_ticks_it(bed, process):
    process("alert.tick", {"fingerprint": FINGERPRINT})
    assert bed.ticks.seen == [("acme", FINGERPRINT)]


def test_message_of_a_follow_up_resumes_it(bed, process):
    bed.vendor.meter = "emails"
    bed.vendor.answer = lambda *_: bed.die_at(2)
    bed.queue.send([notice()])
    bed.drain()
    assert (len(bed.store.left), len(bed.reports.usage)) == (1, 0)
    process("notice.follow_up", REF)
    assert (len(bed.store.left), len(bed.reports.usage)) == (0, 1)


def test_message_of_a_digest_closes_its_hour(bed, process):
    bed.store.set_limits("acme", NoticeLimits(error=0, version=1))
    process("notice.deliver", REF)
    process("digest.close", {"hour": "2026-03-01T12"})
    assert bed.store.closed == {("acme", "2026-03-01T12")}


def test_tenant_of_the_message_decides(bed, process):
    process("notice.deliver", REF, "globex")
    assert bed.store.states() == {"pending": 1}


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("notice.other", REF),
        ("notice.deliver", "{"),
        ("notice.deliver", "[]"),
        ("notice.deliver", REF | {"number": "1"}),
        ("notice.deliver", REF | {"sequence": True}),
        ("notice.deliver", REF | {"sequence": 0}),
        ("notice.follow_up", {"number": 1, "sequence": 1}),
        ("alert.tick", {"fingerprint": 5}),
        ("digest.close", {}),
    ],
)
def test_unknown_message_is_refused(process, kind, about):
    with pytest.raises(UnreadableMessage):
        process(kind, about)


@pytest.mark.parametrize(("name", "level"), [("sent", "INFO"), ("failed", "ERROR"), ("unroutable", "ERROR")])
def test_step_is_logged_with_ids_only(name, level):
    lines = io.StringIO()
    log = DeliveryLog(Telemetry(f"notices-{name}", lines, traced=False))
    log.observe(DeliveryStep(name, notice(reason="the vendor's words")))
    line = json.loads(lines.getvalue())
    assert (line["level"], line["message"], line[f"notice_{name}"]) == (level, f"notice_{name}", 1)
    assert (line["notice_id"], line["channel"]) == (f"{FINGERPRINT}-1-1", "one")
    assert "words" not in lines.getvalue()


@dataclass
class Channels:
    """Channels of one tenant, and marks of broken ones."""

    marked: list[tuple[str, ...]] = field(default_factory=list)
    get: Callable[..., Channel | None] = lambda tenant, name: (
        Channel(tenant, name, "slack", "Slack", {}, version=3) if (tenant, name) == ("acme", "one") else None
    )

    def mark_broken(self, *about):
        self.marked.append(about)


class Addresses:
    """Addresses of one contact and one member."""

    def contact(self, tenant_id):
        return "contact@example.org" if tenant_id == "acme" else ""

    def address_of(self, tenant_id, member_id):
        if (tenant_id, member_id) != ("acme", "m1"):
            raise NotFound("There is no such member.")
        return "m1@example.org"


@pytest.mark.parametrize(
    ("tenant", "channel", "kind", "address"),
    [
        ("acme", "one", "slack", ""),
        ("acme", "contact", "email", "contact@example.org"),
        ("acme", "member:m1", "email", "m1@example.org"),
        ("acme", "two", None, None),
        ("acme", "member:m2", None, None),
        ("globex", "one", None, None),
        ("globex", "contact", None, None),
        ("globex", "member:m1", None, None),
    ],
)
def test_destination_is_found_in_its_tenant(tenant, channel, kind, address):
    found = ChannelDestinations(Channels(), Addresses(), Clock(), CacheReports()).find(tenant, channel)
    assert (found and found.channel.kind, found and found.address) == (kind, address)
    assert found is None or (found.channel.tenant_id, found.channel.channel_id) == (tenant, channel)


def test_last_known_channel_is_used_for_an_hour_while_the_store_is_away():
    channels, clock, reports = Channels(), Clock(), CacheReports()
    destinations = ChannelDestinations(channels, Addresses(), clock, reports)
    before = destinations.find("acme", "one")

    def fail(*_):
        raise Unavailable("The alerts table did not answer.")

    channels.get = fail
    clock.advance(minutes=59)
    assert destinations.find("acme", "one") == before
    assert reports.failed == [("channels", True)]
    clock.advance(minutes=1)
    with pytest.raises(Unavailable):
        destinations.find("acme", "one")


def test_deleted_channel_receives_no_further_notice():
    channels = Channels()
    destinations = ChannelDestinations(channels, Addresses(), Clock(), CacheReports())
    assert destinations.find("acme", "one")
    channels.get = lambda *_: None
    assert destinations.find("acme", "one") is None


def test_only_channels_are_marked_broken():
    channels = Channels()
    destinations = ChannelDestinations(channels, Addresses(), Clock(), CacheReports())
    for name in ("one", "member:m1"):
        destinations.mark_broken(destinations.find("acme", name), "revoked")
    assert channels.marked == [("acme", "one", 3, "revoked")]


def test_broken_channel_is_marked_after_its_refusal(bed, process):
    bed.vendor.answer = lambda *_: Refused("revoked", is_channel_broken=True)
    process("notice.deliver", REF)
    assert bed.destinations.broken == [("one", "revoked")]
