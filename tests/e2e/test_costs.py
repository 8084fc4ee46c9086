"""Costs through the public API and the queue: duplicates are billed once, and sums equal their lines."""

import csv
import io
import json
import time
import uuid
from datetime import UTC, datetime

import pytest

from tests.e2e.clients import http
from vigil.workers.queues import Message, SqsQueue

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def name(cli):
    """Id of a tenant that only this module uses."""
    tenant_id = f"billed-{uuid.uuid4().hex[:8]}"
    cli("tenants", "create", tenant_id, "--tier", "ENTERPRISE")
    return tenant_id


@pytest.fixture(scope="module")
def admin(name, caller):
    return caller(name, "admin")


def event(number, **amounts):
    told = {"specversion": "1.0", "type": "vigil.usage", "source": "/assistant", "id": f"answer-{number}"}
    return told | {"time": datetime.now(UTC).isoformat(), "data": amounts}


def report(client, *events):
    return client.post("/v1/usage-events", json=list(events)).raise_for_status().json()


def costs_when(admin, done):
    """Return the lines of this month by meter as soon as `done` is true of them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done(told := {line["meter"]: line for line in admin.get("/v1/costs").raise_for_status().json()["items"]}):
        assert time.monotonic() < deadline, told
        time.sleep(0.5)
    return told


def test_usage_reported_by_http_and_by_queue_is_billed_once(stack, aws, admin, name):
    first = report(admin, event(1, llm_input_tokens=1_000_000), event(2, emails=-1))
    assert [item["outcome"] for item in first["items"]] == ["counted", "rejected"]
    again = report(admin, event(1, llm_input_tokens=1_000_000), event(3, sms_messages=2))
    assert [item["outcome"] for item in again["items"]] == ["duplicate", "counted"]
    sqs = aws("sqs")
    queue = SqsQueue(sqs, sqs.get_queue_url(QueueName=f"{stack.stack_name}-usage-events")["QueueUrl"])
    body = json.dumps([event(3, sms_messages=2), event(4, emails=30)])
    queue.send([Message(f"e2e-{copy}", "usage.events", name, uuid.uuid4().hex, body) for copy in range(2)])
    lines = costs_when(admin, lambda lines: "emails" in lines)
    billed = {meter: (line["quantity"], line["micros"]) for meter, line in lines.items() if meter != "api_calls"}
    assert billed == {"llm_input_tokens": (1_000_000, 150_000), "sms_messages": (2, 15_800), "emails": (30, 3_000)}


def test_every_total_equals_the_sum_of_the_exported_lines(admin):
    report(admin, event(5, webhooks=7))
    exported = admin.get("/v1/costs/export").raise_for_status()
    assert exported.headers["content-type"].startswith("text/csv")
    total = sum(int(row["micros"]) for row in csv.DictReader(io.StringIO(exported.text)))
    for group in ("day", "category", "meter"):
        told = admin.get("/v1/costs", params={"group_by": group}).json()
        assert (told["total_micros"], sum(item["micros"] for item in told["items"])) == (total, total)


def test_costs_are_private_and_only_operators_set_prices(stack, admin, tenants):
    month = f"{datetime.now(UTC):%Y-%m}"
    assert "llm_input_tokens" not in {line["meter"] for line in tenants[1].get("/v1/costs").json()["items"]}
    assert admin.get("/v1/prices").json()["items"][0]["version"] == 1
    assert admin.post("/v1/prices", json={}).status_code == 403
    assert admin.get(f"/v1/costs/statements/{month}").status_code == 404  # the month is open
    with http(stack) as anonymous:
        assert anonymous.get("/v1/costs").status_code == 401


def test_a_new_tenant_has_no_anomalies_and_no_projection(admin):
    watched = admin.get("/v1/costs/anomalies").raise_for_status().json()
    assert watched["items"] == []
    assert {category["status"] for category in watched["watch"]} == {"not_enough_history"}
    assert {item["middle_micros"] for item in admin.get("/v1/costs/projection").json()["items"]} == {None}
