"""Every authenticated response has rate limit headers; a request beyond the limits has no effect."""

import pytest

from tests.unit.web.api import BODY
from vigil.kernel.tenants import Limits
from vigil.web.middleware import SECURITY_HEADERS


@pytest.mark.parametrize(
    ("method", "path", "kwargs", "status"),
    [
        ("POST", "/v1/scores", {"body": BODY}, 201),
        ("POST", "/v1/scores", {"body": {}}, 422),
        ("POST", "/v1/scores", {"body": "{"}, 400),
        ("POST", "/v1/scores", {"body": "x" * 5000}, 413),
        ("POST", "/v1/scores", {"body": BODY, "headers": {"Content-Type": "text/plain"}}, 415),
        ("GET", "/v1/scores/none", {}, 404),
        ("GET", "/nowhere", {}, 404),
        ("DELETE", "/v1/scores", {}, 405),
        ("GET", "/broken", {}, 500),
    ],
)
def test_every_authenticated_response_has_rate_limit_headers(api, method, path, kwargs, status):
    answered, headers, _ = api(method, path, **kwargs)
    assert answered == status
    assert headers["ratelimit-policy"] == '"minute";q=60;w=60, "hour";q=1000;w=3600'
    assert headers["ratelimit"] == '"minute";r=59;t=60, "hour";r=999;t=3600'


def test_a_request_without_a_credential_is_not_counted(api):
    _, headers, _ = api("GET", "/health/liveness", tenant=None)
    assert "ratelimit" not in headers
    assert api.counters.calls == 0


def test_the_61st_request_of_a_minute_is_429_without_effect(api):
    for _ in range(60):
        api("GET", "/v1/scores")
    calls = api.ledger.calls
    status, headers, problem = api("POST", "/v1/scores", body=BODY)
    assert (status, problem["type"], problem["violated-policies"]) == (
        429,
        "urn:vigil:problem:rate-limited",
        ["minute"],
    )
    assert headers["retry-after"] == "60"
    assert headers["ratelimit"] == '"minute";r=0;t=60, "hour";r=940;t=3600'
    assert SECURITY_HEADERS.items() <= headers.items()
    assert api.ledger.calls == calls
    assert (api.line()["status"], api.line()["tenant_id"], api.line()["problem"]) == (429, "acme", "rate-limited")
    assert api("GET", "/v1/scores", tenant="globex")[0] == 200


def test_an_exhausted_monthly_quota_is_429_and_names_the_month(api):
    limits = Limits(1, 60, 1000, 10).to_json()
    assert api("POST", "/v1/scores", body=BODY, limits=limits)[0] == 201
    status, headers, problem = api("POST", "/v1/scores", body=BODY, limits=limits)
    assert (status, problem["type"], problem["violated-policies"]) == (
        429,
        "urn:vigil:problem:quota-exceeded",
        ["month"],
    )
    assert int(headers["retry-after"]) >= 1


def test_without_the_counters_requests_are_served_and_logged(api):
    api.counters.away = True
    status, headers, _ = api("POST", "/v1/scores", body=BODY)
    assert status == 201
    assert "ratelimit" not in headers
    assert api.line()["unchecked"] is True
