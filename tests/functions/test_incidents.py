"""Incidents through the front door, the queue and the sweep, from an alert to the report."""

import json

import boto3
import pytest

from tests.functions.rights import ROOT, TRANSACTION, answers, granted
from tests.support.gateway import Context
from tests.support.incident_functions import BEN, INCIDENTS, IncidentFunctions
from tests.support.templates import roles
from vigil.alerting.alerts.model import AlertEvent
from vigil.alerting.sources.bus_model import bus_event
from vigil.bootstrap import alerting, diagnosis, process, remedies
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp
from vigil.operations.incidents.runbooks_model import RUNBOOKS

CANARY = "Wanjiku Otieno"
NOTE = {"note": "a note of a person"}
ENDPOINTS = [
    ("POST", "", {"type": "service_down"}),
    ("GET", "", None),
    ("GET", "/inc-0", None),
    ("POST", "/inc-0/steps/1/run", {}),
    ("POST", "/inc-0/steps/1/confirm", None),
    ("POST", "/inc-0/steps/1/sign", NOTE | {"name": "Ada"}),
    ("POST", "/inc-0/steps/1/skip", NOTE),
    ("POST", "/inc-0/escalate", NOTE),
    ("POST", "/inc-0/resolve", {}),
    ("GET", "/inc-0/report", None),
]


@pytest.fixture
def functions(clock, published, monkeypatch):
    return IncidentFunctions(monkeypatch)


@pytest.fixture
def bus(functions, monkeypatch):
    """Events that the functions publish."""
    events = []
    monkeypatch.setattr("vigil.alerting.events.store.EventBridgeBus.publish", lambda _, sent: events.extend(sent) or ())
    process.forget()
    return events


def test_only_operators_reach_incidents(functions):
    callers = [
        {"tenant": None},
        *({"role": role, "tenant": "acme"} for role in ("producer", "viewer", "member", "admin")),
    ]
    for method, path, body in ENDPOINTS:
        statuses = [functions.call(method, path, body=body, **caller)[0] for caller in callers]
        assert statuses == [401, 403, 403, 403, 403], (method, path)


def test_an_unknown_incident_is_not_found(functions):
    found = [functions.call(method, path, body=body)[0] for method, path, body in ENDPOINTS[2:]]
    assert found == [404] * 8


def test_an_incident_runs_from_its_alert_to_its_report(functions, bus, clock):
    found = AlertEvent(OPERATORS, "event-1", "model_failure", "CRITICAL", "packages", CANARY, format_timestamp(clock()))
    alerting.alert_intake().accept(found)
    stored = boto3.client("dynamodb").scan(TableName="alerts")["Items"]
    clock.advance(minutes=2)
    alert_id = f"alr-{found.fingerprint}-1"
    incident = functions.open(type=None, alert=alert_id, scope={"model": "toy"})
    assert [functions.run(incident, number)["verdict"] for number in (1, 2)] == ["ok", "ok"]
    assert functions.run(incident, 3)["status"] == "previewed"
    assert functions.call("POST", f"{incident}/steps/3/confirm")[0] == 202
    functions.drain()
    assert functions.actions["champion_to_last_good"].effects == 1
    assert functions.run(incident, 4)["status"] == "done"
    status, signed = functions.call("POST", f"{incident}/steps/5/sign", body=NOTE | {"name": "Clinical owner"})
    assert (status, signed["facts"]) == (200, {"signed_by": "Clinical owner"})
    status, ended = functions.call("POST", f"{incident}/resolve", body={"cause": "A bad version."})
    assert (status, ended["state"]) == (200, "resolved")
    report = functions.call("GET", f"{incident}/report")[1]
    assert (report["alert_id"], report["figures"]["seconds_to_acknowledge"]) == (alert_id, 120.0)
    assert [event.kind for event in bus if event.kind.startswith("incidents")] == [
        "incidents.opened",
        "incidents.resolved",
    ]
    status, markdown = functions.call("GET", f"{incident}/report", query={"format": "markdown"})
    assert (status, markdown.splitlines()[0].startswith("# Incident")) == (200, True)
    assert CANARY in json.dumps(stored)
    assert CANARY not in json.dumps(report) + markdown


