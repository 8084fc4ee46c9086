"""The API of circuit breakers as deployed, beside processes whose calls fail."""

import json
from datetime import timedelta
from random import Random
from types import SimpleNamespace

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import breakers, process
from vigil.errors import CircuitOpen
from vigil.outbound.breakers.model import CircuitId
from vigil.outbound.breakers.registry import CircuitBreakers
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.service import BreakerParts
from vigil.outbound.breakers.store import DynamoCircuits

PATH = "/v1/circuit-breakers"
CANARY = "https://hooks.example.org/T0001/jane-roe"
OPERATOR = {"tenant": "vendor", "role": "operator"}
WHY = {"reason": "Planned maintenance"}
ENDPOINTS = [("GET", PATH), ("GET", f"{PATH}/x"), ("POST", f"{PATH}/x/reset"), ("POST", f"{PATH}/x/open")]


@pytest.fixture
def api(clock, published):
    from functions.circuit_breakers_api.handler import lambda_handler

    def call(method, path="", **kwargs):
        if method == "POST":
            kwargs = {"body": WHY} | kwargs
        answer = lambda_handler(event(method, PATH + path, **{"role": "admin"} | kwargs), Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


def new_process():
    """Return the breakers of one more process with the store of the deployment."""
    store = DynamoCircuits(boto3.client("dynamodb"), "limits")
    parts = BreakerParts(store, breakers.circuit_events(), process.now, Random(1), BreakerRules())
    return CircuitBreakers(parts)


@pytest.fixture
def processes(clock, published):
    return [new_process() for _ in range(3)]


def call(breakers_of_process, name="pagerduty", status=200, tenant=None, **headers):
    """Return True if a call was made."""
    try:
        breakers_of_process.call(name, tenant, lambda: SimpleNamespace(status=status, headers=headers, url=CANARY))
    except CircuitOpen:
        return False
    return True


def fail(processes, clock, **named):
    """Let calls of all processes fail until the circuit is open."""
    for _ in range(4):
        for each in processes:
            call(each, status=500, **named)
        clock.advance(seconds=1.1)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_anonymous_is_refused(api, method, path):
    assert api(method, path.removeprefix(PATH), tenant=None)[0] == 401


def test_three_processes_share_the_state_that_the_api_shows(api, clock, processes):
    fail(processes, clock)
    assert [call(each) for each in processes] == [False, False, False]
    (shown,) = api("GET", role="viewer")[1]["items"]
    assert (shown["name"], shown["scope"], shown["state"], shown["forced"]) == (
        "pagerduty",
        "deployment",
        "open",
        False,
    )
    assert shown["opened_at"] < shown["retry_at"]
    assert shown["all_calls"]["failed"] >= 5
    assert api("GET", "/pagerduty", role="viewer") == (200, shown)


def test_a_reset_is_seen_by_all_processes_within_5_s(api, clock, processes):
    fail(processes, clock)
    status, shown = api("POST", "/pagerduty/reset", **OPERATOR)
    assert (status, shown["state"], shown["retry_at"]) == (200, "closed", None)
    clock.advance(seconds=5)
    assert [call(each) for each in processes] == [True, True, True]


def test_a_forced_circuit_refuses_calls_of_all_processes_until_its_reset(api, clock, processes):
    assert [call(each) for each in processes] == [True, True, True]
    assert api("POST", "/pagerduty/open", **OPERATOR)[1]["forced"] is True
    for _ in range(3):
        clock.advance(minutes=30)
        assert [call(each) for each in processes] == [False, False, False]
    api("POST", "/pagerduty/reset", **OPERATOR)
    clock.advance(seconds=5)
    assert [call(each) for each in processes] == [True, True, True]


def test_a_change_is_recorded_with_author_reason_and_time(api, clock, processes, caplog):
    call(processes[0])
    _, shown = api("POST", "/pagerduty/open", **OPERATOR)
    assert shown["last_change"] == {
        "name": "forced_open",
        "by": "operator:0123456789abcdef",
        "reason": "Planned maintenance",
        "at": "2026-03-01T12:00:00.000000Z",
    }
    (line,) = (vars(record) for record in caplog.records if record.message == "circuit_changed")
    assert (line["circuit"], line["change"], line["by"]) == ("pagerduty", "forced_open", "operator:0123456789abcdef")
    assert "reason" not in line
    assert api("GET", "/pagerduty")[1]["last_change"] is None  # of the deployment, for operators only


def test_only_operators_change_circuits_of_the_deployment(api, clock, processes):
    call(processes[0])
    for role in ("viewer", "member", "admin"):
        for change in ("reset", "open"):
            assert api("POST", f"/pagerduty/{change}", role=role)[0] == 403
    assert api("GET", "/pagerduty")[1]["state"] == "closed"


def test_a_tenant_sees_and_changes_its_own_endpoints_only(api, clock, processes):
    fail(processes, clock, name="webhook:w-1", tenant="acme")
    assert [each["name"] for each in api("GET")[1]["items"]] == ["webhook:w-1"]
    assert api("GET", tenant="globex")[1]["items"] == []
    for method, path in (("GET", ""), ("POST", "/reset"), ("POST", "/open")):
        assert api(method, f"/webhook:w-1{path}", tenant="globex")[0] == 404
        assert api(method, f"/webhook:w-1{path}", **OPERATOR)[0] == 404
    assert api("POST", "/webhook:w-1/reset", role="member")[0] == 403
    status, shown = api("POST", "/webhook:w-1/reset")
    assert (status, shown["scope"], shown["state"]) == (200, "tenant", "closed")
    assert shown["last_change"]["by"] == "admin:0123456789abcdef"


def test_an_unknown_circuit_is_not_found(api):
    assert api("GET", "/nobody")[0] == 404
    for change in ("reset", "open"):
        assert api("POST", f"/nobody/{change}", **OPERATOR)[0] == 404


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "a\nb"}, WHY | {"more": 1}])
def test_a_change_needs_a_reason_of_one_line(api, clock, processes, body):
    call(processes[0])
    status, problem = api("POST", "/pagerduty/open", body=body, **OPERATOR)
    assert (status, len(problem["errors"])) == (422, 1)
    assert api("GET", "/pagerduty")[1]["state"] == "closed"


