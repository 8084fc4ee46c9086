"""A flag from its definition to a decision, and the caching of answers."""

import json
import uuid

import pytest

from models import recipe
from vigil.access.flags.model import EXPLAIN_HIGH_RISK


@pytest.fixture
def member(tenants):
    return tenants[0]


def test_concurrent_flag_changes_conflict_and_tenants_see_the_flag(operator, member):
    path, body = f"/v1/flags/e2e-{uuid.uuid4().hex}", {"description": "A page.", "stages": ["local"], "percentage": 100}
    assert member.put(path, json=body, headers={"If-None-Match": "*"}).status_code == 403
    assert operator.put(path, json=body).status_code == 428
    made = operator.put(path, json=body, headers={"If-None-Match": "*"})
    assert made.status_code == 201
    tag = operator.get(path).headers["etag"]
    assert made.headers["etag"] == tag
    changed = operator.put(path, json=body | {"percentage": 0}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["on"]) == (200, False)
    assert operator.put(path, json=body, headers={"If-Match": tag}).status_code == 412
    assert "definition" in operator.get("/v1/flags").text
    assert {flag["definition"] for flag in member.get("/v1/flags").json()["flags"]} == {None}


def test_a_decision_records_its_flag_set_and_replays(member, cli, stack):
    (sample,) = recipe.load_recipe("wdbc").samples(seed=1, count=1)
    body = {"model": "wdbc", **{k: v for k, v in sample.items() if not k.startswith("_")}}
    scored = member.post("/v1/scores", json=body).json()
    assert scored["flags"]["digest"].startswith("sha256:")
    assert "the same" in cli("decisions", "replay", stack.tenants[0].tenant_id, scored["decision_id"])


def test_the_command_line_and_the_api_show_the_same_flag(operator, cli, stack):
    cli("flags", "set", "e2e-cli", "--description", "d", "--stage", "local", "--allow", stack.tenants[0].tenant_id)
    assert operator.get("/v1/flags/e2e-cli").json()["on"] is True  # never cached for operators
    assert "e2e-cli: on" in cli("flags", "show", stack.tenants[0].tenant_id)
    assert f"{EXPLAIN_HIGH_RISK}: off" in cli("flags", "show", stack.tenants[0].tenant_id)


def test_an_unchanged_resource_is_a_304_through_the_gateway(member):
    (sample,) = recipe.load_recipe("wdbc").samples(seed=1, count=1)
    body = {"model": "wdbc", **{k: v for k, v in sample.items() if not k.startswith("_")}}
    decision = member.post("/v1/scores", json=body).json()["decision_id"]
    for path, policy in (
        ("/v1/models", "private, max-age=60"),
        ("/v1/models/wdbc", "private, max-age=60"),
        ("/v1/models/wdbc/versions", "private, max-age=0"),
        (f"/v1/scores/{decision}", "private, max-age=3600, immutable"),
        ("/v1/flags", "private, max-age=0"),
    ):
        first = member.get(path)
        assert (first.status_code, first.headers["cache-control"]) == (200, policy), path
        again = member.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"]), path
    listed = member.get("/v1/scores", headers={"If-None-Match": "*"})
    assert (listed.status_code, listed.headers["cache-control"]) == (200, "no-store")
    assert json.loads(listed.content)["items"]