def test_a_confirmation_needs_a_dry_run_and_a_second_person(functions):
    incident = functions.open(type="security_breach", scope={"tenant_id": "acme"})
    assert functions.call("POST", f"{incident}/steps/2/confirm")[0] == 409
    functions.run(incident, 1)
    functions.run(incident, 2, action="tenant_suspended")
    assert functions.call("POST", f"{incident}/steps/2/confirm")[0] == 403
    assert functions.call("POST", f"{incident}/steps/2/confirm", **BEN)[0] == 202
    functions.drain()
    assert functions.step(incident, 2)["status"] == "done"
    assert next(iter(functions.actions["tenant_suspended"].done.values())).tenant_id == "acme"


def test_a_confirmation_names_the_dry_run_that_was_read(functions):
    incident = functions.open()
    for number in (1, 2, 3, 4, 4):
        functions.run(incident, number)
    place = f"{incident}/steps/4/confirm"
    for wrong in ({"attempt": 0}, {"attempt": "1"}, {"run": 1}):
        assert functions.call("POST", place, body=wrong)[0] == 422
    status, problem = functions.call("POST", place, body={"attempt": 1})
    assert (status, "attempt 2. Read that one" in problem["detail"]) == (409, True)
    assert functions.call("POST", place, body={"attempt": 2})[0] == 202


def test_a_sign_off_needs_a_name_and_a_note(functions):
    place = f"{functions.open()}/steps/6/sign"
    for body in ({}, {"name": "Ada"}, {"name": "Ada", "note": ""}, {"name": ""} | NOTE):
        assert functions.call("POST", place, body=body)[0] == 422
    status, problem = functions.call("POST", place, body={"name": "Ada", "note": "all told"})
    assert (status, problem["errors"]) == (
        422,
        [{"field": "note", "message": "must have at least 10 characters", "bound": "at least 10 characters"}],
    )


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u200b", "\u2060\ufeff", "\u3164", "\u2800", "\u00ad", "--"])
def test_a_text_without_a_letter_or_digit_is_refused(functions, blank):
    incident = functions.open()
    for act, body, field in (
        ("steps/6/sign", NOTE | {"name": blank}, "name"),
        ("steps/6/sign", {"name": "Ada", "note": blank}, "note"),
        ("steps/1/skip", {"note": blank}, "note"),
        ("escalate", {"note": blank}, "note"),
        ("resolve", {"follow_ups": [blank]}, "follow_ups.0"),
    ):
        status, problem = functions.call("POST", f"{incident}/{act}", body=body)
        assert (status, [each["field"] for each in problem["errors"]]) == (422, [field])


@pytest.mark.parametrize("name", ["Ada", "Żółć 李", "\u0646\u200c\u0645", "7"])
def test_a_name_of_any_script_signs_a_step(functions, name):
    incident = functions.open()
    for number in range(1, 6):
        functions.call("POST", f"{incident}/steps/{number}/skip", body=NOTE)
    assert functions.call("POST", f"{incident}/steps/6/sign", body=NOTE | {"name": name})[0] == 200


def test_a_key_that_is_named_twice_is_in_the_scope_once(functions):
    scope = {"tenant_id": "acme", "key_ids": ["k-2", "k-1", "k-2"]}
    incident = functions.open(type="security_breach", scope=scope)
    assert functions.call("GET", incident)[1]["scope"]["key_ids"] == ["k-2", "k-1"]


def test_an_alert_without_a_runbook_is_named(functions, clock):
    found = AlertEvent(OPERATORS, "e", "cost_threshold", "WARNING", "spend", "t", format_timestamp(clock()))
    alerting.alert_intake().accept(found)
    status, problem = functions.call("POST", body={"alert": f"alr-{found.fingerprint}-1"})
    assert (status, problem["errors"][0]["field"]) == (422, "alert")
    assert functions.call("POST", body={"alert": "alr-0123456789abcdef01234567-1"})[0] == 404
    assert functions.call("POST", body={})[0] == 422


def test_incidents_are_listed_by_state_and_page(functions, clock):
    opened = []
    for _ in range(3):
        opened.append(functions.open())
        clock.advance(seconds=1)
    status, first = functions.call("GET", query={"limit": "2"})
    assert (status, [f"/{each['id']}" for each in first["items"]]) == (200, [opened[2], opened[1]])
    rest = functions.call("GET", query={"limit": "2", "cursor": first["next_cursor"]})[1]
    assert ([f"/{each['id']}" for each in rest["items"]], rest["next_cursor"]) == ([opened[0]], None)
    assert functions.call("GET", query={"state": "resolved"})[1]["items"] == []


