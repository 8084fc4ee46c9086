"""A caller needs a credential, a role with the permission, and a tenant of the required tier."""

import io
import json
import uuid
from itertools import pairwise
from typing import Annotated, get_args

import pytest
from fastapi import APIRouter

from tests.support.gateway import Context, event
from vigil.access.tenants.model import TIER_LIMITS
from vigil.kernel.tenants import PERMISSIONS, TIERS, Permission, Role
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler
from vigil.web.principal import Principal, requires, requires_tier

router = APIRouter()


@router.get("/scores")
async def _scores(caller: Annotated[Principal, requires("scores:write")]) -> dict[str, object]:
    return {"tenant_id": caller.tenant_id, "per_minute": caller.limits.per_minute}


@router.get("/large")
async def _large(_: Annotated[Principal, requires_tier("PROFESSIONAL")]) -> None: ...


@pytest.fixture(params=["example.org"])
def api(request, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    telemetry = Telemetry(uuid.uuid4().hex, io.StringIO())
    state = {"tenant_domain": request.param}
    app = create_app(title="T", routers=[router], telemetry=telemetry, max_body_bytes=99, state=state)
    handler = lambda_handler(app, telemetry)

    def call(path, **caller):
        answer = handler(event("GET", path, **caller), Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


def test_a_role_with_the_permission_passes_with_tenant_and_limits(api):
    limits = json.dumps(json.loads(TIER_LIMITS["FREE"].to_context()["limits"]) | {"per_minute": 7})
    assert api("/scores", role="member", limits=limits) == (200, {"tenant_id": "acme", "per_minute": 7})


def test_a_role_without_the_permission_is_403_and_names_it(api):
    status, problem = api("/scores", role="viewer")
    assert (status, problem["type"]) == (403, "urn:vigil:problem:forbidden")
    assert "scores:write" in problem["detail"]


@pytest.mark.parametrize("caller", [{"tenant": None}, {"role": "root"}, {"role": ""}])
def test_a_missing_credential_or_an_unknown_role_is_401(api, caller):
    assert api("/scores", **caller)[0] == 401


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_includes_all_smaller_tiers(api, tier):
    status, problem = api("/large", tier=tier)
    enough = tier in {"PROFESSIONAL", "ENTERPRISE"}
    assert (status, problem and problem["type"]) == (
        (200, None) if enough else (403, "urn:vigil:problem:tier-required")
    )


def test_each_role_adds_permissions_to_the_one_before():
    roles = [PERMISSIONS[role] for role in get_args(Role) if role != "producer"]
    assert all(less < more for less, more in pairwise(roles))
    assert roles[-1] == set(get_args(Permission))
    assert roles[-1] - roles[-2] == {
        *("flags:write", "models:promote", "prices:write", "tenants:manage"),
        *("failures:read", "failures:manage", "objectives:read", "metrics:read"),
        *("incidents:read", "incidents:run"),
    }


def test_only_producers_and_administrators_report_usage():
    assert PERMISSIONS["producer"] == {"usage:write"}
    assert {role for role in PERMISSIONS if "usage:write" in PERMISSIONS[role]} == {"producer", "admin", "operator"}


def test_a_misspelt_permission_fails_at_import():
    with pytest.raises(ValueError, match="unknown permission"):
        requires("scores:wrte")


AGREE = [
    {},
    {"X-Tenant-ID": "acme"},
    {"Host": "acme.example.org"},
    {"Host": "ACME.Example.org:443"},
    {"Host": "example.org"},
    {"Host": "abc123.execute-api.eu-west-1.amazonaws.com"},
    {"Host": "globex.example.org.evil.test"},
]
DISAGREE = [
    {"X-Tenant-ID": "globex"},
    {"x-tenant-id": "globex"},
    {"X-Tenant-ID": ""},
    {"X-Tenant-ID": "ACME"},
    {"X-Tenant-ID": "acme,globex"},
    {"Host": "globex.example.org"},
    {"Host": "acme.globex.example.org"},
    {"Host": "globex.example.org", "X-Tenant-ID": "acme"},
    {"Host": "acme.example.org", "X-Tenant-ID": "globex"},
]


@pytest.mark.parametrize("headers", AGREE)
def test_a_request_may_name_the_tenant_of_its_credential(api, headers):
    assert api("/scores", headers=headers)[0] == 200


@pytest.mark.parametrize("headers", DISAGREE)
def test_a_request_that_names_another_tenant_is_403(api, headers):
    status, problem = api("/scores", headers=headers)
    assert (status, problem["type"]) == (403, "urn:vigil:problem:tenant-mismatch")
    assert "globex" not in json.dumps(problem)


@pytest.mark.parametrize("api", [""], indirect=True)
def test_without_a_tenant_domain_the_host_is_ignored(api):
    assert api("/scores", headers={"Host": "globex.example.org"})[0] == 200
