"""Deployed wiring of anomalies and projections: usage in, anomalies and projections out."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.aws_calls import replace_calls
from tests.support.gateway import Context, event
from vigil.bootstrap import money, process, stores
from vigil.money.costs.model import CATEGORIES
from vigil.money.usage.model import UsageEntry

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@pytest.fixture
def ask(published, monkeypatch):
    monkeypatch.setattr(process, "now", lambda: NOW)
    from functions.costs_api.handler import lambda_handler

    def call(path, query=None, **arguments):
        answer = lambda_handler(event("GET", f"/v1/costs/{path}", query=query, **arguments), Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


def live(days, tenant="acme", predictions=100):
    """Add the same usage to every sixth hour of the last `days` days and of today."""
    first = NOW.replace(hour=0, minute=0) - timedelta(days=days)
    hours = [f"{first + timedelta(hours=6 * number):%Y-%m-%dT%H}" for number in range(4 * days + 3)]
    for start in range(0, len(hours), 40):
        entries = [
            UsageEntry(tenant, f"dec_{hour}", hour, {"predictions": predictions}) for hour in hours[start : start + 40]
        ]
        stores.usage().add(entries)


def test_an_anomaly_is_listed_and_published_once(ask, monkeypatch):
    live(days=35)
    stores.usage().add([UsageEntry("acme", "dec_much", "2026-11-21T12", {"predictions": 50_000})])
    sent = []

    def noting(make, service, operation, arguments):
        sent.extend(arguments["Entries"])
        return make(operation, arguments)

    replace_calls(monkeypatch, noting, process.client("events"))
    assert [money.anomaly_checks().run("acme") for _ in range(2)] == [1, 0]
    assert [(entry["Source"], entry["DetailType"]) for entry in sent] == [("vigil.costs", "spend.anomaly_found")]
    status, answer = ask("anomalies", {"period": "2026-11"})
    assert status == 200
    (found,) = answer["items"]
    assert (found["anomaly_id"], found["category"], found["began"]) == ("inference-1", "inference", "2026-11-21T12")
    assert found["spent_micros"] == 50_100_000
    assert found["expected_micros"] < found["bound_micros"] < found["spent_micros"]
    watched = {row["category"]: row["status"] for row in answer["watch"]}
    assert watched == dict.fromkeys(CATEGORIES, "not_enough_history") | {"inference": "watched"}
    assert ask("anomalies", {"period": "2026-10"})[1]["items"] == []
    assert ask("anomalies", {"period": "2026-11", "category": "storage"})[1]["items"] == []


def test_a_projection_has_the_spend_and_the_interval_of_the_month(ask):
    live(days=35)
    status, answer = ask("projection")
    assert (status, answer["level"], answer["currency"]) == (200, 0.9, "USD")
    ends = {item["category"]: item for item in answer["items"]}
    assert set(ends) == {*CATEGORIES, "total"}
    spent = ends["total"]["spent_micros"]
    assert spent == (20 * 4 + 3) * 100_000
    assert spent < ends["total"]["low_micros"] <= ends["total"]["middle_micros"] <= ends["total"]["high_micros"]
    assert ends["total"]["middle_micros"] == pytest.approx(30 * 4 * 100_000, rel=0.02)
    assert ends["storage"]["middle_micros"] is None
    assert [item["category"] for item in ask("projection", {"category": "total"})[1]["items"]] == ["total"]


def test_other_tenants_see_no_anomalies_and_projections(ask):
    live(days=35)
    assert {item["spent_micros"] for item in ask("projection", tenant="globex")[1]["items"]} == {0}
    assert {row["status"] for row in ask("anomalies", tenant="globex")[1]["watch"]} == {"not_enough_history"}
    for path in ("anomalies", "projection"):
        assert ask(path, tenant=None)[0] == 401


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("anomalies", {"period": "2026-13"}, "period"),
        ("anomalies", {"category": "total"}, "category"),
        ("projection", {"category": "all"}, "category"),
    ],
)
def test_a_malformed_query_is_refused_by_field(ask, path, query, field):
    status, problem = ask(path, query)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
