"""The small client and botocore's give the same answers, errors and retries."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from functools import cache
from uuid import UUID

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support import aws_calls, moto_server
from tests.support.aws_conversation import converse, create_world
from tests.support.scripted_server import answer, close, corrupt, refusal, reset, send, serving, truncated
from vigil.aws import clients, services
from vigil.runtime.settings import Settings

SETTINGS = Settings("local", read_timeout=timedelta(milliseconds=200), traced=False)
PATIENT = Settings("local", read_timeout=timedelta(seconds=30), traced=False)
"""Settings for a server that does real work."""
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
    "busy": refusal(503, "Busy", x_amz_retry_after="1"),
    "refused": refusal(400, "ValidationException"),
    "forbidden": refusal(403, "AccessDeniedException"),
    "redirected": answer(302, b""),
    "reset": reset,
    "closed": close,
    "not HTTP": send(b"220 smtp\r\n\r\n", is_last=True),
}
DYNAMODB = ("a repeatable read", "a write", "a write with a token")


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


def client_of_kind(kind, service, settings=SETTINGS):
    """Return the production client of a service, or with kind 1 botocore's with the same settings."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (services, clients) if kind else ():
            patch.setattr(module, "SERVICES", {})
        return clients.create_client(settings, service)


@contextmanager
def clients_of_kind(kind):
    """Yield a function from a service to its one client, which has time for the work of an emulated service."""
    with ExitStack() as opened:
        yield cache(lambda service: opened.enter_context(closing(client_of_kind(kind, service, PATIENT))))


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
            client = client_of_kind(kind, service)
            outcome = outcome_of(client, method, arguments)
            client.close()
            results.append((outcome, len(server.requests), [body for _, body in server.requests]))
    return results


def test_every_operation_has_the_same_answers_and_errors(credentials, monkeypatch):
    conversations = []
    for kind in (0, 1):
        with moto_server.running() as url, clients_of_kind(kind) as opened:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            conversations.append(converse(opened, create_world(cache(boto3.client))))
    small, reference = conversations
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


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("code", ["", "x#", ":x"])
def test_an_error_without_a_code_is_an_error(credentials, pauses, monkeypatch, call, status, code):
    step = answer(status, json.dumps({"__type": code, "message": "m"}).encode())
    small, reference = run(lambda _: [step, step], call, monkeypatch)
    assert (small[0][0], small[1]) == (reference[0][0], reference[1]) == ("refused", 1 if status == 400 else 2)
    assert small[0][1]["Code"] == str(status)


@pytest.mark.parametrize("call", CALLS)
def test_a_lost_answer_is_requested_again_unless_that_repeats_an_effect(credentials, pauses, monkeypatch, call):
    small, reference = run(lambda server: [server.silent], call, monkeypatch)
    assert reference[:2] == (("answered", {}, 1), 2)
    lost = (("failed", "ReadTimeoutError"), 1)
    assert small[:2] == (lost if call in ("a write", "a message") else reference[:2])


@pytest.mark.parametrize("step", [truncated, corrupt])
@pytest.mark.parametrize("call", DYNAMODB)
def test_an_answer_without_its_checksum_is_requested_again(credentials, pauses, monkeypatch, call, step):
    small, reference = run(lambda _: [step], call, monkeypatch)
    assert small[:2] == reference[:2] == (("answered", {}, 1), 2)
    small, reference = run(lambda _: [step, step], call, monkeypatch)
    assert small[:2] == (("failed", "ChecksumError"), 2)
    assert reference[0][0] == "answered"  # botocore returns the readable part of the last answer
    assert reference[1] == 2


@pytest.mark.parametrize(("call", "requests"), [("a message", 1), ("a key", 2)])
def test_an_unreadable_answer_is_an_error(credentials, pauses, monkeypatch, call, requests):
    small, reference = run(lambda _: [truncated] * 2, call, monkeypatch)
    assert small[:2] == (("failed", "ResponseStreamingError"), requests)
    assert reference[:2] == (("answered", {}, 0), 1)  # botocore returns an empty answer


def test_both_attempts_have_the_same_body_and_token(credentials, pauses, monkeypatch):
    (_, _, small), (_, _, reference) = run(lambda _: [answer(500)], "a write with a token", monkeypatch)
    assert small[0] == small[1]
    bodies = [json.loads(bodies[0]) for bodies in (small, reference)]
    tokens = [body.pop("ClientRequestToken") for body in bodies]
    assert bodies[0] == bodies[1]
    assert [UUID(token).version for token in tokens] == [4, 4]


def test_retries_end_while_most_attempts_fail(credentials, pauses, monkeypatch):
    small, reference = [], []
    for kind, counts in enumerate((small, reference)):
        with serving() as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
            client = client_of_kind(kind, "dynamodb")
            for _ in range(60):
                server.script = [answer(500), answer(500)]
                before = len(server.requests)
                outcome_of(client, "get_item", {"TableName": "t", "Key": KEY})
                counts.append(len(server.requests) - before)
            server.script = []
            for _ in range(14):
                client.get_item(TableName="t", Key=KEY)
            server.script = [answer(500), answer(500)]
            outcome_of(client, "get_item", {"TableName": "t", "Key": KEY})
            client.close()
            counts.append(len(server.requests))
    assert small == reference
    assert 1 in small[:-1]


def test_an_unreachable_endpoint_is_tried_twice(credentials, pauses, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    outcomes = [outcome_of(client_of_kind(kind, "dynamodb"), *CALLS["a write"][1:]) for kind in (0, 1)]
    assert outcomes == [("failed", "EndpointConnectionError")] * 2
    assert len(pauses) == 2


@pytest.mark.parametrize(("step", "longest"), [(answer(500), 0.025), (STEPS["throttled"], 1), (reset, 0.025)])
def test_the_pause_before_a_retry_is_random(credentials, pauses, monkeypatch, step, longest):
    for _ in range(12):
        run(lambda _: [step], "a write", monkeypatch)
    for found in (pauses[::2], pauses[1::2]):
        assert 0 <= min(found) < longest / 2 < max(found) <= longest
        assert len(set(found)) == 12


@pytest.mark.parametrize(("wish", "shortest"), [("700", 0.7), ("60000", 5)])
def test_a_service_may_request_a_longer_pause(credentials, pauses, monkeypatch, wish, shortest):
    run(lambda _: [refusal(503, "Busy", x_amz_retry_after=wish)], "a write", monkeypatch)
    assert [shortest <= pause <= shortest + 0.025 for pause in pauses] == [True, True]


@pytest.mark.parametrize("kind", [0, 1])
def test_invalid_arguments_are_found_in_tests(credentials, monkeypatch, kind):
    aws_calls.replace_calls(monkeypatch, lambda *_: {})
    invalid = aws_calls.record_invalid_arguments(monkeypatch)
    client = client_of_kind(kind, "dynamodb")
    client.get_item(TableName="t", Key=KEY)
    assert invalid == []
    client.get_item(TableName="t", Key=KEY, Consistent=True)
    assert len(invalid) == 1
    assert "Unknown parameter" in invalid[0]
