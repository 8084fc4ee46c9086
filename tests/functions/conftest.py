"""Fixtures of function tests: a deployment in process and checks of each function's role."""

import json
import re
import sys
from collections.abc import Iterator

import boto3
import pytest

from tests.support import entries, policies
from tests.support.aws_calls import replace_calls
from tests.support.deployments import deployment
from tests.support.fakes.clock import Clock
from tests.support.timestamps import other_formats
from tests.support.trained import toy_model
from vigil.bootstrap import access, process
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.publishing import Publisher
from vigil.runtime.settings import Settings

BATCH_QUEUES = ("batch_splits", "batch_chunks", "batch_assemblies")
HANDLER = re.compile(r"functions\.(\w+)\.handler")


@pytest.fixture(scope="session")
def trained() -> TrainedModel:
    """Return a small trained model of the toy contract, with categories and missing values."""
    return toy_model()


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """Clock of the functions, fixed at noon. Request it before the deployment it applies to."""
    clock = Clock()
    monkeypatch.setattr(process, "now", clock)
    return clock


@pytest.fixture
def published(trained, monkeypatch) -> Iterator[Publisher]:
    """Deployment in process with the toy model as champion; yields its publisher."""
    with deployment(trained, monkeypatch) as publisher:
        yield publisher


@pytest.fixture(autouse=True)
def within_its_role(monkeypatch):
    """Fail a test in which a function makes an AWS call its role forbids, including its leading keys."""
    refused = []

    def judged(make, service, operation, arguments):
        if function := _running():
            asked = policies.asked(service, operation, arguments)
            refused.extend(f"{function}: {ask}" for ask in asked if not policies.allows(function, ask))
        return make(operation, arguments)

    replace_calls(monkeypatch, judged)
    yield
    assert refused == []


@pytest.fixture(autouse=True)
def within_its_settings(monkeypatch):
    """Every setting without default that a function reads in these tests is one that its entry names."""
    read, unnamed = object.__getattribute__, set()

    def judged(settings, name):
        value = read(settings, name)
        required = name in entries.REQUIRED and sys._getframe(1).f_code.co_name not in ("get", "__post_init__")
        if required and (function := _running()) and name not in ("stage", *entries.entry(function).needs):
            unnamed.add(f"{function}: {name}")
        return value

    monkeypatch.setattr(Settings, "__getattribute__", judged)
    yield
    assert unnamed == set()


@pytest.fixture(autouse=True)
def events_with_one_timestamp_format(monkeypatch):
    """Check that every published event contains timestamps of the one format only."""
    found = []

    def checked(make, service, operation, arguments):
        if operation == "PutEvents":
            for entry in arguments["Entries"]:
                found.extend(other_formats(json.loads(entry["Detail"]), entry["DetailType"]))
        return make(operation, arguments)

    replace_calls(monkeypatch, checked)
    yield
    assert found == []


def _running() -> str | None:
    """Return the folder of the running function, or None if the test itself makes the call."""
    frame = sys._getframe()
    while frame := frame.f_back:
        if match := HANDLER.fullmatch(frame.f_globals.get("__name__", "")):
            return match[1]
    return None


@pytest.fixture
def called(published, monkeypatch):
    """IAM actions of all AWS calls from now on, and an API key of the tenant `acme`."""
    actions = set()

    def recording(make, service, operation, arguments):
        service = service.removesuffix("streams")
        # A transaction needs the actions of its parts. A batch call on messages needs the action on one message.
        parts = arguments["TransactItems"] if operation == "TransactWriteItems" else ()
        actions.update(f"{service}:{verb}Item" for part in parts for verb in part)
        if "Tagging" in arguments:
            actions.add("s3:PutObjectTagging")
        if operation not in {"Decrypt", "GenerateDataKey"}:  # every role has them: the key encrypts all tables
            actions.add(f"{service}:{operation.removesuffix('Batch') if service == 'sqs' else operation}")
        return make(operation, arguments)

    access.tenants().create("acme", "FREE")
    token = access.keys().create("acme", by="operator").token
    process.forget()
    replace_calls(monkeypatch, recording)
    return actions, token


@pytest.fixture
def deployed(published, monkeypatch):
    """Deployment with the queues and the bucket of batches, and the tenant `acme`; returns the URLs of its queues."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto mistakes an account's endpoint for DynamoDB's
    urls = {name: boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in (*BATCH_QUEUES, "dead")}
    for name in BATCH_QUEUES:
        monkeypatch.setenv(f"VIGIL_{name.upper()}_QUEUE", urls[name])
    monkeypatch.setenv("VIGIL_DEAD_LETTERS", urls["dead"])
    process.forget()
    access.tenants().create("acme", "FREE")
    return urls
