"""Errors in logs become groups, alerts and answers: the deployed intake and the deployed API."""

import base64
import gzip
import json
from datetime import timedelta

import boto3
import pytest

from tests.functions.rights import ROOT, TRANSACTION, answers, granted
from tests.support.gateway import Context, event
from tests.support.log_lines import KILLED, REQUEST_ID, TIMED_OUT, UNHANDLED, batch, delivery, line_of
from tests.support.vendors import server
from tests.support.vendors.sentry import PUBLIC_KEY
from vigil.bootstrap import process
from vigil.errors import Unavailable, UnreadableMessage
from vigil.operations.failures.log_lines_model import read_batch
from vigil.operations.failures.store import DynamoFailures

PATH = "/v1/failures"
OPERATOR = {"tenant": "vendor", "role": "operator"}
CANARY = "jane-roe-0712345678"
ENDPOINTS = [("GET", ""), ("GET", "/x"), *(("POST", f"/x/{change}") for change in ("resolve", "ignore", "reopen"))]


@pytest.fixture
def intake(clock, published):
    """Return a function that delivers lines of a log stream to the deployed intake."""
    from functions.failures_intake.handler import lambda_handler

    def deliver(*lines, **named):
        return lambda_handler(delivery(batch(*lines, **named)), Context())

    return deliver


