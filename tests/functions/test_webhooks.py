"""Webhooks through the front door, the bus, the queue and the sweep, as far as an endpoint on loopback."""

import json
import tracemalloc
from datetime import timedelta

import boto3
import pytest

from tests.functions.rights import ROOT, TRANSACTION, answers, granted
from tests.support.gateway import Context
from tests.support.vendors import faults
from tests.support.vendors.server import serving
from tests.support.webhook_functions import WEBHOOKS, WebhookFunctions
from vigil.alerting.webhooks.model import MAX_WEBHOOKS
from vigil.alerting.webhooks.store import DynamoWebhooks
from vigil.bootstrap import process
from vigil.kernel.time import format_timestamp


@pytest.fixture
def functions(clock, published, monkeypatch):
    with serving() as vendors:
        yield WebhookFunctions(monkeypatch, vendors)


HOOK = "/whk_0"
ENDPOINTS = [
    ("POST", "", {"url": "https://a.example/h", "kinds": ["batches.completed"]}),
    ("GET", "", None),
    ("GET", HOOK, None),
    ("PATCH", HOOK, {"enabled": False}),
    ("DELETE", HOOK, None),
    ("POST", f"{HOOK}/secrets", None),
    ("POST", f"{HOOK}/test", None),
    ("POST", f"{HOOK}/replay", {"since": "2026-03-01T11:00:00Z"}),
    ("GET", f"{HOOK}/deliveries", None),
    ("GET", f"{HOOK}/deliveries/msg_0", None),
    ("POST", f"{HOOK}/deliveries/msg_0/replay", None),
]


def test_only_administrators_reach_webhooks(functions):
    for method, path, body in ENDPOINTS:
        assert functions.call(method, path, body=body, tenant=None)[0] == 401, path
        for role in ("viewer", "member", "producer"):
            assert functions.call(method, path, body=body, role=role)[0] == 403, path


def test_another_tenant_finds_no_webhook(functions):
    created = functions.subscribe()
    functions.publish()
    (delivery,) = functions.call("GET", f"/{created['webhook_id']}/deliveries")[1]["items"]
    before = functions.call("GET", f"/{created['webhook_id']}")
    for method, place, body in ENDPOINTS[2:]:
        path = place.replace("whk_0", created["webhook_id"]).replace("msg_0", delivery["delivery_id"])
        status = functions.call(method, path, body=body, tenant="globex")[0]
        assert status == (204 if method == "DELETE" else 404), place
        assert functions.call("GET", f"/{created['webhook_id']}") == before, place
    assert functions.call("GET", tenant="globex") == (200, {"items": []})


def test_an_event_reaches_the_endpoint_signed_and_once(functions):
    created = functions.subscribe()
    for _ in range(2):
        functions.publish(band="high")
        functions.drain()
    assert functions.vendors.count("receiver") == 1
    (payload,) = functions.vendors.receiver.received.values()
    assert (payload["type"], payload["data"]["band"]) == ("scoring.decision_made", "high")
    (delivery,) = functions.call("GET", f"/{created['webhook_id']}/deliveries")[1]["items"]
    assert (delivery["state"], delivery["attempts"][0]["status"]) == ("delivered", 204)
    assert list(functions.vendors.receiver.received) == [delivery["delivery_id"]]


def test_a_delivered_webhook_is_reported_as_usage(functions):
    functions.subscribe()
    functions.publish()
    functions.drain()
    (message,) = boto3.client("sqs").receive_message(QueueUrl=functions.urls["usage-events"])["Messages"]
    assert json.loads(message["Body"])["data"] == {"webhooks": 1}


def test_a_failure_is_retried_in_seconds_and_then_by_a_sweep(functions, clock):
    created = functions.subscribe()
    functions.vendors.script("receiver", *[faults.status(500)] * 2)
    functions.publish()
    functions.drain()
    clock.advance(seconds=5)
    assert functions.sweep() == {"sent": 1, "notified": 0}
    functions.drain()
    assert functions.sweep() == {"sent": 0, "notified": 0}
    clock.advance(minutes=5)
    assert functions.sweep() == {"sent": 1, "notified": 0}
    functions.drain()
    (delivery,) = functions.call("GET", f"/{created['webhook_id']}/deliveries")[1]["items"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 500, 204]


