"""The contract of webhooks and deliveries, for the fakes and for DynamoDB, and their messages."""

from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.webhooks import FakeDeliveryStore, FakeWebhookStore, event
from vigil.alerting.channels.model import usage_event
from vigil.alerting.channels.sealing import Sealing
from vigil.alerting.notices.queue_store import SqsUsageReports
from vigil.alerting.webhooks.deliveries_model import DeliveryAttempt, create_delivery
from vigil.alerting.webhooks.deliveries_store import DynamoWebhookDeliveries
from vigil.alerting.webhooks.model import Webhook, WebhookChange, WebhookSecret
from vigil.alerting.webhooks.ports import UnreadableSecret
from vigil.alerting.webhooks.secret_sealing import WebhookSealing
from vigil.alerting.webhooks.store import DynamoWebhooks
from vigil.alerting.webhooks.stream import ATTEMPT, DeliveryJobs, read_message
from vigil.errors import Unavailable, UnreadableMessage
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp
from vigil.workers.queues import ReceivedMessage, SqsQueue

NOW = Clock()()
AT = format_timestamp(NOW)
LATER = format_timestamp(NOW + timedelta(days=1))


def webhook(number=0, tenant="acme"):
    secret = WebhookSecret(b"\x00\xff", "wxyz")
    kinds = ("scoring.decision_made", "batches.completed")
    return Webhook(tenant, f"whk_{number}", "https://a.example/h", kinds, "ä", True, (secret,), AT)


def delivery(number=0, hook="whk_0", tenant="acme"):
    return create_delivery(hook, event(number, tenant=tenant), NOW + timedelta(seconds=number))


@pytest.fixture(params=["fake", "dynamodb"])
def webhooks(request):
    return (
        FakeWebhookStore()
        if request.param == "fake"
        else DynamoWebhooks(request.getfixturevalue("aws")("dynamodb"), "webhooks")
    )


@pytest.fixture(params=["fake", "dynamodb"])
def deliveries(request):
    return (
        FakeDeliveryStore()
        if request.param == "fake"
        else DynamoWebhookDeliveries(request.getfixturevalue("aws")("dynamodb"), "webhooks")
    )


def test_a_webhook_is_stored_and_read_back_complete(webhooks):
    rotated = webhook().rotate(WebhookSecret(b"new", "abcd"), NOW)
    assert webhooks.create("acme", webhook(), 20)
    assert webhooks.get("acme", "whk_0") == webhook()
    assert webhooks.write("acme", rotated)
    assert webhooks.get("acme", "whk_0") == rotated
    assert webhooks.list_all("acme") == [rotated]
    assert webhooks.get("globex", "whk_0") is None
    assert list(webhooks.list_all("globex")) == []


def test_a_webhook_is_written_only_over_its_previous_version(webhooks):
    webhooks.create("acme", webhook(), 20)
    first, other = (webhook().change(WebhookChange(label=label)) for label in ("a", "b"))
    assert webhooks.write("acme", first)
    assert not webhooks.write("acme", other)
    assert not webhooks.write("acme", replace(webhook(9), version=2))


def test_the_limit_counts_present_webhooks_of_the_tenant(webhooks):
    assert [webhooks.create("acme", webhook(number), 2) for number in range(3)] == [True, True, False]
    assert webhooks.create("globex", webhook(tenant="globex"), 2)
    assert webhooks.delete("acme", "whk_0")
    assert not webhooks.delete("acme", "whk_0")
    assert webhooks.create("acme", webhook(2), 2)
    assert not webhooks.create("acme", webhook(3), 2)
    assert [each.webhook_id for each in webhooks.list_all("acme")] == ["whk_1", "whk_2"]


def test_only_a_disabled_webhook_is_due_until_its_tenant_is_notified(webhooks):
    webhooks.create("acme", webhook(), 20)
    disabled = webhook()
    for moment in (NOW - timedelta(days=6), NOW, NOW):
        assert webhooks.due(LATER, 10) == []
        disabled = disabled.record_failure(moment, is_last=True)
        assert webhooks.write("acme", disabled)
    assert webhooks.due(LATER, 10) == [disabled]
    webhooks.write("acme", disabled.mark_notified())
    assert webhooks.due(LATER, 10) == []


def test_a_delivery_is_created_once_and_read_back_complete(deliveries):
    attempt = DeliveryAttempt(AT, 503, "status", 12)
    assert deliveries.create("acme", delivery())
    assert not deliveries.create("acme", delivery())
    tried = delivery().claim(NOW).record(attempt, "busy", NOW)
    assert deliveries.write("acme", delivery().claim(NOW))
    assert deliveries.write("acme", tried)
    assert not deliveries.write("acme", tried)
    assert deliveries.get("acme", "whk_0", delivery().delivery_id) == tried
    assert deliveries.get("globex", "whk_0", delivery().delivery_id) is None


def test_pages_of_deliveries_are_contiguous_and_latest_first(deliveries):
    for number in range(5):
        deliveries.create("acme", delivery(number))
    deliveries.create("acme", delivery(9, hook="whk_1"))
    deliveries.create("globex", delivery(9, tenant="globex"))
    seen, after = [], None
    while True:
        page = deliveries.page("acme", "whk_0", None, after, 2)
        seen.append([each.event_id.partition(".")[0] for each in page.deliveries])
        if (after := page.next) is None:
            break
    assert seen == [["dec-4", "dec-3"], ["dec-2", "dec-1"], ["dec-0"]]


