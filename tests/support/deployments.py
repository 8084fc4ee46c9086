"""A deployment in process on moto: tables, buckets, secrets and one published model."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.support import dead_letter_queues, tables
from tests.support.moto_states import made_once
from vigil.bootstrap import process, stores
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.store import DynamoCatalogue, S3PackageStore
from vigil.prediction.packages.verification import PackageVerifier, Release, build_package

REGION = "eu-west-1"
TENANTS = ("acme", "globex")
KEY = SigningKey(bytes(range(32)))
REAL_TIME = process.now
"""Clock of the functions without a fixture that replaces it."""


@contextmanager
def deployment(trained: TrainedModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Run a deployment in process with `trained` as the champion; yield its publisher."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    moment = None if process.now is REAL_TIME else process.now()
    with mock_aws():
        _, environment = made_once((id(trained), moment), lambda: (trained, _create_resources(trained)))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        process.forget()
        yield _publisher()
        process.forget()


def _create_resources(trained: TrainedModel) -> dict[str, str]:
    """Create all resources and publish a model; return the environment variables of the deployed functions."""
    tables.create_tables(_client("dynamodb"))
    _create_buckets(_client("s3"))
    _client("events").create_event_bus(Name="decisions")
    environment = _environment(_create_secrets())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        _create_tenant_keys()
        publish(_publisher(), trained, 1)
    return environment


def _publisher() -> Publisher:
    return Publisher(
        S3PackageStore(_client("s3"), "packages"),
        DynamoCatalogue(_client("dynamodb"), "registry"),
        PackageVerifier({KEY.key_id: KEY.public}, load_engine),
        process.now,
    )


@cache
def _client(service: str) -> Any:
    """Return the client of a service for all tests; a new one per test costs more than its calls."""
    return boto3.client(service, REGION)


def _create_buckets(s3: Any) -> None:
    for bucket in ("packages", "files"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})


def _create_secrets() -> dict[str, str]:
    """Create the secrets and the signing key; return their variables."""
    texts = {
        "access": '{"pepper_version":"1","pepper_1":"p"}',
        "alerting": json.dumps({"key": "a" * 64}),
        "cursor": '{"key":"c"}',
        "signing": "{}",
    }
    secrets = {
        f"VIGIL_{name.upper()}_SECRET_ARN": _client("secretsmanager").create_secret(Name=name, SecretString=text)["ARN"]
        for name, text in texts.items()
    }
    key = _client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    data_key = _client("kms").create_key()["KeyMetadata"]
    return {**secrets, "VIGIL_CERTIFICATE_KEY_ARN": key["Arn"], "VIGIL_DATA_KEY_ARN": data_key["Arn"]}


def _create_tenant_keys() -> None:
    """Create the keys of the tenants that events name without a tenant in the table."""
    process.forget()
    for tenant_id in TENANTS:
        _client("dynamodb").put_item(**stores.tenant_keys().creation(tenant_id)["Put"])


def _environment(secrets: dict[str, str]) -> dict[str, str]:
    """Return the environment variables of the deployed functions."""
    return {
        **tables.environment(),
        **secrets,
        "VIGIL_STAGE": "local",
        "VIGIL_STACK_NAME": "vigil",
        "VIGIL_BATCHES_BUCKET": "files",
        "VIGIL_EVENT_BUS": "decisions",
        "VIGIL_PACKAGES_BUCKET": "packages",
        "VIGIL_OFFBOARDING_PAUSE_SECONDS": "0",
        "VIGIL_UPLOAD_ADDRESS_SECONDS": "0",
        "VIGIL_DEAD_LETTERS": f"https://sqs.{REGION}.amazonaws.com/1/dead",
        **dead_letter_queues.variables(f"https://sqs.{REGION}.amazonaws.com/1"),
        "VIGIL_MODEL_KEYS": model_keys(),
    }


def model_keys() -> str:
    """Return the value of VIGIL_MODEL_KEYS with the key of these tests."""
    return json.dumps({KEY.key_id: base64.b64encode(KEY.public).decode()})


def publish(publisher: Publisher, model: TrainedModel, version: int) -> None:
    """Sign, publish and promote a version of a model."""
    now = process.now()
    publisher.publish(build_package(model, Release(version, now, now + timedelta(days=30)), KEY, load_engine))
    publisher.promote(model.contract.name, version)
