"""The small client and botocore's give the same answers, errors and retries."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support import aws_calls, moto_server, scripted_server
from tests.support.aws_conversation import converse, create_world
from tests.support.scripted_server import answer, close, corrupt, refusal, reset, send, serving, truncated
from vigil.aws import clients, services
from vigil.runtime.settings import Settings

SETTINGS = Settings("local", read_timeout=timedelta(milliseconds=200), traced=False)
KEY = {"pk": {"S": "a"}}
CALLS = {
    "a repeatable read": ("dynamodb", "get_item", {"TableName": "t", "Key": KEY}),
    "a write": ("dynamodb", "put_item", {"TableName": "t", "Item": KEY}),
    "a write with a token": (
        "dynamodb",
        "transact_write_items",
        {"TransactItems": [{"Delete": {"TableName": "t", "Key": KEY}}]},
    ),
    "a message": ("sqs", "send_message_batch", {"QueueUrl": "https://q", "Entries": [{"Id": "1", "MessageBody": "b"}]}),
    "a key": ("kms", "decrypt", {"CiphertextBlob": b"c"}),
}
STEPS = {
    "500": answer(500),
    "500 without a body": answer(500, b""),
    "502 in HTML": answer(502, b"<html>"),
    "503": refusal(503, "ServiceUnavailable"),
    "504": answer(504),
    "throttled": refusal(400, "ThrottlingException"),
    "too much throughput": refusal(400, "ProvisionedThroughputExceededException"),
    "429": refusal(429, "Unknown"),
    "asked to wait": refusal(503, "Busy", x_amz_retry_after="1"),
    "refused": refusal(400, "ValidationException"),
    "forbidden": refusal(403, "AccessDeniedException"),
    "redirected": answer(302, b""),
    "reset": reset,
    "closed": close,
    "not HTTP": send(b"220 smtp\r\n\r\n", is_last=True),
}
NETWORK = (scripted_server.reset, scripted_server.close)


@cache
def production_client(service):
    return clients.create_client(SETTINGS, service)


@pytest.fixture
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    clients.reset_session()
    yield
    clients.reset_session()


@pytest.fixture
def pauses(monkeypatch):
    """Seconds of all pauses, which take no time."""
    found = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def clients_of_both_kinds(service):
    """Return the production client of a service, and botocore's with the same settings."""
    with pytest.MonkeyPatch.context() as patch:
        small = clients.create_client(SETTINGS, service)
        patch.setattr(services, "SERVICES", {})
        patch.setattr(clients, "SERVICES", {})
        return small, clients.create_client(SETTINGS, service)


def outcome_of(client, method, arguments):
    """Return the error code, the class of the network error, or the members of the answer."""
    try:
        found = getattr(client, method)(**arguments)
    except ClientError as error:
        return "refused", error.response["Error"], error.response["ResponseMetadata"]["RetryAttempts"]
    except Exception as error:
        return "failed", type(error).__name__
    metadata = found.pop("ResponseMetadata")
    return "answered", found, metadata["RetryAttempts"]


def run(script: Callable, call, monkeypatch):
    """Return outcome, number of requests and bodies with the small client and with botocore's."""
    service, method, arguments = CALLS[call]
    results = []
    for kind in (0, 1):
        with serving() as server:
            server.script = script(server)
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
            client = clients_of_both_kinds(service)[kind]
            outcome = outcome_of(client, method, arguments)
            client.close()
            results.append((outcome, len(server.requests), [body for _, body in server.requests]))
    return results


def test_every_operation_has_the_same_answers_and_errors(credentials, monkeypatch):
    said = []
    for kind in (0, 1):
        with moto_server.running() as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            world = create_world(cache(boto3.client))
            said.append(converse(cache(lambda service, kind=kind: clients_of_both_kinds(service)[kind]), world))
    small, reference = said
    for ours, theirs in zip(small, reference, strict=True):
        assert ours == theirs
    known = {(service.name, name) for service in services.SERVICES.values() for name in service.operations}
    assert {(service, method) for service, method, _ in small} == known


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("step", STEPS)
def test_retries_and_errors_are_the_same(credentials, pauses, monkeypatch, step, call, times):
    small, reference = run(lambda _: [STEPS[step]] * times, call, monkeypatch)
    assert small[:2] == reference[:2]
