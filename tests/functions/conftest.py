"""Fixtures of function tests: a deployment in process and checks of each function's role."""

import base64
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

from tests.support import policies, tables
from tests.support.fakes.card import CARD
from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import CONTRACT
from vigil.bootstrap import access, process
from vigil.prediction.engines.loading import load
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.store import DynamoCatalogue, S3PackageStore
from vigil.prediction.packages.verification import Release, Verifier, build

KEY = SigningKey(bytes(range(32)))
HANDLER = re.compile(r"functions\.(\w+)\.handler")


@pytest.fixture(scope="session")
def trained() -> TrainedModel:
    """Return a small trained model of the toy contract, with categories and missing values."""
    import lightgbm
    import numpy

    random = Random(7)
    rows = [
        [random.uniform(0, 100), random.randrange(50), random.choice([0.0, 1.0, float("nan")]), random.randrange(3)]
        for _ in range(400)
    ]
    labels = [int(age / 100 + stage / 3 + random.random() > 1.2) for age, _, _, stage in rows]
    names = [spec.name for spec in CONTRACT.features]
    data = lightgbm.Dataset(numpy.array(rows), numpy.array(labels), feature_name=names, categorical_feature=["stage"])
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 20)
    golden = tuple({"age": age, "visits": 3, "stage": stage} for age in (5, 50, 95) for stage in ("I", "III", None))
    return TrainedModel(CONTRACT, {"linear.txt": booster.model_to_string().encode()}, golden, CARD)


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


@contextmanager
def deployment(trained: TrainedModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Run a deployment in process with `trained` as the champion; yield its publisher."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    with mock_aws():
        tables.create_tables(boto3.client("dynamodb"))
        boto3.client("s3").create_bucket(
            Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        boto3.client("s3").create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        boto3.client("s3").put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
        boto3.client("events").create_event_bus(Name="decisions")
        secrets = boto3.client("secretsmanager")
        access = secrets.create_secret(Name="access", SecretString='{"pepper_version":"1","pepper_1":"p"}')
        cursor = secrets.create_secret(Name="cursor", SecretString='{"key":"c"}')
        ring = secrets.create_secret(Name="signing", SecretString="{}")
        signing = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        environment = {
            **tables.environment(),
            "VIGIL_STAGE": "local",
            "VIGIL_BATCHES_BUCKET": "files",
            "VIGIL_EVENT_BUS": "decisions",
            "VIGIL_PACKAGES_BUCKET": "packages",
            "VIGIL_ACCESS_SECRET_ARN": access["ARN"],
            "VIGIL_CURSOR_SECRET_ARN": cursor["ARN"],
            "VIGIL_SIGNING_SECRET_ARN": ring["ARN"],
            "VIGIL_CERTIFICATE_KEY_ARN": signing["KeyMetadata"]["Arn"],
            "VIGIL_OFFBOARDING_PAUSE_SECONDS": "0",
            "VIGIL_MODEL_KEYS": json.dumps({KEY.key_id: base64.b64encode(KEY.public).decode()}),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        publisher = Publisher(
            S3PackageStore(boto3.client("s3"), "packages"),
            DynamoCatalogue(boto3.client("dynamodb"), "registry"),
            Verifier({KEY.key_id: KEY.public}, load),
            process.now,
        )
        publish(publisher, trained, 1)
        process.forget()
        yield publisher
        process.forget()


def publish(publisher: Publisher, model: TrainedModel, version: int) -> None:
    """Sign, publish and promote a version of a model."""
    now = process.now()
    publisher.publish(build(model, Release(version, now, now + timedelta(days=30)), KEY, load))
    publisher.promote(model.contract.name, version)


@pytest.fixture(autouse=True)
def within_its_role(monkeypatch):
    """Fail a test in which a function makes an AWS call its role forbids, including its leading keys."""
    original, refused = BaseClient._make_api_call, []

    def judged(client, operation, arguments):
        if function := _running():
            asked = policies.asked(client.meta.service_model.service_name, operation, arguments)
            refused.extend(f"{function}: {ask}" for ask in asked if not policies.allows(function, ask))
        return original(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", judged)
    yield
    assert refused == []


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
    actions, original = set(), BaseClient._make_api_call

    def recording(client, operation, arguments):
        service = client.meta.service_model.endpoint_prefix.removeprefix("streams.")
        # A transaction needs the actions of its parts. A batch call on messages needs the action on one message.
        parts = arguments["TransactItems"] if operation == "TransactWriteItems" else ()
        actions.update(f"{service}:{verb}Item" for part in parts for verb in part)
        actions.add(f"{service}:{operation.removesuffix('Batch') if service == 'sqs' else operation}")
        return original(client, operation, arguments)

    access.tenants().create("acme", "FREE")
    token = access.keys().create("acme", by="operator").token
    process.forget()
    monkeypatch.setattr(BaseClient, "_make_api_call", recording)
    return actions, token
