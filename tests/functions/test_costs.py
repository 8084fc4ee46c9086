"""Deployed wiring of costs: usage in; cost lines, statements and prices out."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import access, process, stores
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK
from vigil.money.usage.model import UsageEntry

BATCH = "application/cloudevents-batch+json"
NOVEMBER = {"period": "2026-11"}


@pytest.fixture
def clock(published, monkeypatch):
    """Clock of every function; calling it sets the time."""
    moment = [datetime(2026, 11, 21, 12, 30, tzinfo=UTC)]
    monkeypatch.setattr(process, "now", lambda: moment[0])

    def move(*date):
        moment[0] = datetime(*date, tzinfo=UTC)

    return move


def ask(handler, method, path, **arguments):
    answer = handler(event(method, path, **arguments), Context())
    body = answer["body"]
    return answer["statusCode"], json.loads(body) if "json" in answer["headers"]["content-type"] else body


@pytest.fixture
def costs(clock):
    from functions.costs_api.handler import lambda_handler

    def call(path="", query=None, method="GET", of=None, **arguments):
        whose = f"/v1/tenants/{of}" if of else "/v1"
        query = (query or {}) if path.startswith("/statements") else NOVEMBER | (query or {})
        return ask(lambda_handler, method, f"{whose}/costs{path}", query=query, **arguments)

    return call


@pytest.fixture
def prices(clock):
    from functions.costs_api.handler import lambda_handler

    def call(method="GET", **arguments):
        return ask(lambda_handler, method, "/v1/prices", **arguments)

    return call


@pytest.fixture
def report(clock):
    from functions.usage_api.handler import lambda_handler

    def call(*events, **arguments):
        sent = {"Content-Type": BATCH} | arguments.pop("headers", {})
        arguments = {"role": "producer"} | arguments
        return ask(lambda_handler, "POST", "/v1/usage-events", body=list(events), headers=sent, **arguments)

    return call


@pytest.fixture
def close(clock):
    from functions.costs_closing.handler import lambda_handler

    return lambda: lambda_handler({}, Context(900_000))


def used(hour="2026-11-21T05", tenant="acme", **amounts):
    stores.usage().add([UsageEntry(tenant, f"dec_{hour}_{sorted(amounts.items())}", hour, amounts)])


def cloud_event(number, time="2026-11-21T11:00:00Z", **amounts):
    event = {"specversion": "1.0", "type": "vigil.usage", "source": "/assistant", "id": f"e-{number}", "time": time}
    return event | {"data": amounts or {"llm_input_tokens": 2_000_000}}


def test_usage_is_priced_by_line_and_summed(costs):
    used(predictions=3, api_calls=7, charged=3)
    used("2026-11-22T23", predictions=1)
    status, answer = costs()
    assert (status, answer["period"], answer["state"], answer["currency"]) == (200, "2026-11", "open", "USD")
    assert [(item["day"], item["meter"], item["quantity"], item["micros"]) for item in answer["items"]] == [
        ("2026-11-21", "api_calls", 7, 700),
        ("2026-11-21", "predictions", 3, 3_000),
        ("2026-11-22", "predictions", 1, 1_000),
    ]
    assert answer["total_micros"] == 4_700
    groups = {by: costs(query={"group_by": by})[1]["items"] for by in ("day", "category", "meter")}
    assert {by: [(row[by], row["micros"]) for row in rows] for by, rows in groups.items()} == {
        "day": [("2026-11-21", 3_700), ("2026-11-22", 1_000)],
        "category": [("api_calls", 700), ("inference", 4_000)],
        "meter": [("api_calls", 700), ("predictions", 4_000)],
    }


def test_a_day_and_a_category_are_selected(costs):
    used(predictions=3, api_calls=7)
    used("2026-11-22T23", predictions=1)
    assert costs(query={"period": "2026-11-22"})[1]["total_micros"] == 1_000
    answer = costs(query={"category": "api_calls"})[1]
    assert (answer["total_micros"], [item["category"] for item in answer["items"]]) == (700, ["api_calls"])


def test_pages_have_every_line_once_and_cursors_fit_one_list_only(costs):
    for day in range(1, 8):
        used(f"2026-11-{day:02d}T00", predictions=day)
    found, cursor = [], {}
    while cursor is not None:
        answer = costs(query={"limit": "3", **cursor})[1]
        assert answer["total_micros"] == 28_000
        found += [item["quantity"] for item in answer["items"]]
        cursor = {"cursor": answer["next_cursor"]} if answer["next_cursor"] else None
    assert found == [1, 2, 3, 4, 5, 6, 7]
    cursor = costs(query={"limit": "3"})[1]["next_cursor"]
    assert costs(query={"cursor": cursor}, tenant="globex")[0] == 400
    assert costs(query={"cursor": cursor, "group_by": "day"})[0] == 400


def test_only_operators_read_the_costs_of_other_tenants(costs, report, close, clock):
    access.tenants().create("acme", "FREE")
    report(cloud_event(1))
    paths = ("", "/export", "/statements/2026-11")
    operator = {"tenant": "ops-team", "role": "operator"}
    clock(2026, 12, 4)
    close()
    theirs = {path: costs(path) for path in paths}
    assert {path: costs(path, of="acme", **operator) for path in paths} == theirs
    assert [theirs[path][1]["total_micros"] for path in ("", "/statements/2026-11")] == [300_000, 300_000]
    assert costs(of="acme") == costs()  # the tenant itself, by its id
    for path in paths:
        foreign, unknown, nobodys = (
            costs(path, of=of, **caller)
            for of, caller in (("acme", {"tenant": "globex"}), ("no-such", {"tenant": "globex"}), ("no-such", operator))
        )
        assert [answer[0] for answer in (foreign, unknown, nobodys)] == [404, 404, 404]
        assert foreign[1]["detail"] == unknown[1]["detail"] == nobodys[1]["detail"]
    assert costs(of="a" * 4_000, **operator)[0] == 404  # longer than any key of the database


def test_costs_of_other_tenants_are_not_shown(costs):
    used(predictions=3)
    assert costs(tenant="globex")[1]["items"] == []
    assert costs(tenant=None)[0] == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"period": "2026-13"}, "period"),
        ({"period": "2026-11-32"}, "period"),
        ({"period": "2026-02-30"}, "period"),
        ({"category": "all"}, "category"),
        ({"group_by": "tenant"}, "group_by"),
        ({"limit": "1001"}, "limit"),
    ],
)
def test_a_malformed_query_is_refused_by_field(costs, query, field):
    status, problem = costs(query=query)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_the_export_has_every_line_as_csv(costs):
    used(predictions=3, api_calls=7)
    status, text = costs("/export")
    assert status == 200
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["meter"], row["micros"], row["usd"]) for row in rows] == [
        ("api_calls", "700", "0.000700"),
        ("predictions", "3000", "0.003000"),
    ]


def test_reported_usage_is_counted_once_and_priced(report, costs):
    status, answer = report(cloud_event(1), cloud_event(2, emails=10), cloud_event(1))
    assert (status, answer["counted"], answer["duplicates"], answer["rejected"]) == (200, 2, 1, 0)
    assert [item["outcome"] for item in answer["items"]] == ["counted", "counted", "duplicate"]
    assert report(cloud_event(2, emails=10))[1]["duplicates"] == 1
    assert [(item["meter"], item["micros"]) for item in costs(query={"category": "third_party"})[1]["items"]] == [
        ("emails", 1_000),
        ("llm_input_tokens", 300_000),
    ]


def test_an_invalid_event_is_named_by_field_and_bound_only(report):
    status, answer = report(cloud_event(1), cloud_event(2, emails=-987_654_321), "Jane Doe")
    assert (status, answer["counted"], answer["rejected"]) == (200, 1, 2)
    assert answer["items"][1]["errors"][0]["field"] == "data.emails"
    assert answer["items"][1]["errors"][0]["bound"]
    assert "987654321" not in json.dumps(answer)
    assert "Jane" not in json.dumps(answer)


@pytest.mark.parametrize("count", [0, 101])
def test_a_report_has_1_to_100_events(report, count):
    status, problem = report(*(cloud_event(number) for number in range(count)))
    assert (status, problem["errors"][0]["field"]) == (422, "body")


def test_reporting_needs_a_permission(report):
    assert report(cloud_event(1), role="viewer")[0] == 403
    assert report(cloud_event(1), tenant=None)[0] == 401
    assert report(cloud_event(1), headers={"Content-Type": "text/plain"})[0] == 415


def test_queued_events_are_counted_like_requested_ones(report, costs):
    from functions.usage_events.handler import lambda_handler

    def message(*events):
        attributes = {"id": "m-1", "kind": "usage.events", "tenant_id": "acme", "correlation_id": "c-1"}
        return {
            "messageId": "m",
            "body": json.dumps(events),
            "attributes": {},
            "messageAttributes": {n: {"dataType": "String", "stringValue": t} for n, t in attributes.items()},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:usage-events",
        }

    report(cloud_event(1))
    sent = {"Records": [message(cloud_event(1), cloud_event(2)), message(cloud_event(3))]}
    for _ in range(2):
        assert lambda_handler(sent, Context()) == {"batchItemFailures": []}
    assert costs()[1]["total_micros"] == 3 * 300_000


def test_a_closed_month_is_stated_and_late_usage_is_adjusted(costs, report, close, clock):
    access.tenants().create("acme", "FREE")
    report(cloud_event(1))
    assert costs("/statements/2026-11")[0] == 404
    clock(2026, 12, 4)
    assert close() == {"tenants": 1, "failed": 0, "statements": 4, "adjustments": 0}
    status, stated = costs("/statements/2026-11")
    assert (status, stated["closed_at"], stated["total_micros"]) == (200, "2026-12-04T00:00:00.000000Z", 300_000)
    report(cloud_event(2))
    assert close() == {"tenants": 0, "failed": 0}  # once a day
    clock(2026, 12, 5, 3)
    assert close() == {"tenants": 1, "failed": 0, "statements": 0, "adjustments": 1}
    assert costs("/statements/2026-11")[1] == stated
    assert (costs()[1]["state"], costs()[1]["total_micros"]) == ("closed", 300_000)
    (late,) = costs(query={"period": "2026-12"})[1]["items"]
    assert (late["day"], late["adjusts"], late["micros"]) == ("2026-12-05", "2026-11", 300_000)


def test_no_month_is_closed_for_an_offboarding_tenant(close, clock):
    from vigil.access.tenants.service import TenantChange

    access.tenants().create("acme", "FREE")
    access.tenants().change("acme", TenantChange(status="offboarding"))
    assert close() == {"tenants": 0, "failed": 0}


def doubled(valid_from="2026-11-22T00:00:00Z"):
    prices = {price.meter: {"micros": 2 * price.micros, "per": price.per} for price in FIRST_PRICE_BOOK.prices}
    return {"valid_from": valid_from, "prices": prices}


def test_a_new_price_applies_from_its_hour_and_not_earlier(prices, costs):
    used("2026-11-21T23", predictions=1)
    status, book = prices("POST", body=doubled(), role="operator")
    assert (status, book["version"], book["valid_from"]) == (201, 2, "2026-11-22T00:00:00.000000Z")
    used("2026-11-22T00", predictions=1)
    assert [(item["price_version"], item["micros"]) for item in costs()[1]["items"]] == [(1, 1_000), (2, 2_000)]
    status, answer = prices()
    assert [book["version"] for book in answer["items"]] == [1, 2]
    assert answer["items"][0]["prices"]["api_calls"] == {"micros": 100, "per": 1, "category": "api_calls"}


def test_only_operators_publish_prices_ahead_and_complete(prices):
    assert prices("POST", body=doubled(), role="admin")[0] == 403
    for body, field in (
        (doubled("2026-11-21T13:00:00Z"), "valid_from"),
        (doubled("2026-11-22T00:30:00Z"), "valid_from"),
        ({**doubled(), "prices": {"emails": {"micros": 1}}}, "prices"),
        ({**doubled(), "prices": {**doubled()["prices"], "charged": {"micros": 1}}}, "prices"),
    ):
        status, problem = prices("POST", body=body, role="operator")
        assert (status, problem["errors"][0]["field"].partition(".")[0]) == (422, field)
    assert len(prices()[1]["items"]) == 1


def test_a_publication_repeated_with_its_key_has_no_effect(prices):
    for _ in range(2):
        assert prices("POST", body=doubled(), role="operator", headers={"Idempotency-Key": "k"})[0] == 201
    assert len(prices()[1]["items"]) == 2