def test_a_repeated_change_with_one_key_has_one_effect(api, clock, processes):
    call(processes[0])
    circuits = DynamoCircuits(boto3.client("dynamodb"), "limits")
    answers = [api("POST", "/pagerduty/open", headers={"Idempotency-Key": "k"}, **OPERATOR) for _ in range(2)]
    assert answers[0] == answers[1]
    assert circuits.get(CircuitId("pagerduty")).epoch == 1


def test_a_paused_vendor_is_shown_as_closed(api, clock, processes):
    call(processes[0], status=429, **{"retry-after": "7"})
    shown = api("GET", "/pagerduty")[1]
    assert (shown["state"], shown["throttled_until"]) == ("closed", "2026-03-01T12:00:07.000000Z")


def test_no_address_of_a_vendor_is_in_answers_items_and_lines(api, clock, processes, caplog):
    fail(processes, clock)
    clock.advance(minutes=5)
    for each in processes:
        call(each)
    answers = json.dumps(api("GET"))
    items = json.dumps(boto3.client("dynamodb").scan(TableName="limits")["Items"])
    told = str([vars(record) for record in caplog.records])
    assert "circuit_opened" in told
    for secret in (CANARY, "hooks.example.org", "jane-roe"):
        assert secret not in answers + items + told


def test_the_sample_event_is_accepted(clock, published):
    from functions.circuit_breakers_api.handler import lambda_handler
    from tests.functions.rights import ROOT

    sample = json.loads((ROOT / "events/circuit_breakers_api.json").read_text())
    assert lambda_handler(sample, Context())["statusCode"] == 200


def test_the_function_calls_exactly_the_granted_actions(called):
    from functions.circuit_breakers_api.handler import lambda_handler
    from tests.functions.rights import answers, granted

    actions, _ = called
    store = DynamoCircuits(boto3.client("dynamodb"), "limits")
    circuit = store.get(CircuitId("pagerduty"))
    store.change(circuit, circuit.open(process.now(), timedelta(minutes=1)))
    actions.clear()
    headers = {"Idempotency-Key": "k"}
    requests = [
        ("GET", PATH, {}, 200),
        ("POST", f"{PATH}/pagerduty/reset", {"body": WHY, "headers": headers}, 200),
        ("POST", f"{PATH}/pagerduty/open", {"body": WHY, "headers": headers}, 200),
        ("POST", f"{PATH}/nobody/reset", {"body": WHY, "headers": headers | {"Idempotency-Key": "l"}}, 404),
    ]
    assert answers(lambda_handler, requests, role="operator") == requests
    assert actions == granted("CircuitBreakersApi")
