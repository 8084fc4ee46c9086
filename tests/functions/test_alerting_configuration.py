"""Members, schedules, policies, routes and silences through the front door."""

import json
from datetime import timedelta

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import alerting
from vigil.kernel.tenants import PERMISSIONS

ANN = {"name": "Ann", "address": "ann@example.com", "key_id": "0123456789abcdef"}
BEN = {"name": "Ben", "address": "ben@example.com"}
OFFICE = {"weekdays": ["monday", "friday"], "starts_at": "09:00", "ends_at": "17:30"}
PLANNED = {"matcher": {"source": "queue."}, "ends_at": "2026-03-01T14:00:00Z", "reason": "Planned work"}
KINDS = ("members", "schedules", "policies", "silences")


@pytest.fixture
def ask(clock, published):
    from functions.alerting_api.handler import lambda_handler

    def call(method, path, body=None, role="admin", **more):
        sent = event(method, f"/v1/alerting/{path}", body=body, role=role, **more)
        answer = lambda_handler(sent, Context())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"] or "null")

    return call


@pytest.fixture
def made(ask):
    """Ids of two members, a schedule, a policy and a silence of `acme`, whose routes select the policy."""
    ann, ben = (ask("POST", "members", body)[2]["id"] for body in (ANN, BEN))
    schedule = ask("POST", "schedules", rota(ann, ben))[2]["id"]
    policy = ask("POST", "policies", steps(f"schedule:{schedule}", f"member:{ben}"))[2]["id"]
    assert ask("PUT", "routes", {"routes": [{"id": "all", "policy_id": policy}]})[0] == 200
    silence = ask("POST", "silences", PLANNED, role="member")[2]["id"]
    return {"ann": ann, "ben": ben, "schedules": schedule, "policies": policy, "silences": silence, "members": ann}


def rota(*people, **changes):
    weeks = {"name": "weeks", "people": [*people], "starts_on": "2026-02-23", "hand_off_at": "09:00"}
    office = weeks | {"name": "office", "people": [people[-1]], "unit": "day", "every": 2, "windows": [OFFICE]}
    return {"name": "Operations", "zone": "Europe/Berlin", "layers": [weeks, office]} | changes


def steps(*targets):
    return {"name": "Operations", "steps": [{"targets": [*targets], "wait_minutes": 5}], "repeats": 1}


def body_of(kind, made):
    bodies = {"members": BEN, "schedules": rota(made["ben"]), "policies": steps(f"member:{made['ann']}")}
    return bodies.get(kind, PLANNED)


def test_a_member_is_created_with_its_location_and_version(ask):
    status, headers, member = ask("POST", "members", ANN)
    assert status == 201
    assert member == ANN | {"id": member["id"], "version": 1}
    assert headers["location"].endswith(f"/v1/alerting/members/{member['id']}")
    assert ask("GET", f"members/{member['id']}")[1]["etag"] == headers["etag"] == '"1"'


def test_only_configurers_see_the_address_of_a_member(ask, made):
    for role in ("viewer", "member"):
        listed = ask("GET", "members", role=role)[2]["items"]
        assert {member["address"] for member in listed} == {None}
    assert {member["address"] for member in ask("GET", "members")[2]["items"]} == {"ann@example.com", "ben@example.com"}
    now = ask("GET", f"schedules/{made['schedules']}/on-call", role="viewer")[2]
    assert now["member"]["address"] is None


def test_a_schedule_is_returned_as_it_was_created(ask, made):
    body = rota(made["ann"], made["ben"])
    body["overrides"] = [
        {"member_id": made["ben"], "starts_at": "2026-03-02T00:00:00+01:00", "ends_at": "2026-03-03T00:00:00+01:00"}
    ]
    status, _, schedule = ask("POST", "schedules", body)
    assert status == 201
    assert schedule == ask("GET", f"schedules/{schedule['id']}")[2]
    weeks, office = body["layers"]
    assert schedule["layers"] == [weeks | {"every": 1, "unit": "week", "windows": []}, office]
    assert schedule["overrides"][0] == {
        "member_id": made["ben"],
        "starts_at": "2026-03-01T23:00:00.000000Z",
        "ends_at": "2026-03-02T23:00:00.000000Z",
    }