def test_deliveries_are_filtered_by_state_and_failed_ones_by_time(deliveries):
    for number in range(4):
        deliveries.create("acme", delivery(number))
        if number:
            deliveries.write("acme", delivery(number).give_up("endpoint_disabled", NOW))
    failed = deliveries.page("acme", "whk_0", "failed", None, 10).deliveries
    assert [each.event_id for each in failed] == [delivery(number).event_id for number in (3, 2, 1)]
    assert [each.event_id for each in deliveries.page("acme", "whk_0", "pending", None, 10).deliveries] == [
        delivery(0).event_id
    ]
    since = delivery(2).created_at
    assert [each.event_id for each in deliveries.failed_since("acme", "whk_0", since, 10)] == [
        delivery(number).event_id for number in (2, 3)
    ]
    assert len(deliveries.failed_since("acme", "whk_0", AT, 2)) == 2


def test_only_pending_deliveries_are_due_in_their_shard(deliveries):
    late, soon, done = delivery(2), delivery(1), delivery(3)
    for each in (late, soon, done):
        deliveries.create("acme", each)
    deliveries.write("acme", done.give_up("endpoint_deleted", NOW))
    assert [each.event_id for each in deliveries.due(soon.shard, LATER, 10)] == [soon.event_id, late.event_id]
    assert [each.event_id for each in deliveries.due(soon.shard, soon.due_at, 10)] == [soon.event_id]
    assert deliveries.due((soon.shard + 1) % 8, LATER, 10) == []


def test_a_delivery_expires_thirty_days_after_its_creation(dynamodb):
    DynamoWebhookDeliveries(dynamodb, "webhooks").create("acme", delivery())
    (item,) = dynamodb.scan(TableName="webhooks")["Items"]
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=30)).timestamp())
    assert item["pk"]["S"].startswith("acme#")


def test_stores_refuse_items_of_another_tenant(dynamodb):
    with pytest.raises(ValueError, match="another tenant"):
        DynamoWebhooks(dynamodb, "webhooks").write("globex", webhook())
    with pytest.raises(ValueError, match="another tenant"):
        DynamoWebhookDeliveries(dynamodb, "webhooks").create("globex", delivery())


def test_an_absent_table_is_unavailable(dynamodb):
    hooks, sent = DynamoWebhooks(dynamodb, "absent"), DynamoWebhookDeliveries(dynamodb, "absent")
    for call in (
        lambda: hooks.create("acme", webhook(), 1),
        lambda: hooks.list_all("acme"),
        lambda: hooks.due(AT, 1),
        lambda: sent.create("acme", delivery()),
        lambda: sent.page("acme", "whk_0", None, None, 1),
        lambda: sent.due(0, AT, 1),
    ):
        with pytest.raises(Unavailable):
            call()


@pytest.fixture
def queue(aws):
    client = aws("sqs")
    return SqsQueue(client, client.create_queue(QueueName="webhook-deliveries")["QueueUrl"])


def test_a_message_names_a_delivery_and_nothing_of_its_event(queue):
    DeliveryJobs(queue).send([delivery()])
    (received,) = queue.receive(30)
    message = read_message(received)
    assert (message.kind, message.tenant_id) == (ATTEMPT, "acme")
    assert event(0).event_id not in received.body


@pytest.mark.parametrize("body", ["?", "[]", "{}", '{"source":"evil","detail":{},"detail-type":"x","id":"1"}'])
def test_a_message_that_is_no_event_of_vigil_is_unreadable(body):
    with pytest.raises(UnreadableMessage):
        read_message(ReceivedMessage("m-1", body, {}, {}))


def test_a_delivered_webhook_is_one_usage_event(queue):
    usage = SqsUsageReports(queue)
    usage.report("acme", usage_event("/webhooks", "msg_1", AT, "webhooks"))
    usage.report(OPERATORS, usage_event("/webhooks", "msg_2", AT, "webhooks"))
    (received,) = queue.receive(30)
    assert received.message().tenant_id == "acme"
    assert '"webhooks":1' in received.body


def test_a_sealed_secret_opens_only_for_its_webhook():
    sealing = WebhookSealing(Sealing(lambda: [b"k" * 32]))
    sealed = sealing.seal("acme", "whk_1", "whsec_x")
    assert b"whsec" not in sealed
    assert sealing.open("acme", "whk_1", sealed) == "whsec_x"
    for tenant, name in (("globex", "whk_1"), ("acme", "whk_2")):
        with pytest.raises(UnreadableSecret):
            sealing.open(tenant, name, sealed)


def test_a_queue_that_is_away_is_unavailable(aws):
    url = aws("sqs").create_queue(QueueName="gone")["QueueUrl"]
    boto3.client("sqs").delete_queue(QueueUrl=url)
    with pytest.raises(Unavailable):
        DeliveryJobs(SqsQueue(aws("sqs"), url)).send([delivery()])
