"""Keys with a list of permissions: each passes exactly the routes that require one of them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from tests.support.fakes.clock import Clock
from tests.support.gateway import Context
from tests.support.isolation.door import ARN, FrontDoor, Request
from tests.support.isolation.world import begin_signing, client, signed
from tests.support.whole_api import OPERATIONS, WholeApi
from vigil.bootstrap import access, routers
from vigil.kernel.tenants import PERMISSIONS, Permission
from vigil.web.principal import required_permission

REQUIRED: Mapping[str, Permission | None] = {
    f"{method} {route.path}": required_permission(route)
    for router in routers.ROUTERS
    for route in router.routes
    for method in route.methods
}
ANONYMOUS = {"/health/liveness", "/health/startup", "/health/readiness", "/v1/oauth/token", "/v1/oauth/revoke"}
ANONYMOUS |= {"/v1/alerting/inbound/pagerduty/{endpoint}", "/v1/alerting/inbound/slack/{endpoint}"}
ANONYMOUS |= {"/v1/alerting/links/{token}"}
KEYS = "/v1/tenants/acme/keys"
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}


@pytest.fixture(scope="module")
def whole():
    return WholeApi(Clock())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_key_with_one_permission_passes_only_its_routes(whole, operation):
    passed = {
        permission
        for permission in get_args(Permission)
        if whole(operation, permissions=permission, body={} if operation.startswith("P") else None)[0] != 403
    }
    required = REQUIRED[operation]
    assert passed == ({required} if required else set(get_args(Permission)))


def test_every_route_that_needs_a_key_requires_a_permission():
    public = {operation.split()[1] for operation, permission in REQUIRED.items() if permission is None}
    assert public == {*ANONYMOUS, "/.well-known/jwks.json"}
    assert {permission for permission in REQUIRED.values() if permission} == set(get_args(Permission))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_context_without_permissions_has_those_of_the_role(whole, operation):
    """An authorizer of an earlier release sends no permissions."""
    assert whole(operation, body={} if operation.startswith("P") else None)[0] != 403


@pytest.mark.parametrize("permissions", ["", "scores:later", "operator"])
def test_an_unknown_permission_in_the_context_is_ignored(whole, permissions):
    assert whole("GET /v1/scores", permissions=permissions)[0] == 403


def test_the_documentation_lists_the_permissions_of_each_role():
    page = (Path(__file__).parents[2] / "docs/keys.md").read_text()
    listed: dict[str, set[str]] = {}
    for role, base, names in re.findall(r"^\| `(\w+)` \| (?:those of `(\w+)`, and )?(.+) \|$", page, re.MULTILINE):
        listed[role] = listed.get(base, set()) | set(re.findall(r"`(\w+:\w+)`", names))
    assert listed == PERMISSIONS


@pytest.fixture
def door(published, monkeypatch):
    access.tenants().create("acme", "FREE")
    begin_signing()
    return FrontDoor(monkeypatch)


def key(role, *permissions):
    """Return a new key as text."""
    narrowed = frozenset(permissions) if permissions else None
    return str(access.keys().create("acme", role, permissions=narrowed, by="operator").token)


def send(door, token, method, path, body=None, **headers):
    sent = (("Content-Type", "application/json"), *headers.items())
    return door.send(signed(token, Request(method, path, headers=sent, body=body)))


def test_a_key_narrowed_to_scoring_may_only_score(door):
    made = send(door, key("admin"), "POST", KEYS, {"role": "member", "permissions": ["scores:write"]})
    assert made.status == 201, made.body
    narrow = made.document()
    assert (narrow["role"], narrow["permissions"]) == ("member", ["scores:write"])
    assert send(door, narrow["api_key"], "POST", "/v1/scores", BODY).status == 201
    refused = send(door, narrow["api_key"], "GET", "/v1/scores")
    assert (refused.status, refused.document()["detail"]) == (
        403,
        "This request needs the permission scores:read. Use a key that has it.",
    )
    listed = send(door, key("admin"), "GET", KEYS).document()["items"]
    assert [each["permissions"] for each in listed if each["role"] == "member"] == [["scores:write"]]


def test_a_key_shows_all_permissions_of_its_role(door):
    made = send(door, key("admin"), "POST", KEYS, {"role": "viewer"}).document()
    assert set(made["permissions"]) == PERMISSIONS["viewer"]


def test_a_token_has_the_permissions_of_its_key(door):
    sign_in = {"grant_type": "client_credentials", **client(key("member", "scores:write"))}
    granted = door.send(
        Request("POST", "/v1/oauth/token", headers=(("Content-Type", "application/json"),), body=sign_in)
    )
    token = granted.document()["access_token"]
    assert send(door, token, "POST", "/v1/scores", BODY).status == 201
    assert send(door, token, "GET", "/v1/scores").status == 403


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"role": "member", "permissions": ["dlq:manage"]}, 422, "dlq:manage"),
        ({"role": "member", "permissions": []}, 422, "permissions"),
        ({"role": "member", "permissions": ["scores:rite"]}, 422, "permissions.0"),
        ({"role": "member", "permissions": "scores:read"}, 422, "permissions"),
        ({"role": "member", "permissions": ["scores:write"]}, 403, "scores:write"),
        ({"role": "viewer"}, 403, "batches:read"),
        ({"role": "operator", "permissions": ["scores:read"]}, 403, "operator"),
    ],
)
def test_excess_and_unknown_permissions_are_named(door, body, status, named):
    refused = send(door, key("admin", "keys:manage", "scores:read"), "POST", KEYS, body)
    assert (refused.status, named in refused.body, "rite" in refused.body.replace("write", "")) == (status, True, False)


def test_a_narrowed_key_changes_only_keys_with_its_permissions(door):
    narrow = key("admin", "keys:manage", "scores:read")
    for role, permissions, status in (("viewer", ("scores:read",), 201), ("viewer", (), 403), ("admin", (), 403)):
        key_id = key(role, *permissions).split("_")[2]
        rotated = send(door, narrow, "POST", f"{KEYS}/{key_id}/rotate", {})
        assert rotated.status == status
        if status == 201:
            assert rotated.document()["permissions"] == ["scores:read"]
        assert send(door, narrow, "DELETE", f"{KEYS}/{key_id}").status == (204 if status == 201 else 403)


def test_a_stored_answer_is_not_replayed_to_a_narrower_key(door):
    """The answer has the secret of a key with more permissions than the second caller."""
    body, keyed = {"role": "admin"}, {"Idempotency-Key": "k-1"}
    assert send(door, key("admin"), "POST", KEYS, body, **keyed).status == 201
    replayed = send(door, key("admin", "keys:manage"), "POST", KEYS, body, **keyed)
    assert (replayed.status, "api_key" in replayed.body) == (422, False)
    assert send(door, key("admin"), "POST", KEYS, body, **keyed).status == 201


def test_a_narrowed_operator_key_acts_for_all_tenants_only_by_permission(door):
    access.tenants().create("globex", "FREE")
    reader = key("operator", "tenants:read")
    assert [send(door, reader, "GET", f"/v1/tenants/{name}").status for name in ("acme", "globex")] == [200, 404]
    assert send(door, key("operator", "dlq:read"), "GET", "/v1/dlq/jobs").status == 200
    limits = {"limits": {"per_minute": 1}}
    assert send(door, key("operator", "tenants:configure"), "PATCH", "/v1/tenants/acme", limits).status == 403


def test_the_context_names_the_permissions_of_a_narrowed_key_only(door):
    from functions.tokens_authorizer.handler import lambda_handler

    contexts = [
        lambda_handler({"methodArn": ARN, "headers": {"Authorization": f"Bearer {token}"}}, Context())["context"]
        for token in (key("member"), key("member", "scores:write", "scores:read"))
    ]
    assert [context.get("permissions") for context in contexts] == [None, "scores:read scores:write"]