def test_the_member_on_call_changes_at_the_hand_off(ask, clock, made):
    path = f"schedules/{made['schedules']}/on-call"
    now = ask("GET", path, role="viewer")[2]
    assert (now["at"], now["member"]["id"]) == ("2026-03-01T12:00:00.000000Z", made["ann"])
    assert now["until"] == "2026-03-02T08:00:00.000000Z"
    later = ask("GET", path, query={"at": "2026-03-02T09:00:00+01:00"})[2]
    assert later["member"]["id"] == made["ben"]
    assert ask("GET", path, query={"at": "2020-01-01T00:00:00Z"})[2] == {
        "at": "2020-01-01T00:00:00.000000Z",
        "member": None,
        "until": None,
    }


def test_shifts_are_listed_over_a_clock_change(ask, made):
    times = {"from": "2026-03-23T08:00:00Z", "to": "2026-04-06T07:00:00Z"}
    found = ask("GET", f"schedules/{made['schedules']}/shifts", query=times, role="viewer")[2]["items"]
    weeks = [shift for shift in found if shift["layer"] == "weeks"]
    assert weeks[0]["starts_at"] == "2026-03-23T16:30:00.000000Z", "the office layer precedes it"
    assert {shift["starts_at"] for shift in found} >= {"2026-03-30T07:00:00.000000Z"}
    assert found[0]["starts_at"] == "2026-03-23T08:00:00.000000Z"
    assert found[-1]["ends_at"] == "2026-04-06T07:00:00.000000Z"


def test_shifts_of_too_many_days_name_the_bound(ask, made):
    times = {"from": "2026-03-01T00:00:00Z", "to": "2026-05-01T00:00:00Z"}
    status, _, problem = ask("GET", f"schedules/{made['schedules']}/shifts", query=times)
    assert (status, problem["errors"][0]["field"], problem["errors"][0]["bound"]) == (
        422,
        "to",
        "after from, by at most 31 days",
    )


def test_policies_and_routes_are_returned_as_they_were_created(ask, made):
    policy = ask("GET", f"policies/{made['policies']}")[2]
    targets = [f"schedule:{made['schedules']}", f"member:{made['ben']}"]
    assert policy["steps"] == [{"targets": targets, "fallbacks": [], "wait_minutes": 5}]
    assert (policy["name"], policy["repeats"], policy["version"]) == ("Operations", 1, 1)
    matcher = {"types": ["work_stuck"], "severity": "ERROR", "source": "queue.", "labels": {"region": "eu"}}
    routes = [{"id": "queues", "matcher": matcher, "policy_id": made["policies"]}]
    assert ask("PUT", "routes", {"routes": routes})[2] == {"routes": routes, "version": 2}
    assert ask("GET", "routes", role="viewer")[2] == {"routes": routes, "version": 2}


def test_a_silence_has_a_state_and_ends_when_it_is_deleted(ask, clock, made):
    path = f"silences/{made['silences']}"
    silence = ask("GET", path, role="viewer")[2]
    assert (silence["state"], silence["created_by"]) == ("active", "member:0123456789abcdef")
    assert (silence["starts_at"], silence["holds_critical"]) == ("2026-03-01T12:00:00.000000Z", False)
    clock.advance(hours=2)
    assert ask("GET", path)[2]["state"] == "ended"
    assert ask("DELETE", path, role="member")[0] == 204
    assert ask("GET", "silences")[2]["items"] == []