@pytest.fixture
def api(clock, published):
    """Return a function that sends a request of an operator to the deployed API."""
    from functions.failures_api.handler import lambda_handler

    def call(method, path="", **kwargs):
        answer = lambda_handler(event(method, PATH + path, **OPERATOR | kwargs), Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


@pytest.fixture
def told(monkeypatch, published):
    """Return the events of the bus, in the order of their publication."""
    from vigil.alerting.events.store import EventBridgeBus

    events, publish = [], EventBridgeBus.publish

    def recorded(bus, found):
        events.extend((each.kind, json.loads(each.detail)) for each in found)
        return publish(bus, found)

    monkeypatch.setattr(EventBridgeBus, "publish", recorded)
    return events


def fails():
    error = KeyError(CANARY)
    error.add_note(CANARY)
    raise error from ValueError(CANARY)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_anonymous_and_keys_of_tenants_are_refused(api, method, path):
    assert api(method, path, tenant=None)[0] == 401
    for role in ("viewer", "member", "admin"):
        assert api(method, path, tenant="acme", role=role)[0] == 403


@pytest.mark.parametrize(("method", "path"), ENDPOINTS[1:])
def test_an_unknown_failure_is_not_found(api, method, path):
    assert api(method, path)[0] == 404


def test_the_sample_delivery_becomes_two_groups(api, clock, published):
    from functions.failures_intake.handler import lambda_handler

    sample = json.loads((ROOT / "events" / "failures_intake.json").read_text())
    for _ in range(2):
        assert lambda_handler(sample, Context()) == {"failures": 2}
    items = api("GET")[1]["items"]
    assert [(each["kind"], each["title"], each["count"]) for each in items] == [
        ("timeout", "timeout in vigil-scoring-api", 1),
        ("exception", "KeyError in vigil.decisions.scoring.service:Scoring.score", 1),
    ]


def test_a_failure_shows_its_place_and_its_requests(api, intake):
    intake(*[line_of(fails)] * 12)
    (listed,) = api("GET")[1]["items"]
    shown = api("GET", f"/{listed['id']}")[1]
    assert (shown["classes"], shown["count"], shown["state"]) == (["KeyError", "ValueError"], 12, "open")
    assert (len(shown["occurrences"]), shown["functions"]) == (10, {"vigil-scoring-api": 5})
    assert shown["occurrences"][0] == {
        "at": "2026-11-21T05:00:00.011000Z",
        "function": "vigil-scoring-api",
        "function_version": 5,
        "request_id": REQUEST_ID,
        "correlation_id": REQUEST_ID,
        "tenant_id": "acme",
        "route": "/v1/scores",
        "problem": "internal-error",
    }


def test_lists_are_paged_by_state(api, intake):
    for n in range(3):
        intake(TIMED_OUT, function=f"f{n}", after=timedelta(minutes=n))
    first = api("GET", query={"limit": "2"})[1]
    second = api("GET", query={"limit": "2", "cursor": first["next_cursor"]})[1]
    titles = [each["title"] for each in (*first["items"], *second["items"])]
    assert titles == ["timeout in f2", "timeout in f1", "timeout in f0"]
    assert second["next_cursor"] is None
    assert api("GET", query={"state": "resolved", "cursor": first["next_cursor"]})[0] == 400
    assert api("GET", query={"state": "closed"})[0] == 422


def test_a_resolved_failure_regresses_in_a_later_version_only(api, intake, told):
    intake(TIMED_OUT, version=4)
    failure = api("GET")[1]["items"][0]["id"]
    status, shown = api("POST", f"/{failure}/resolve")
    assert (status, shown["state"], shown["fixed_in"]) == (200, "resolved", {"vigil-scoring-api": 5})
    assert shown["changed_by"] == "operator:0123456789abcdef"
    intake(TIMED_OUT, version=4, first=1)
    assert api("GET", f"/{failure}")[1]["state"] == "resolved"
    for n in (2, 3):
        intake(TIMED_OUT, version=5, first=n)
    shown = api("GET", f"/{failure}")[1]
    assert (shown["state"], shown["generation"], shown["count"]) == ("open", 2, 2)
    assert [kind for kind, _ in told] == ["failures.found", "failures.regressed"]


def test_an_ignored_failure_counts_and_a_reopened_one_alerts(api, intake, told):
    intake(TIMED_OUT)
    failure = api("GET")[1]["items"][0]["id"]
    assert api("POST", f"/{failure}/ignore")[1]["state"] == "ignored"
    intake(*[TIMED_OUT] * 20, first=1)
    assert (api("GET", f"/{failure}")[1]["count"], len(told)) == (21, 1)
    assert api("POST", f"/{failure}/reopen")[1]["state"] == "open"
    intake(TIMED_OUT, first=21)
    assert [detail["is_frequent"] for _, detail in told] == [False, True]


def test_a_change_with_one_key_is_made_once(api, intake):
    intake(TIMED_OUT)
    failure = api("GET")[1]["items"][0]["id"]
    headers = {"Idempotency-Key": "k"}
    found = [api("POST", f"/{failure}/resolve", headers=headers) for _ in range(2)]
    assert found[0] == found[1]


def test_texts_of_errors_are_in_no_item_event_answer_and_line(api, intake, told, caplog):
    canaries = [
        UNHANDLED.replace("'secret'", CANARY),
        line_of(fails),
        TIMED_OUT.replace("Task", f"{CANARY} Task"),
        f"[ERROR] {CANARY}",
        json.dumps(json.loads(line_of(fails)) | {"route": f"/v1/{CANARY}@x", "note": CANARY, "message": CANARY}),
    ]
    intake(*canaries)
    listed = api("GET")[1]
    shown = [api("GET", f"/{each['id']}")[1] for each in listed["items"]]
    items = boto3.client("dynamodb").scan(TableName="failures")["Items"]
    written = [vars(record) for record in caplog.records]
    assert len(shown) == 2
    assert CANARY not in json.dumps([listed, shown, items, told, written], default=str)


def test_the_line_of_a_failed_request_names_its_cause_and_place(api, monkeypatch, caplog):
    def away(*_):
        raise Unavailable("The table did not answer.") from TimeoutError(CANARY)

    monkeypatch.setattr(DynamoFailures, "find", away)
    assert api("GET", "/x")[0] == 503
    (line,) = (record for record in caplog.records if record.message == "request")
    (found,) = read_batch(batch(json.dumps({"level": line.levelname} | line.fields)))
    assert (found.signature.classes, found.signature.problem) == (("Unavailable", "TimeoutError"), "unavailable")
    assert found.signature.frames[-1] == "vigil.operations.failures.service:Failures.get"
    assert found.last.route == "/v1/failures/{failure_id}"


def test_a_test_message_of_the_subscription_is_ignored(clock, published):
    from functions.failures_intake.handler import lambda_handler

    control = {"messageType": "CONTROL_MESSAGE", "logEvents": []}
    data = base64.b64encode(gzip.compress(json.dumps(control).encode())).decode()
    assert lambda_handler({"awslogs": {"data": data}}, Context()) == {"failures": 0}


@pytest.mark.parametrize("data", ["", "!", base64.b64encode(b"no gzip").decode(), None])
def test_an_unreadable_delivery_fails(clock, published, data):
    from functions.failures_intake.handler import lambda_handler

    with pytest.raises(UnreadableMessage):
        lambda_handler({"awslogs": {"data": data}}, Context())


def test_a_delivery_without_the_bus_fails_and_its_repetition_publishes(intake, told, monkeypatch):
    from vigil.alerting.events.store import EventBridgeBus

    with monkeypatch.context() as away:
        away.setattr(EventBridgeBus, "publish", lambda _, events: [each.event_id for each in events])
        with pytest.raises(Unavailable):
            intake(TIMED_OUT)
    intake(TIMED_OUT)
    assert [kind for kind, _ in told] == ["failures.found"]


def test_a_finding_reaches_sentry_with_names_of_code_and_ids_only(intake, monkeypatch):
    with server.serving() as vendors:
        monkeypatch.setenv("VIGIL_SENTRY_DSN", f"http://{PUBLIC_KEY}@127.0.0.1:{vendors.port}/sentry/42")
        monkeypatch.setenv("VIGIL_OUTBOUND_ALLOW", f"127.0.0.1:{vendors.port}")
        process.forget()
        intake(line_of(fails))
        (sent,) = vendors.sentry.events
    assert [each["type"] for each in sent["exception"]["values"]] == ["ValueError", "KeyError"]
    assert (sent["level"], sent["tags"]["request_id"]) == ("warning", REQUEST_ID)
    assert CANARY not in json.dumps(sent)


def test_sentry_away_loses_the_finding_there_only(intake, told, monkeypatch, caplog):
    monkeypatch.setenv("VIGIL_SENTRY_DSN", f"http://{PUBLIC_KEY}@127.0.0.1:9/42")
    monkeypatch.setenv("VIGIL_OUTBOUND_ALLOW", "127.0.0.1:9")
    process.forget()
    assert intake(KILLED) == {"failures": 1}
    assert [kind for kind, _ in told] == ["failures.found"]
    assert [record.message for record in caplog.records if record.message == "FindingsLost"] == ["FindingsLost"]


def test_the_role_of_the_intake_grants_its_calls_only(called, clock, monkeypatch):
    from functions.failures_intake.handler import lambda_handler

    with server.serving() as vendors:
        monkeypatch.setenv("VIGIL_SENTRY_DSN", f"http://{PUBLIC_KEY}@127.0.0.1:{vendors.port}/sentry/42")
        monkeypatch.setenv("VIGIL_OUTBOUND_ALLOW", f"127.0.0.1:{vendors.port}")
        process.forget()
        actions, _ = called
        actions.clear()
        for n in range(3):
            lambda_handler(delivery(batch(*[TIMED_OUT] * 12, first=12 * n, after=timedelta(minutes=n))), Context())
            clock.advance(seconds=30)  # a later exchange stores the counts of the circuit
    assert actions - {TRANSACTION} == granted("FailuresIntake")


def test_the_role_of_the_api_grants_its_calls_only(called, clock):
    from functions.failures_api.handler import lambda_handler
    from functions.failures_intake.handler import lambda_handler as deliver

    found = batch(TIMED_OUT)
    deliver(delivery(found), Context())
    actions, _ = called
    actions.clear()
    requests = [
        ("GET", PATH, {"query": {"limit": "1"}}, 200),
        ("POST", f"{PATH}/nobody/resolve", {"headers": {"Idempotency-Key": "k"}}, 404),
    ]
    assert answers(lambda_handler, requests, **OPERATOR) == requests
    failure = json.loads(lambda_handler(event("GET", PATH, **OPERATOR), Context())["body"])["items"][0]["id"]
    for change in ("resolve", "reopen"):
        request = event("POST", f"{PATH}/{failure}/{change}", headers={"Idempotency-Key": change}, **OPERATOR)
        assert lambda_handler(request, Context())["statusCode"] == 200
    needed = granted("FailuresApi") - {"secretsmanager:GetSecretValue"}  # a list of one page needs no cursor
    assert actions == needed


def test_the_sample_event_of_the_api_is_accepted(clock, published):
    from functions.failures_api.handler import lambda_handler

    sample = json.loads((ROOT / "events" / "failures_api.json").read_text())
    assert lambda_handler(sample, Context())["statusCode"] == 200