def test_a_late_incident_becomes_one_critical_alert_until_its_end(functions, bus, clock):
    incident = functions.open()
    clock.advance(minutes=30)
    assert [functions.sweep() for _ in range(2)] == [{"escalated": 1, "resent": 0}, {"escalated": 0, "resent": 0}]
    for number in range(1, 7):
        functions.call("POST", f"{incident}/steps/{number}/skip", body=NOTE)
    functions.call("POST", f"{incident}/resolve", body={})
    raised, cleared = (
        bus_event({"detail-type": event.kind, "detail": json.loads(event.detail)})
        for event in bus
        if event.kind in {"incidents.escalated", "incidents.resolved"}
    )
    assert (raised.tenant_id, raised.type, raised.severity) == (OPERATORS, "system_down", "CRITICAL")
    assert dict(raised.facts)["incident_id"] == incident.strip("/")
    assert (raised.is_cleared, cleared.is_cleared) == (False, True)
    assert cleared.fingerprint == raised.fingerprint


def test_a_repeated_request_opens_one_incident(functions):
    same = {"body": {"type": "service_down"}, "headers": {"Idempotency-Key": "once"}}
    first, second = (functions.call("POST", **same) for _ in range(2))
    assert first == second
    assert len(functions.call("GET")[1]["items"]) == 1


@pytest.fixture
def recorded(called, clock, monkeypatch):
    """The functions, with the actions of their calls."""
    return IncidentFunctions(monkeypatch), called[0]


def test_the_incidents_api_calls_exactly_the_granted_actions(recorded):
    from functions.incidents_api.handler import lambda_handler

    functions, actions = recorded
    place = f"{INCIDENTS}{functions.open()}"
    process.forget()
    actions.clear()
    key = {"headers": {"Idempotency-Key": "k"}}
    requests = [
        ("POST", INCIDENTS, {"body": {"type": "service_down"}, **key}, 201),
        ("POST", INCIDENTS, {"body": {"alert": "alr-0123456789abcdef01234567-1"}}, 404),
        ("POST", INCIDENTS, {"body": {}, "headers": {"Idempotency-Key": "x"}}, 422),
        ("GET", INCIDENTS, {"query": {"limit": "1"}}, 200),
        ("POST", f"{place}/steps/1/run", {"body": {}}, 202),
        ("GET", f"{place}/report", {}, 200),
    ]
    assert answers(lambda_handler, requests, role="operator", tenant="ops-team") == requests
    assert actions - {TRANSACTION} == granted("IncidentsApi")


def test_the_incidents_sweep_calls_exactly_the_granted_actions(recorded, clock):
    functions, actions = recorded
    functions.open()
    incident = functions.open()
    functions.call("POST", f"{incident}/steps/1/run", body={})
    process.forget()
    actions.clear()
    clock.advance(minutes=2)
    assert functions.sweep() == {"escalated": 0, "resent": 1}
    clock.advance(minutes=29)
    assert functions.sweep() == {"escalated": 2, "resent": 0}
    assert actions - {TRANSACTION} == granted("IncidentsSweep")


def test_every_check_and_action_of_a_runbook_is_wired(published):
    used = {kind: set() for kind in ("check", "action", "manual")}
    for step in (step for book in RUNBOOKS.values() for step in book.steps):
        used[step.kind] |= set(step.uses)
    assert (diagnosis.checks().keys(), remedies.actions().keys()) == (used["check"], used["action"])


def test_only_the_worker_has_the_powers_of_actions():
    powers = {"lambda:UpdateAlias", "lambda:UpdateEventSourceMapping", "secretsmanager:RotateSecret"}
    having = {
        name
        for name, role in roles().items()
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        if powers & set(statement["Action"])
    }
    assert having == {"IncidentsSteps"}


def test_the_sample_event_of_the_worker_is_processed(functions):
    from functions.incidents_steps.handler import lambda_handler

    sample = json.loads((ROOT / "events" / "incidents_steps.json").read_text())
    assert lambda_handler(sample, Context(60_000)) == {"batchItemFailures": []}
