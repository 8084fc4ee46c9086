"""Deployed wiring of budgets: set over HTTP, enforced by the ledger, published to the bus."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import access, money, process, stores
from vigil.kernel.tenants import PERMISSIONS
from vigil.money.usage.model import UsageEntry
from vigil.money.usage.stream_entries import decision_entry

SCORE = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}
NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@pytest.fixture
def clock(published, monkeypatch):
    """Clock of every function; calling it advances the time."""
    moment = [NOW]
    monkeypatch.setattr(process, "now", lambda: moment[0])
    for tenant in ("acme", "globex"):
        access.tenants().create(tenant, "ENTERPRISE")
    process.forget()

    def advance(**by):
        moment[0] += timedelta(**by)

    return advance


@pytest.fixture
def ask(clock):
    from functions.costs_api.handler import lambda_handler

    def call(method, path="", body=None, role="admin", **more):
        answer = lambda_handler(event(method, f"/v1/budgets{path}", body=body, role=role, **more), Context())
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    return call


@pytest.fixture
def score(clock):
    """Score as a tenant with its current limits from the authorizer."""
    from functions.scoring_api.handler import lambda_handler

    def call(key):
        limits = access.tenants().get("acme").limits.to_context()
        request = event("POST", "/v1/scores", body=SCORE, headers={"Idempotency-Key": key}, **limits)
        answer = lambda_handler(request, Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


def spend(micros, hour="2026-11-21T05"):
    """Add usage of webhooks that costs this many micros."""
    stores.usage().add([UsageEntry("acme", f"evt_{hour}_{micros}", hour, {"webhooks": 5 * micros})])


def count_ledger():
    """Count every decision, as the stream does."""
    rows = boto3.client("dynamodb").scan(TableName="decisions")["Items"]
    stores.usage().add([decision_entry(row) for row in rows])


def test_a_budget_is_set_read_changed_and_deleted(ask):
    spend(850)
    status, put = ask("PUT", "/third_party/month", {"limit_micros": 1_000})
    assert (status, put) == (201, ask("GET", "/third_party/month")[1])
    assert put == {
        "category": "third_party",
        "period": "month",
        "limit_micros": 1_000,
        "thresholds": [80, 100],
        "hard_stop": False,
        "changed_at": "2026-11-21T12:30:00.000000Z",
        "changed_by": "0123456789abcdef",
        "span": "2026-11",
        "spent_micros": 850,
        "share": 85.0,
        "alerts": [],
        "left_micros": None,
        "projected": None,
    }
    assert ask("PUT", "/third_party/month", {"limit_micros": 2_000, "thresholds": [50]})[0] == 200
    assert ask("PUT", "/total/day", {"limit_micros": 5})[0] == 201
    listed = ask("GET")[1]["items"]
    assert [(item["category"], item["period"], item["share"]) for item in listed] == [
        ("third_party", "month", 42.5),
        ("total", "day", 17_000.0),
    ]
    assert [ask("DELETE", "/total/day")[0] for _ in range(2)] == [204, 204]
    assert ask("GET", "/total/day")[0] == 404


def test_another_tenant_sees_nothing_and_only_admins_set_budgets(ask):
    ask("PUT", "/total/month", {"limit_micros": 1})
    assert ask("GET", tenant="globex") == (200, {"currency": "USD", "items": []})
    assert ask("GET", "/total/month", tenant="globex")[0] == 404
    assert ask("DELETE", "/total/month", tenant="globex")[0] == 204
    assert ask("GET", "/total/month")[0] == 200
    assert ask("GET", tenant=None)[0] == 401
    for role, permissions in PERMISSIONS.items():
        allowed = "budgets:write" in permissions
        assert (ask("PUT", "/total/month", {"limit_micros": 1}, role=role)[0] == 200) == allowed
        assert (ask("GET", role=role)[0] == 200) == ("costs:read" in permissions)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/total/month", {"limit_micros": 0}, "limit_micros"),
        ("/total/month", {"limit_micros": 1.5}, "limit_micros"),
        ("/total/month", {"limit_micros": 1, "thresholds": [100, 80]}, "thresholds"),
        ("/total/month", {"limit_micros": 1, "thresholds": [True]}, "thresholds.0"),
        ("/total/month", {"limit_micros": 1, "hard_stop": "yes"}, "hard_stop"),
        ("/storage/month", {"limit_micros": 1, "hard_stop": True}, "hard_stop"),
        ("/total/week", {"limit_micros": 1}, "period"),
        ("/coffee/month", {"limit_micros": 1}, "category"),
        ("/total/month", {"limit_micros": 1, "currency": "EUR"}, "currency"),
    ],
)
def test_an_invalid_field_is_named(ask, path, body, field):
    status, problem = ask("PUT", path, body)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_a_hard_stop_refuses_with_402_writes_nothing_and_replays(ask, score):
    status, put = ask("PUT", "/inference/month", {"limit_micros": 2_500, "hard_stop": True})
    assert (status, put["left_micros"]) == (201, 2_500)
    assert [score(f"k-{number}")[0] for number in range(3)] == [201, 201, 402]
    problem = score("k-9")[1]
    assert problem["type"] == "urn:vigil:problem:budget-exhausted"
    assert problem["violated-policies"] == ["inference/month"]
    assert "leaves 500 micro-dollars; this needs 1000" in problem["detail"]
    assert score("k-1")[0] == 200
    assert len(boto3.client("dynamodb").scan(TableName="decisions")["Items"]) == 2
    count_ledger()
    money.budget_checks().run("acme")
    found = ask("GET", "/inference/month")[1]
    assert (found["spent_micros"], found["left_micros"]) == (2_000, 500)
    ask("PUT", "/inference/month", {"limit_micros": 2_500})
    assert score("k-9")[0] == 201


def test_other_spend_counts_against_the_total_after_the_next_check(ask, score):
    ask("PUT", "/total/day", {"limit_micros": 10_000, "hard_stop": True})
    assert score("k-1")[0] == 201
    spend(8_500)
    assert money.budget_checks().run("acme") == 1
    count_ledger()
    money.budget_checks().run("acme")
    assert ask("GET", "/total/day")[1]["left_micros"] == 500
    assert score("k-2")[0] == 402


def test_predictions_before_the_hard_stop_count_after_the_next_check(ask, score):
    assert [score(f"k-{number}")[0] for number in range(3)] == [201] * 3
    assert ask("PUT", "/inference/month", {"limit_micros": 4_000, "hard_stop": True})[1]["left_micros"] == 4_000
    assert score("k-3")[0] == 201
    count_ledger()
    money.budget_checks().run("acme")
    assert ask("GET", "/inference/month")[1]["left_micros"] == 0
    assert score("k-4")[0] == 402


def test_an_alert_is_published_once_and_shown(ask, clock, monkeypatch):
    sent = []
    client = process.client("events")
    monkeypatch.setattr(
        client,
        "put_events",
        lambda **sending: sent.extend(sending["Entries"]) or {"Entries": [{}] * len(sending["Entries"])},
    )
    ask("PUT", "/third_party/month", {"limit_micros": 1_000})
    spend(900)
    assert [money.budget_checks().run("acme") for _ in range(3)] == [1, 0, 0]
    clock(hours=1)
    spend(200)
    assert money.budget_checks().run("acme") == 1
    assert [(entry["Source"], entry["DetailType"]) for entry in sent] == [
        ("vigil.costs", "budgets.threshold_reached"),
        ("vigil.costs", "budgets.threshold_reached"),
    ]
    assert [json.loads(entry["Detail"])["threshold"] for entry in sent] == [80, 100]
    alerts = ask("GET", "/third_party/month")[1]["alerts"]
    assert [(alert["threshold"], alert["spent_micros"], alert["state"]) for alert in alerts] == [
        (80, 900, "sent"),
        (100, 1_100, "sent"),
    ]


def test_calls_count_against_a_total_hard_stop_after_the_next_check(ask, score):
    from functions.costs_checks.handler import lambda_handler

    assert ask("PUT", "/total/month", {"limit_micros": 2_000, "hard_stop": True})[1]["left_micros"] == 2_000
    assert score("k-0")[0] == 201
    assert lambda_handler({}, Context(270_000))["failed"] == 0
    assert ask("GET", "/total/month")[1]["left_micros"] == 800  # one prediction and two calls of 100 each
    status, problem = score("k-1")
    assert (status, problem["violated-policies"]) == (402, ["total/month"])
