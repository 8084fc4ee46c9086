"""Attempts of deliveries: signatures, the schedule, dead endpoints, and one delivery per event and webhook."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from tests.support.fakes.webhooks import WebhookWorld, event, headers_of
from vigil.alerting.webhooks.deliveries_model import PAUSES
from vigil.alerting.webhooks.model import WebhookChange
from vigil.alerting.webhooks.ports import UnreadableSecret
from vigil.errors import Unavailable
from vigil.outbound.requests import NoAnswer, OutboundAnswer

URL, OTHER = "https://clinic.example/hook", "https://other.example/hook"


@pytest.fixture
def world():
    return WebhookWorld()


def test_an_event_reaches_its_webhooks_once(world):
    mine, other = world.subscribe(), world.subscribe("batches.completed", url=OTHER)
    world.subscribe(url="https://globex.example/hook", tenant="globex")
    for _ in range(3):
        world.fan_out.create_deliveries(event())
        world.drain()
    assert world.endpoints.times(URL) == [world.clock()]
    assert len(world.endpoints.requests) == 1
    assert world.delivery(mine).state == "delivered"
    assert world.history.page("acme", other.webhook_id, None, None, 10).deliveries == ()


def test_two_webhooks_of_one_kind_receive_the_event_with_own_ids(world):
    world.subscribe(), world.subscribe(url=OTHER)
    world.fan_out.create_deliveries(event())
    world.drain()
    assert {request.url for _, request in world.endpoints.requests} == {URL, OTHER}
    assert len(set(world.endpoints.ids())) == 2


def test_a_request_is_verified_by_the_library_of_the_standard(world):
    world.clock.now = datetime.now(UTC)  # the library compares with the real clock
    _, secret = world.webhooks.create("acme", URL, ["scoring.decision_made"], "")
    world.fan_out.create_deliveries(event())
    world.drain()
    ((_, request),) = world.endpoints.requests
    payload = standardwebhooks.Webhook(secret).verify(request.body, dict(headers_of(request)))
    assert payload == {
        "type": "scoring.decision_made",
        "timestamp": event().occurred_at,
        "data": json.loads(event().detail),
    }


def verifies(secret, world):
    """Return True if the library accepts the last request with a secret."""
    _, request = world.endpoints.requests[-1]
    try:
        standardwebhooks.Webhook(secret).verify(request.body, dict(headers_of(request)))
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize(("hours", "accepted"), [(23, [True, True]), (24, [False, True])])
def test_the_old_secret_verifies_for_a_day_after_a_rotation(world, hours, accepted):
    world.clock.now = datetime.now(UTC) - timedelta(hours=hours)
    webhook, old = world.webhooks.create("acme", URL, ["scoring.decision_made"], "")
    _, new = world.webhooks.rotate("acme", webhook.webhook_id)
    world.clock.advance(hours=hours)
    world.fan_out.create_deliveries(event())
    world.drain()
    assert [verifies(secret, world) for secret in (old, new)] == accepted


def test_the_last_two_secrets_verify_after_several_rotations(world):
    world.clock.now = datetime.now(UTC)
    webhook, first = world.webhooks.create("acme", URL, ["scoring.decision_made"], "")
    others = [world.webhooks.rotate("acme", webhook.webhook_id)[1] for _ in range(2)]
    world.fan_out.create_deliveries(event())
    world.drain()
    assert [verifies(secret, world) for secret in (first, *others)] == [False, True, True]


def test_attempts_follow_the_schedule_within_a_minute(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 500
    start = world.clock()
    world.fan_out.create_deliveries(event())
    world.run(timedelta(hours=40))
    times = world.endpoints.times(URL)
    assert len(times) == len(PAUSES)
    assert times[0] == start
    assert times[1] - times[0] == timedelta(seconds=5)
    for before, after, pause in zip(times, times[1:], PAUSES[1:], strict=False):
        assert timedelta(0) <= after - before - pause <= timedelta(seconds=60)
    assert len(set(world.endpoints.ids())) == 1
    delivery = world.delivery(webhook)
    assert (delivery.state, delivery.reason, delivery.tries) == ("failed", "status", 8)
    assert [attempt.status for attempt in delivery.attempts] == [500] * 8


@pytest.mark.parametrize("answer", [301, 302, 400, 404, 429, 500, NoAnswer("late", was_sent=True)])
def test_every_answer_outside_2xx_is_a_failure(world, answer):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = answer
    world.fan_out.create_deliveries(event())
    world.drain()
    delivery = world.delivery(webhook)
    status, reason = (answer, "status") if isinstance(answer, int) else (None, "late")
    assert (delivery.state, delivery.attempts[0].status, delivery.reason) == ("pending", status, reason)
    assert world.meter.counted == set()


def test_a_delivery_that_succeeds_late_is_metered_once(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 503
    world.fan_out.create_deliveries(event())
    world.run(timedelta(minutes=1))
    world.endpoints.answers[URL] = 200
    world.run(timedelta(minutes=10))
    assert world.delivery(webhook).state == "delivered"
    assert world.meter.counted == {("acme", world.delivery(webhook).delivery_id)}
    world.history.replay("acme", webhook.webhook_id, world.delivery(webhook).delivery_id)
    world.drain()
    assert len(world.meter.counted) == 1
    assert len(world.endpoints.requests) == 4


@pytest.fixture
def unmetered():
    """A world whose queue of usage refuses reports while `away` is not empty."""

    class Meter:
        def __init__(self, meter):
            self.meter = meter

        def report(self, *event):
            if away:
                raise Unavailable("away")
            self.meter.report(*event)

    away = ["usage"]
    return WebhookWorld(wrap=lambda name, port: Meter(port) if name == "meter" else port), away


def test_an_absent_queue_of_usage_repeats_no_request(unmetered):
    world, away = unmetered
    webhook = world.subscribe()
    world.fan_out.create_deliveries(event())
    world.run(timedelta(hours=6))
    assert len(world.endpoints.requests) == 1
    assert (world.delivery(webhook).state, world.meter.counted) == ("delivered", set())
    away.clear()
    world.run(timedelta(minutes=6))
    assert world.meter.counted == {("acme", world.delivery(webhook).delivery_id)}
    assert (world.delivery(webhook).due_at, world.queue.messages) == (None, [])


def test_a_replay_before_the_report_of_usage_counts_once(unmetered):
    world, away = unmetered
    webhook = world.subscribe()
    world.fan_out.create_deliveries(event())
    world.drain()
    world.endpoints.answers[URL] = 500
    world.history.replay("acme", webhook.webhook_id, world.delivery(webhook).delivery_id)
    away.clear()
    world.run(timedelta(hours=30), step=timedelta(minutes=5))
    assert world.delivery(webhook).state == "failed"
    assert len(world.endpoints.requests) == 1 + len(PAUSES)
    assert world.meter.counted == {("acme", world.delivery(webhook).delivery_id)}


def test_usage_of_a_deleted_webhook_is_reported_later(unmetered):
    world, away = unmetered
    webhook = world.subscribe()
    world.fan_out.create_deliveries(event())
    world.drain()
    world.webhooks.delete("acme", webhook.webhook_id)
    away.clear()
    world.run(timedelta(minutes=6))
    assert len(world.meter.counted) == 1


def test_an_answer_is_stored_masked_and_cut(world):
    webhook = world.subscribe()
    body = b"call +49 170 1234567 or mail jane@clinic.example\x00 " + b"x " * 40_000
    world.endpoints.answers[URL] = OutboundAnswer(400, {}, body)
    world.fan_out.create_deliveries(event())
    world.drain()
    answer = world.delivery(webhook).answer
    assert len(answer) <= 1_024
    assert "jane" not in answer
    assert "1234567" not in answer


def test_a_number_after_many_spaces_of_an_answer_is_masked(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = OutboundAnswer(400, {}, b"call" + b" " * 4_086 + b"071234567")
    world.fan_out.create_deliveries(event())
    world.drain()
    assert world.delivery(webhook).answer == "call [number]"


def test_a_disabled_or_deleted_webhook_ends_its_pending_deliveries(world):
    paused, deleted = world.subscribe(), world.subscribe(url=OTHER)
    world.endpoints.answers |= {URL: 500, OTHER: 500}
    world.fan_out.create_deliveries(event())
    world.drain()
    world.webhooks.change("acme", paused.webhook_id, WebhookChange(enabled=False))
    world.webhooks.delete("acme", deleted.webhook_id)
    world.run(timedelta(minutes=10))
    assert len(world.endpoints.requests) == 2
    assert world.delivery(paused).reason == "endpoint_disabled"
    assert world.delivery(deleted).reason == "endpoint_deleted"


def test_an_open_circuit_postpones_without_an_attempt(world):
    webhook = world.subscribe()
    key = ("acme", webhook.circuit)
    world.circuits.open[key] = timedelta(minutes=2)
    world.fan_out.create_deliveries(event())
    world.run(timedelta(minutes=10))
    assert world.endpoints.requests == []
    assert (world.delivery(webhook).state, world.delivery(webhook).tries) == ("pending", 0)
    del world.circuits.open[key]
    world.run(timedelta(minutes=4))
    assert world.delivery(webhook).state == "delivered"


def test_a_circuit_that_stays_open_for_three_days_ends_the_delivery(world):
    webhook = world.subscribe()
    world.circuits.open["acme", webhook.circuit] = timedelta(hours=1)
    world.fan_out.create_deliveries(event())
    world.run(timedelta(days=3, hours=2), step=timedelta(minutes=30))
    assert (world.delivery(webhook).state, world.delivery(webhook).reason) == ("failed", "circuit_open")


def test_a_dead_endpoint_delays_no_other_tenant(world):
    dead = world.subscribe()
    world.subscribe(url="https://globex.example/hook", tenant="globex")
    world.endpoints.answers[URL] = NoAnswer("late", was_sent=True)
    for number in range(50):
        world.fan_out.create_deliveries(event(number))
        world.fan_out.create_deliveries(event(number, tenant="globex"))
    start = world.clock()
    world.drain()
    assert world.endpoints.times("https://globex.example/hook") == [start] * 50
    assert world.delivery_states(dead) == {"pending": 50}


def test_a_second_worker_with_the_same_message_sends_nothing(world):
    webhook = world.subscribe()
    world.fan_out.create_deliveries(event())
    names = ("acme", webhook.webhook_id, world.delivery(webhook).delivery_id)
    send = world.endpoints.send

    def both(request):
        world.attempts.attempt(*names)  # the other worker, while the request of this one is under way
        return send(request)

    world.endpoints.send = both
    world.attempts.attempt(*names)
    assert len(world.endpoints.requests) == 1
    assert world.delivery(webhook).state == "delivered"


def test_a_secret_that_cannot_be_opened_is_a_failed_attempt(world):
    webhook = world.subscribe()

    def unreadable(*_):
        raise UnreadableSecret

    world.sealer.open = unreadable
    world.fan_out.create_deliveries(event())
    world.drain()
    delivery = world.delivery(webhook)
    assert (delivery.reason, delivery.tries, world.endpoints.requests) == ("secret", 1, [])