def test_a_failed_delivery_is_replayed(functions, clock):
    created = functions.subscribe()
    functions.vendors.script("receiver", faults.status(500))
    functions.publish()
    functions.drain()
    place = f"/{created['webhook_id']}"
    functions.call("PATCH", place, body={"enabled": False})
    clock.advance(minutes=1)
    functions.sweep()
    functions.drain()
    assert functions.call("GET", f"{place}/deliveries", query={"state": "failed"})[1]["items"][0]["reason"] == (
        "endpoint_disabled"
    )
    since = {"since": format_timestamp(clock() - timedelta(hours=1))}
    assert functions.call("POST", f"{place}/replay", body=since)[0] == 409
    functions.call("PATCH", place, body={"enabled": True})
    assert functions.call("POST", f"{place}/replay", body=since) == (202, {"replayed": 1, "more": False})
    functions.drain()
    (delivery,) = functions.call("GET", f"{place}/deliveries")[1]["items"]
    assert delivery["state"] == "delivered"
    assert functions.call("POST", f"{place}/deliveries/{delivery['delivery_id']}/replay")[0] == 202
    functions.drain()
    assert functions.vendors.receiver.repeats == 1


def fail_for_days(functions, clock):
    """Publish three events for an endpoint that fails until all their deliveries have failed, after six days."""
    functions.vendors.script("receiver", *[faults.status(500)] * 40)
    for number in range(1, 4):
        functions.publish(number)
    for _ in range(9):
        functions.drain()
        clock.advance(hours=18)
        functions.sweep()
    functions.drain()


def test_a_dead_endpoint_is_disabled_and_the_bus_is_notified(functions, clock, monkeypatch):
    created = functions.subscribe()
    bus = boto3.client("sqs").create_queue(QueueName="disabled")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=bus, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"detail-type": ["webhooks.endpoint_disabled"]})
    boto3.client("events").put_rule(Name="disabled", EventBusName="decisions", EventPattern=pattern)
    boto3.client("events").put_targets(Rule="disabled", EventBusName="decisions", Targets=[{"Id": "queue", "Arn": arn}])
    fail_for_days(functions, clock)
    webhook = functions.call("GET", f"/{created['webhook_id']}")[1]
    assert (webhook["enabled"], webhook["disabled_at"] is None) == (False, False)
    (sent,) = boto3.client("sqs").receive_message(QueueUrl=bus)["Messages"]
    assert json.loads(sent["Body"])["detail"]["webhook_id"] == created["webhook_id"]


def test_a_secret_is_shown_only_when_it_is_created(functions):
    created = functions.subscribe()
    place = f"/{created['webhook_id']}"
    assert created["secret"].startswith("whsec_")
    status, rotated = functions.call("POST", f"{place}/secrets")
    assert (status, rotated["secret"] != created["secret"]) == (201, True)
    for path in ("", place):
        _, shown = functions.call("GET", path)
        assert created["secret"] not in json.dumps(shown)
        assert rotated["secret"] not in json.dumps(shown)
    assert [each["hint"] for each in rotated["secrets"]] == [rotated["secret"][-4:], created["secret"][-4:]]
    items = json.dumps(boto3.client("dynamodb").scan(TableName="webhooks")["Items"], default=str)
    assert created["secret"] not in items


def test_a_test_event_shows_the_result_in_the_log(functions):
    created = functions.subscribe()
    status, sent = functions.call("POST", f"/{created['webhook_id']}/test")
    assert (status, sent["kind"], sent["state"]) == (202, "webhooks.tested", "pending")
    functions.drain()
    _, delivery = functions.call("GET", f"/{created['webhook_id']}/deliveries/{sent['delivery_id']}")
    assert delivery["state"] == "delivered"


INVALID = (
    ({"url": "http://a.example/h", "kinds": ["batches.completed"]}, "url"),
    ({"url": "https://127.0.0.1/h", "kinds": ["batches.completed"]}, "url"),
    ({"url": "https://user@a.example/h", "kinds": ["batches.completed"]}, "url"),
    ({"url": "https://a.example/h", "kinds": []}, "kinds"),
    ({"url": "https://a.example/h", "kinds": ["batches.completed"] * 2}, "kinds"),
    ({"url": "https://a.example/h", "kinds": ["webhooks.endpoint_disabled"]}, "kinds.0"),
    ({"url": "https://a.example/h", "kinds": ["batches.completed"], "label": "x" * 81}, "label"),
)


def test_a_webhook_that_breaks_a_rule_is_refused_with_its_field(functions):
    for body, field in INVALID:
        status, problem = functions.call("POST", body=body)
        assert (status, [error["field"] for error in problem["errors"]]) == (422, [field]), body


