"""Every authenticated response has rate limit headers; a request beyond the limits has no effect."""

import pytest

from tests.unit.web.api import BODY
from vigil.kernel.tenants import Limits
from vigil.web.middleware import SECURITY_HEADERS

POLICY = '"minute";q=60;w=60, "hour";q=1000;w=3600, "tenant-minute";q=300;w=60, "tenant-hour";q=5000;w=3600'


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
    assert headers["ratelimit-policy"] == POLICY
    assert headers["ratelimit"] == (
        '"minute";r=59;t=60, "hour";r=999;t=3600, "tenant-minute";r=299;t=60, "tenant-hour";r=4999;t=3600'
    )


def test_a_request_without_a_credential_is_not_counted(api):
    _, headers, _ = api("GET", "/health/liveness", tenant=None)
    assert "ratelimit" not in headers
    assert (api.counters.calls, api.leases.calls) == (0, 0)


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


def test_100_keys_have_the_limit_of_their_tenant(api):
    answers = [api("GET", "/v1/scores", key_id=f"k-{number % 100}") for number in range(400)]
    assert [status for status, _, _ in answers] == [200] * 300 + [429] * 100
    _, headers, problem = answers[-1]
    assert problem["violated-policies"] == ["tenant-minute"]
    assert problem["detail"] == (
        "All API keys of the tenant together have no requests left in this minute; retry after 60 s."
    )
    assert (headers["retry-after"], headers["ratelimit-policy"]) == ("60", POLICY)
    assert headers["ratelimit"] == '"tenant-minute";r=0;t=60, "tenant-hour";r=4700;t=3600'
    hours = [count for (_, window, _), count in api.counters.spent.items() if window == "hour"]
    assert sum(hours) == 300  # a refused request is no call of its key
    assert api("GET", "/v1/scores", tenant="globex")[0] == 200
    api.clock.advance(seconds=60)
    assert api("GET", "/v1/scores")[0] == 200


def test_a_context_without_a_tenant_limit_has_the_limit_of_its_tier(api):
    limits = '{"predictions_per_month":1000,"per_minute":7,"per_hour":100,"storage_gb":10}'
    _, headers, _ = api("GET", "/v1/scores", limits=limits, tier="BASIC")
    assert headers["ratelimit-policy"].endswith('"tenant-minute";q=70;w=60, "tenant-hour";q=1000;w=3600')


def test_an_exhausted_monthly_quota_is_429_and_names_the_month(api):
    limits = Limits(1, 60, 1000, 10, 300, 5000).to_context()
    assert api("POST", "/v1/scores", body=BODY, **limits)[0] == 201
    status, headers, problem = api("POST", "/v1/scores", body=BODY, **limits)
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