def test_a_change_reaches_alerts_within_five_seconds(ask, clock, made):
    assert alerting.alerting_configs().load("acme").silences[0].silence_id == made["silences"]
    ask("DELETE", f"silences/{made['silences']}")
    clock.advance(seconds=5)
    config = alerting.alerting_configs().load("acme")
    assert config.silences == ()
    assert config.on_call(made["schedules"], clock()) == (made["ann"],)


def test_a_change_needs_the_current_version(ask, made):
    for kind in KINDS:
        path, body = f"{kind}/{made[kind]}", body_of(kind, made)
        assert ask("PUT", path, body, headers={"If-Match": '"2"'})[0] == 412, kind
        status, headers, _ = ask("PUT", path, body, headers={"If-Match": '"1"'})
        assert (status, headers["etag"]) == (200, '"2"'), kind
        assert ask("PUT", path, body)[1]["etag"] == '"3"', kind
        assert ask("DELETE", path, headers={"If-Match": '"2"'})[0] == 412, kind
        assert ask("GET", path)[1]["etag"] == '"3"', kind


def test_routes_need_the_current_version(ask):
    assert ask("GET", "routes")[1]["etag"] == '"0"'
    assert ask("PUT", "routes", {"routes": []}, headers={"If-Match": '"1"'})[0] == 412
    assert ask("PUT", "routes", {"routes": []}, headers={"If-Match": '"0"'})[1]["etag"] == '"1"'


def test_resources_in_use_return_409_with_their_users(ask, made):
    for path, use in (
        (f"members/{made['ann']}", f"The member is used by the schedules and policies {made['schedules']}."),
        (f"schedules/{made['schedules']}", f"The schedule is used by the policies {made['policies']}."),
        (f"policies/{made['policies']}", "The policy is used by the routes all."),
    ):
        status, _, problem = ask("DELETE", path)
        assert (status, problem["type"]) == (409, "urn:vigil:problem:in-use")
        assert problem["title"] == "The resource is in use by other resources"
        assert problem["detail"] == f"{use} Remove it there first."


def test_unused_resources_are_deleted_in_order(ask, made):
    ask("PUT", "routes", {"routes": []})
    paths = (
        f"policies/{made['policies']}",
        f"schedules/{made['schedules']}",
        f"members/{made['ann']}",
        f"members/{made['ben']}",
    )
    for path in paths:
        assert ask("DELETE", path)[0] == 204
        assert ask("DELETE", path)[0] == 404
    items = boto3.client("dynamodb").scan(TableName="alerts")["Items"]
    assert "example.com" not in str(items), "a deleted member leaves no address"


INVALID = (
    ("members", ANN | {"address": "ann"}, "address"),
    ("members", ANN | {"address": "ann@example.com\nBcc: all@example.com"}, "address"),
    ("members", ANN | {"name": ""}, "name"),
    ("members", ANN | {"key_id": "K"}, "key_id"),
    ("members", ANN | {"phone": "1"}, "phone"),
    ("schedules", rota("mem-x"), "layers.0.people.0"),
    ("schedules", rota("mem-x", zone="europe/berlin"), "zone"),
    ("schedules", rota("mem-x", layers=[]), "layers"),
    ("schedules", rota("mem-x", layers=[rota("mem-x")["layers"][0] | {"every": 0}]), "layers.0.every"),
    (
        "schedules",
        rota("mem-x", layers=[rota("mem-x")["layers"][0] | {"hand_off_at": "9"}]),
        "layers.0.hand_off_at",
    ),
    ("policies", steps("channel:gone"), "steps.0.targets.0"),
    ("policies", steps("team:all"), "steps.0.targets.0"),
    ("policies", steps(), "steps.0.targets"),
    ("policies", steps("member:mem-x") | {"repeats": 10}, "repeats"),
    ("silences", PLANNED | {"reason": ""}, "reason"),
    ("silences", PLANNED | {"ends_at": "2026-03-01T12:00:00Z"}, "ends_at"),
    ("silences", PLANNED | {"ends_at": "2026-04-02T12:00:00Z"}, "ends_at"),
    ("silences", PLANNED | {"holds_critical": True, "ends_at": "2026-03-01T16:00:01Z"}, "ends_at"),
    ("silences", PLANNED | {"matcher": {"severity": "LOW"}}, "matcher.severity"),
)


