"""The rules for a second attempt are those of botocore's standard mode."""

import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import (
    ChecksumError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.retries import quota, standard

from tests.support.aws_calls import service_model
from vigil.aws.attempts import THROTTLING_CODES, TRANSIENT_CODES, Outcome, RetryRules
from vigil.aws.http_answers import Answer
from vigil.aws.services import SERVICES

OPERATIONS = [(service.name, each.name) for service in SERVICES.values() for each in service.operations.values()]
MORE_CODES = {"", "Unknown", "InternalFailure", "ServiceUnavailable", "RequestExpired", "400", "500"}
"""Codes beside those of the service models. The empty one is a success."""


@pytest.fixture
def pauses(monkeypatch):
    found = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def attempts_of(outcome, *, is_repeatable=True):
    """Return the number of attempts if each one has this outcome."""
    made = []

    def attempt():
        made.append(1)
        return outcome

    rules = RetryRules(0.05)
    if outcome.error:
        with pytest.raises(type(outcome.error)):
            rules.run(attempt, is_repeatable=is_repeatable)
    else:
        rules.run(attempt, is_repeatable=is_repeatable)
    return len(made)


def refused(status, code, **headers):
    return Outcome(Answer(status, headers, b""), {"ResponseMetadata": {}}, code)


def is_retried_by_botocore(model, status, code):
    context = standard.RetryContext(
        attempt_number=1,
        operation_model=model,
        parsed_response={"Error": {"Code": code}} if code else {},
        http_response=SimpleNamespace(status_code=status, headers={}, content=b""),
    )
    return standard.StandardRetryConditions(max_attempts=2).is_retryable(context)


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_every_code_and_status_is_retried_as_by_botocore(pauses, service, operation):
    model = service_model(service).operation_model(operation)
    modeled = {shape.name for shape in model.error_shapes}
    for code in modeled | THROTTLING_CODES | (TRANSIENT_CODES - {"ReplicatedWriteConflictException"}) | MORE_CODES:
        # These services throttle with the status 400. With 429, botocore's decision depends on its model of the code.
        for status in (400, 403, 404, 500, 501, 502, 503, 504, 599, *((429,) if code not in modeled else ())):
            if not code and status >= 300:
                continue
            expected = 2 if is_retried_by_botocore(model, status, code) else 1
            assert attempts_of(refused(status, code)) == expected, (code, status)
    assert attempts_of(refused(200, "")) == 1


@pytest.mark.parametrize(
    ("error", "repeatable", "other"),
    [
        (ReadTimeoutError(endpoint_url="u"), 2, 1),
        (ConnectTimeoutError(endpoint_url="u"), 2, 2),
        (EndpointConnectionError(endpoint_url="u", error="e"), 2, 2),
        (ConnectionClosedError(endpoint_url="u"), 2, 2),
        (SSLError(endpoint_url="u", error="e"), 2, 2),
        (HTTPClientError(error="e"), 2, 2),
        (ChecksumError(checksum_type="crc32", expected_checksum="1", actual_checksum="2"), 2, 2),
        (NoCredentialsError(), 1, 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_network_errors_are_retried_unless_an_effect_may_double(pauses, error, repeatable, other):
    assert attempts_of(Outcome(error=error)) == repeatable
    assert attempts_of(Outcome(error=error), is_repeatable=False) == other


def test_the_quota_is_botocores(pauses):
    rules, made = RetryRules(0.05), []

    def attempt(outcome):
        made.append(1)
        return outcome

    def attempts(outcome):
        made.clear()
        rules.run(lambda: attempt(outcome), is_repeatable=True)
        return len(made)

    costs = quota.RetryQuota()
    for _ in range(40):
        assert attempts(refused(500, "E")) == (2 if costs.acquire(14) else 1)
    assert not costs.acquire(14)
    assert [attempts(refused(400, "Throttling")) for _ in range(3)] == [2, 2, 1]  # a throttled one costs 5
    for _ in range(14):
        assert attempts(refused(200, "")) == 1
    assert attempts(refused(500, "E")) == 2


@pytest.mark.parametrize(
    ("outcome", "longest"),
    [
        (refused(500, "E"), 0.05),
        (refused(400, "Throttling"), 1.0),
        (refused(429, "E"), 1.0),
        (refused(400, "SlowDown"), 1.0),
    ],
)
def test_a_pause_is_random_and_bounded(pauses, outcome, longest):
    for _ in range(50):
        attempts_of(outcome)
    assert 0 <= min(pauses) < longest / 5
    assert longest * 4 / 5 < max(pauses) <= longest


@pytest.mark.parametrize(
    ("wish", "shortest", "longest"), [("700", 0.7, 0.7), ("9999", 5, 5.05), ("-1", 0, 0.05), ("x", 0, 0.05)]
)
def test_a_service_may_request_a_longer_pause(pauses, wish, shortest, longest):
    attempts_of(refused(503, "E", **{"x-amz-retry-after": wish}))
    assert shortest <= pauses[0] <= longest