def test_a_tenant_has_at_most_twenty_webhooks(functions):
    body = {"url": "https://a.example/h", "kinds": ["batches.completed"]}
    statuses = [functions.call("POST", body=body)[0] for _ in range(MAX_WEBHOOKS + 1)]
    assert statuses == [201] * MAX_WEBHOOKS + [409]
    assert functions.call("POST", body=body, tenant="globex")[0] == 201


def test_operators_manage_the_webhooks_of_the_deployment(functions):
    created = functions.subscribe("alerts.raised", role="operator")
    assert functions.call("GET", role="admin") == (200, {"items": []})
    functions.publish(kind="alerts.raised", tenant="_operators")
    functions.drain()
    assert len(functions.vendors.receiver.received) == 1
    assert functions.call("GET", f"/{created['webhook_id']}", role="operator")[0] == 200


def test_pages_of_deliveries_follow_their_cursor(functions):
    created = functions.subscribe()
    for number in range(3):
        functions.publish(number)
    place, query, seen = f"/{created['webhook_id']}/deliveries", {"limit": "2"}, []
    while query:
        _, page = functions.call("GET", place, query=query)
        seen += [item["event_id"] for item in page["items"]]
        query = {"limit": "2", "cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert len(set(seen)) == 3


def test_a_redirect_is_not_followed(functions):
    created = functions.subscribe()
    functions.vendors.script("receiver", faults.redirect(functions.url))
    functions.publish()
    functions.drain()
    assert functions.vendors.count("receiver") == 1
    (delivery,) = functions.call("GET", f"/{created['webhook_id']}/deliveries")[1]["items"]
    assert (delivery["state"], delivery["attempts"][0]["status"]) == ("pending", 302)


def test_an_endless_answer_costs_one_attempt_and_little_memory(functions):
    created = functions.subscribe()
    functions.vendors.script("receiver", faults.huge)
    functions.publish()
    tracemalloc.start()
    functions.drain()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (delivery,) = functions.call("GET", f"/{created['webhook_id']}/deliveries")[1]["items"]
    assert len(delivery["answer"]) <= 1_024
    assert len(delivery["attempts"]) == 1
    assert peak <= 8 << 20


@pytest.fixture
def webhooks(called, clock, monkeypatch):
    """The functions, with the actions of their calls."""
    with serving() as vendors:
        functions = WebhookFunctions(monkeypatch, vendors)
        yield functions, functions.subscribe(), called[0]


def test_the_webhooks_api_calls_exactly_the_granted_actions(webhooks):
    from functions.webhooks_api.handler import lambda_handler

    functions, created, actions = webhooks
    functions.publish()
    place, key = f"{WEBHOOKS}/{created['webhook_id']}", {"headers": {"Idempotency-Key": "k"}}
    actions.clear()
    process.forget()
    requests = [
        ("POST", WEBHOOKS, {"body": {"url": functions.url, "kinds": ["scoring.abstained"]}, **key}, 201),
        ("POST", f"{place}/replay", {"body": {"since": "2099"}, "headers": {"Idempotency-Key": "x"}}, 422),
        ("GET", WEBHOOKS, {}, 200),
        ("POST", f"{place}/test", {}, 202),
        ("GET", f"{place}/deliveries", {"query": {"limit": "1"}}, 200),
        ("POST", f"{place}/secrets", {}, 201),
        ("DELETE", place, {}, 204),
    ]
    assert answers(lambda_handler, requests, role="admin") == requests
    assert actions == granted("WebhooksApi") | {TRANSACTION}


def test_the_webhooks_worker_calls_exactly_the_granted_actions(webhooks, clock):
    functions, _, actions = webhooks
    sample = json.loads((ROOT / "events" / "webhooks_delivery.json").read_text())
    from functions.webhooks_delivery.handler import lambda_handler

    process.forget()
    actions.clear()
    assert lambda_handler(sample, Context()) == {"batchItemFailures": []}
    fail_for_days(functions, clock)
    taken = {f"sqs:{call}" for call in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")}
    assert actions | taken == granted("WebhooksDelivery")


def test_the_webhooks_sweep_calls_exactly_the_granted_actions(webhooks, clock):
    functions, created, actions = webhooks
    functions.publish()
    store = DynamoWebhooks(boto3.client("dynamodb"), "webhooks")
    failing = store.get("acme", created["webhook_id"])
    for moment in (clock() - timedelta(days=6), clock(), clock()):
        failing = failing.record_failure(moment, is_last=True)
        store.write("acme", failing)
    process.forget()
    actions.clear()
    assert functions.sweep() == {"sent": 1, "notified": 1}
    assert actions == granted("WebhooksSweep")