def test_an_invalid_resource_names_its_field(ask):
    for path, body, field in INVALID:
        status, _, problem = ask("POST", path, body)
        assert (status, problem["errors"][0]["field"]) == (422, field), body
        assert problem["errors"][0]["bound"], body


def test_invalid_routes_name_their_fields(ask):
    routes = [{"id": "a", "policy_id": "pol-x"}, {"id": "a", "policy_id": "pol-x"}]
    status, _, problem = ask("PUT", "routes", {"routes": routes})
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [
        "routes.0.policy_id",
        "routes.1.id",
        "routes.1.policy_id",
    ]


def test_another_tenant_sees_and_changes_nothing(ask, made):
    for kind in KINDS:
        assert ask("GET", kind, tenant="globex")[2] == {"items": []}
        path, body = f"{kind}/{made[kind]}", body_of(kind, made)
        before = ask("GET", path)[2]
        for method, sent in (("GET", None), ("DELETE", None), ("PUT", body)):
            assert ask(method, path, sent, tenant="globex")[0] == 404
        assert ask("GET", path)[2] == before
    assert ask("GET", "routes", tenant="globex")[2] == {"routes": [], "version": 0}
    assert ask("POST", "policies", steps(f"member:{made['ann']}"), tenant="globex")[0] == 422


def test_operators_configure_the_deployment_and_no_tenant(ask, made):
    created = ask("POST", "members", BEN, role="operator")[2]
    assert [member["id"] for member in ask("GET", "members", role="operator")[2]["items"]] == [created["id"]]
    assert ask("GET", f"members/{created['id']}")[0] == 404
    assert alerting.alerting_configs().load("_operators").members == {created["id"]}


def test_a_request_without_a_credential_returns_401(ask):
    for kind in (*KINDS, "routes"):
        for method in ("GET", "PUT" if kind == "routes" else "POST"):
            assert ask(method, kind, {"routes": []} if method == "PUT" else None, tenant=None)[0] == 401, kind


@pytest.mark.parametrize("role", PERMISSIONS)
def test_a_change_needs_its_permission(ask, role):
    rights = PERMISSIONS[role]
    for method, path, body, permission in (
        ("GET", "members", None, "alerts:read"),
        ("GET", "schedules", None, "alerts:read"),
        ("GET", "policies", None, "alerts:read"),
        ("GET", "routes", None, "alerts:read"),
        ("GET", "silences", None, "alerts:read"),
        ("POST", "members", ANN, "alerting:configure"),
        ("POST", "schedules", rota("mem-x"), "alerting:configure"),
        ("POST", "policies", steps("member:mem-x"), "alerting:configure"),
        ("PUT", "routes", {"routes": []}, "alerting:configure"),
        ("POST", "silences", PLANNED, "alerts:acknowledge"),
    ):
        assert (ask(method, path, body, role=role)[0] != 403) == (permission in rights), path


def test_a_repeated_request_creates_one_member(ask):
    sent = {"headers": {"Idempotency-Key": "once"}}
    first, again = (ask("POST", "members", ANN, **sent)[2] for _ in range(2))
    assert first == again
    assert len(ask("GET", "members")[2]["items"]) == 1


def test_a_silence_is_stored_until_30_days_after_its_end(ask, made, clock):
    items = boto3.client("dynamodb").scan(TableName="alerts")["Items"]
    (expiry,) = [int(item["expires_at"]["N"]) for item in items if "expires_at" in item]
    assert expiry == int((clock() + timedelta(hours=2, days=30)).timestamp())
