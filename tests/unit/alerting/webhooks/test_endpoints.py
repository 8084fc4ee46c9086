"""Health of endpoints: a dead one is disabled after five days, its tenant is notified once, and it can come back."""

import json
from datetime import timedelta

import pytest

from tests.support.fakes.webhooks import WebhookWorld, event
from vigil.alerting.webhooks.model import WebhookChange
from vigil.alerting.webhooks.ports import UnreadableSecret
from vigil.errors import Conflict, NotFound, Unavailable

URL = "https://clinic.example/hook"
HOUR = timedelta(hours=1)


@pytest.fixture
def world():
    return WebhookWorld()


def events_for(world, days, first=0):
    """Let an event happen every six hours for some days."""
    for number in range(first, first + int(days * 4)):
        world.fan_out.create_deliveries(event(number))
        world.run(timedelta(hours=6), step=HOUR)


def test_five_days_of_failures_disable_the_endpoint_and_notify_once(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 500
    events_for(world, 4.75)
    assert world.webhooks.get("acme", webhook.webhook_id).enabled
    events_for(world, 2, first=100)
    disabled = world.webhooks.get("acme", webhook.webhook_id)
    assert (disabled.enabled, disabled.due_at) == (False, None)
    (sent,) = world.published
    assert sent.kind == "webhooks.endpoint_disabled"
    assert json.loads(sent.detail)["webhook_id"] == webhook.webhook_id
    world.run(timedelta(days=2), step=HOUR)
    assert set(world.delivery_states(webhook)) == {"failed"}


def test_one_success_starts_the_five_days_anew(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 500
    events_for(world, 4.5)
    world.endpoints.answers[URL] = 204
    events_for(world, 0.5, first=100)
    assert world.webhooks.get("acme", webhook.webhook_id).failing_since is None
    world.endpoints.answers[URL] = 500
    events_for(world, 4.5, first=200)
    assert world.webhooks.get("acme", webhook.webhook_id).enabled
    assert world.published == []


@pytest.mark.parametrize("events", [1, 2, 50])
def test_a_short_fault_after_idle_days_disables_nothing(world, events):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 500
    for number in range(events):
        world.fan_out.create_deliveries(event(number))
    world.run(timedelta(hours=30), step=HOUR)
    world.clock.advance(days=6)
    world.endpoints.answers[URL] = 503
    world.fan_out.create_deliveries(event(100))
    world.drain()
    world.endpoints.answers[URL] = 204
    world.run(HOUR)
    assert world.delivery_states(webhook) == {"failed": events, "delivered": 1}
    assert world.webhooks.get("acme", webhook.webhook_id).failed_deliveries == 0


def test_two_failed_deliveries_of_a_quiet_endpoint_disable_nothing(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 500
    for number, enabled in enumerate([True, True, False]):
        world.fan_out.create_deliveries(event(number))
        world.run(timedelta(days=4), step=HOUR)
        assert world.webhooks.get("acme", webhook.webhook_id).enabled == enabled


def test_an_unreadable_key_of_vigil_disables_nothing(world):
    webhook = world.subscribe()

    def unreadable(*_):
        raise UnreadableSecret

    world.sealer.open = unreadable
    events_for(world, 8)
    assert world.webhooks.get("acme", webhook.webhook_id) == webhook
    assert world.published == []


def test_an_endpoint_behind_an_open_circuit_is_disabled(world):
    webhook = world.subscribe()
    world.circuits.open["acme", webhook.circuit] = HOUR
    events_for(world, 9)
    assert not world.webhooks.get("acme", webhook.webhook_id).enabled


def test_a_notification_that_fails_is_repeated_by_a_sweep(world):
    broken = WebhookWorld(wrap=lambda name, port: refuse_once(port) if name == "publish" else port)
    webhook = broken.subscribe()
    broken.endpoints.answers[URL] = 500
    with pytest.raises(Unavailable):
        events_for(broken, 7)
    assert broken.published == []
    broken.run(timedelta(minutes=2))
    assert [sent.kind for sent in broken.published] == ["webhooks.endpoint_disabled"]
    assert broken.webhooks.get("acme", webhook.webhook_id).due_at is None


def refuse_once(publish):
    calls = []

    def refusing(sent):
        calls.append(sent)
        if len(calls) == 1:
            raise Unavailable("away")
        publish(sent)

    return refusing


def test_an_enabled_endpoint_receives_new_events_and_replays(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 500
    events_for(world, 7)
    failed = world.delivery_states(webhook)["failed"]
    world.endpoints.answers[URL] = 204
    with pytest.raises(Conflict):
        world.history.replay_since("acme", webhook.webhook_id, world.clock() - timedelta(days=8))
    enabled = world.webhooks.change("acme", webhook.webhook_id, WebhookChange(enabled=True))
    assert (enabled.disabled_at, enabled.failing_since) == (None, None)
    assert world.history.replay_since("acme", webhook.webhook_id, world.clock() - timedelta(days=8)) == (failed, False)
    world.fan_out.create_deliveries(event(1_000))
    world.drain()
    assert world.delivery_states(webhook) == {"delivered": failed + 1}


def test_a_replay_repeats_a_failed_delivery_with_its_id(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 500
    world.fan_out.create_deliveries(event())
    world.run(timedelta(hours=30), step=HOUR)
    failed = world.delivery(webhook)
    world.endpoints.answers[URL] = 200
    world.history.replay("acme", webhook.webhook_id, failed.delivery_id)
    world.drain()
    assert world.delivery(webhook).state == "delivered"
    assert set(world.endpoints.ids()) == {failed.delivery_id}
    assert len(world.delivery(webhook).attempts) == 9


def test_a_pending_delivery_is_not_replayed(world):
    webhook = world.subscribe()
    world.endpoints.answers[URL] = 500
    world.fan_out.create_deliveries(event())
    world.drain()
    pending = world.delivery(webhook)
    assert world.history.replay("acme", webhook.webhook_id, pending.delivery_id) == pending


def test_a_replay_since_a_time_is_bounded_and_continues(world):
    webhook = world.subscribe()
    for number in range(130):
        world.fan_out.create_deliveries(event(number))
    world.webhooks.change("acme", webhook.webhook_id, WebhookChange(enabled=False))
    world.drain()
    world.webhooks.change("acme", webhook.webhook_id, WebhookChange(enabled=True))
    since = world.clock()
    assert world.history.replay_since("acme", webhook.webhook_id, since) == (100, True)
    assert world.history.replay_since("acme", webhook.webhook_id, since) == (30, False)
    assert world.history.replay_since("acme", webhook.webhook_id, since) == (0, False)
    world.drain()
    assert len(set(world.endpoints.ids())) == 130


def test_another_tenant_finds_neither_webhook_nor_delivery(world):
    webhook = world.subscribe()
    world.fan_out.create_deliveries(event())
    delivery = world.delivery(webhook)
    for call in (
        lambda: world.webhooks.get("globex", webhook.webhook_id),
        lambda: world.webhooks.change("globex", webhook.webhook_id, WebhookChange(enabled=False)),
        lambda: world.webhooks.rotate("globex", webhook.webhook_id),
        lambda: world.webhooks.test("globex", webhook.webhook_id),
        lambda: world.history.page("globex", webhook.webhook_id, None, None, 10),
        lambda: world.history.get("globex", webhook.webhook_id, delivery.delivery_id),
        lambda: world.history.replay("globex", webhook.webhook_id, delivery.delivery_id),
        lambda: world.history.replay_since("globex", webhook.webhook_id, world.clock()),
    ):
        with pytest.raises(NotFound):
            call()
    world.webhooks.delete("globex", webhook.webhook_id)
    assert world.webhooks.get("acme", webhook.webhook_id) == webhook


def test_a_test_event_takes_the_way_of_real_events(world):
    webhook = world.subscribe()
    sent = world.webhooks.test("acme", webhook.webhook_id)
    world.drain()
    delivery = world.history.get("acme", webhook.webhook_id, sent.delivery_id)
    assert (delivery.kind, delivery.state) == ("webhooks.tested", "delivered")


def test_a_tenant_has_at_most_twenty_webhooks(world):
    for _ in range(20):
        world.subscribe()
    with pytest.raises(Conflict):
        world.subscribe()
    world.subscribe(tenant="globex")
