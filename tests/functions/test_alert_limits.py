"""Limits of notices through the front door: read by viewers, replaced by administrators, obeyed by deliveries."""

import json

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.store import DynamoNotices

DEFAULTS = {"error": 60, "warning": 20, "info": 6, "version": 0}
LIMITS = {"error": 120, "warning": 0, "info": 1_000}


@pytest.fixture
def ask(published):
    from functions.alerting_api.handler import lambda_handler

    def call(method, body=None, role="admin", **more):
        answer = lambda_handler(event(method, "/v1/alerting/limits", body=body, role=role, **more), Context())
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"].get("etag")

    return call


def test_anonymous_is_refused(ask):
    for method, body in (("GET", None), ("PUT", LIMITS)):
        assert ask(method, body, tenant=None)[0] == 401


def test_a_tenant_without_limits_has_the_defaults(ask):
    assert ask("GET", role="viewer") == (200, DEFAULTS, '"0"')


def test_only_administrators_replace_limits(ask):
    for role in ("viewer", "member"):
        assert ask("PUT", LIMITS, role=role)[0] == 403
    assert ask("GET")[1] == DEFAULTS


def test_replaced_limits_are_those_of_deliveries(ask):
    assert ask("PUT", LIMITS) == (200, LIMITS | {"version": 1}, '"1"')
    assert ask("GET", role="member") == (200, LIMITS | {"version": 1}, '"1"')
    store = DynamoNotices(boto3.client("dynamodb"), "alerts")
    assert store.limits("acme") == NoticeLimits(120, 0, 1_000, version=1)


def test_a_replacement_needs_the_current_version(ask):
    assert ask("PUT", LIMITS, headers={"If-Match": '"1"'})[0] == 412
    assert ask("PUT", LIMITS, headers={"If-Match": '"0"'})[2] == '"1"'
    assert ask("PUT", LIMITS, headers={"If-Match": '"0"'})[0] == 412
    assert ask("PUT", LIMITS)[2] == '"2"'


def test_another_tenant_and_operators_have_limits_of_their_own(ask):
    ask("PUT", LIMITS)
    assert ask("GET", tenant="globex")[1] == DEFAULTS
    assert ask("PUT", LIMITS | {"error": 5}, role="operator")[0] == 200
    assert ask("GET")[1]["error"] == 120
    assert DynamoNotices(boto3.client("dynamodb"), "alerts").limits("_operators").error == 5


def test_limits_out_of_bounds_name_their_field(ask):
    for field, value in {"error": -1, "info": 1_001, "warning": "5", "critical": 1}.items():
        status, problem, _ = ask("PUT", LIMITS | {field: value})
        assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_an_absent_limit_is_refused(ask):
    assert ask("PUT", {"error": 1, "warning": 1})[0] == 422
