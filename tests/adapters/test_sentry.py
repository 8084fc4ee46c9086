"""Findings reach a project of Sentry in well-formed envelopes, and an outage of Sentry stops the requests."""

from datetime import timedelta
from random import Random

import pytest

from tests.support.fakes.circuits import FakeCircuitStore, FakeObserver
from tests.support.fakes.clock import Clock
from tests.support.log_lines import KILLED, batch, line_of
from tests.support.vendors import faults, server
from tests.support.vendors.loopback import LoopbackHttps
from tests.support.vendors.requests import VendorRequest
from tests.support.vendors.sentry import PUBLIC_KEY, FakeSentry
from vigil.errors import Unavailable
from vigil.operations.failures.counts_model import Tally
from vigil.operations.failures.groups_model import FailureGroup, StoredFailure
from vigil.operations.failures.log_lines_model import read_batch
from vigil.operations.failures.sentry import SentryExporter, SentryProject
from vigil.operations.failures.sentry_model import CONTENT_TYPE, auth_header, to_envelope
from vigil.outbound.breakers.registry import CircuitBreakers
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.service import BreakerParts
from vigil.runtime.setting_values import sentry_dsn

CANARY = "jane-roe-0712345678"


def fails():
    raise Unavailable(CANARY) from TimeoutError(CANARY)


def failure(line):
    """Return a new group with its first occurrence."""
    (sighting,) = read_batch(batch(line))
    group = FailureGroup.begin(sighting)
    return StoredFailure(group, (Tally(group.failure_id, 1, 0).add(sighting),))


def envelope(line):
    found = failure(line)
    return to_envelope(found, found.group.unpublished[0], "prod")


def answer(body, path="/api/42/envelope/", **headers):
    """Return the status with which the fake answers an envelope."""
    sent = {"content-type": CONTENT_TYPE, "x-sentry-auth": auth_header(PUBLIC_KEY)} | headers
    return FakeSentry().answer(VendorRequest("POST", path, sent, body)).status


class Bench:
    """An exporter behind a real circuit to the fake project. `lost` counts findings that were not accepted."""

    def __init__(self, vendors, key=PUBLIC_KEY):
        self.vendors, self.clock, self.lost = vendors, Clock(), 0
        parts = BreakerParts(FakeCircuitStore(), FakeObserver(), self.clock, Random(7), BreakerRules())
        address, public_key = sentry_dsn(f"https://{key}@o1.ingest.sentry.io/42")
        project = SentryProject(address, public_key, "prod")
        self.exporter = SentryExporter(project, LoopbackHttps(vendors.port), CircuitBreakers(parts), self.lose)

    def lose(self):
        self.lost += 1


@pytest.fixture
def vendors():
    with server.serving() as vendors:
        # The host of the DSN selects the fake.
        yield vendors


def test_a_finding_becomes_one_event_however_often_it_is_sent(vendors):
    bench = Bench(vendors)
    for _ in range(3):
        bench.exporter.export(failure(line_of(fails)))
    (event,) = vendors.sentry.events
    assert [each["type"] for each in event["exception"]["values"]] == ["TimeoutError", "Unavailable"]
    assert (event["release"], event["environment"], event["level"]) == ("vigil-scoring-api@5", "prod", "warning")
    assert CANARY not in str(event)
    assert "acme" not in str(event)
    assert bench.lost == 0


def test_a_failure_without_classes_is_an_event_of_its_kind(vendors):
    Bench(vendors).exporter.export(failure(KILLED))
    (event,) = vendors.sentry.events
    assert event["exception"] == {"values": [{"type": "out_of_memory"}]}


def test_an_outage_opens_the_circuit_and_stops_the_requests(vendors):
    bench = Bench(vendors)
    vendors.script("sentry", *[faults.status(503, "")] * 200)
    for _ in range(40):
        bench.exporter.export(failure(KILLED))
        bench.clock.advance(seconds=0.2)
    assert (bench.lost, vendors.count("sentry") < 20) == (40, True)


def test_a_refused_key_loses_the_finding_and_opens_no_circuit(vendors):
    bench = Bench(vendors, key="f" * 32)
    for _ in range(12):
        bench.exporter.export(failure(KILLED))
    assert (bench.lost, vendors.count("sentry")) == (12, 12)


def test_a_pause_of_sentry_is_kept(vendors):
    bench = Bench(vendors)
    vendors.script("sentry", faults.status(429, "", Retry_After="60"))
    for _ in range(5):
        bench.exporter.export(failure(KILLED))
    assert vendors.count("sentry") == 1
    bench.clock.advance(seconds=61)
    bench.exporter.export(failure(KILLED))
    assert len(vendors.sentry.events) == 1


@pytest.mark.parametrize(
    "broken",
    [
        lambda body: body.replace(b'"length":', b'"length":1'),
        lambda body: body.replace(b"\n", b"", 1),
        lambda body: body[:-10],
        lambda body: body + b"more",
        lambda body: body.replace(b'"type":"event"', b'"type":"trace"'),
        lambda body: body.replace(b'"tags"', b'"user"'),
    ],
)
def test_the_fake_refuses_broken_envelopes(broken):
    assert answer(envelope(KILLED)) == 200
    assert answer(broken(envelope(KILLED))) == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-sentry-auth": ""}, 401),
        ({"x-sentry-auth": f"Sentry sentry_key={PUBLIC_KEY}"}, 401),
        ({"x-sentry-auth": auth_header("0" * 32)}, 403),
        ({"content-type": "application/json"}, 400),
    ],
)
def test_the_fake_refuses_other_senders(headers, status):
    assert answer(envelope(KILLED), **headers) == status


def test_the_fake_knows_one_project():
    assert answer(envelope(KILLED), path="/api/43/envelope/") == 404


def test_the_limit_of_a_request_is_shorter_than_a_delivery(vendors):
    seen = []

    class Recorder(LoopbackHttps):
        def send(self, request):
            seen.append(request.total)
            return super().send(request)

    bench = Bench(vendors)
    guard = CircuitBreakers(BreakerParts(FakeCircuitStore(), FakeObserver(), bench.clock, Random(7), BreakerRules()))
    project = SentryProject("https://o1.ingest.sentry.io/api/42/envelope/", PUBLIC_KEY, "prod")
    SentryExporter(project, Recorder(vendors.port), guard, bench.lose).export(failure(KILLED))
    assert seen == [timedelta(seconds=4)]
