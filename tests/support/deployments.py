"""A deployment in process on moto: tables, buckets, secrets and one published model."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from tests.support import tables
from vigil.bootstrap import process
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.store import DynamoCatalogue, S3PackageStore
from vigil.prediction.packages.verification import PackageVerifier, Release, build_package

QUEUES = ("SPLITS", "CHUNKS", "ASSEMBLIES")
KEY = SigningKey(bytes(range(32)))


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
            "VIGIL_DEAD_LETTERS": "https://sqs.eu-west-1.amazonaws.com/1/dead",
            "VIGIL_QUEUES": "{}",
            **{f"VIGIL_BATCH_{name}_QUEUE": f"https://sqs.eu-west-1.amazonaws.com/1/{name}" for name in QUEUES},
            "VIGIL_MODEL_KEYS": json.dumps({KEY.key_id: base64.b64encode(KEY.public).decode()}),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        publisher = Publisher(
            S3PackageStore(boto3.client("s3"), "packages"),
            DynamoCatalogue(boto3.client("dynamodb"), "registry"),
            PackageVerifier({KEY.key_id: KEY.public}, load_engine),
            process.now,
        )
        publish(publisher, trained, 1)
        process.forget()
        yield publisher
        process.forget()


def publish(publisher: Publisher, model: TrainedModel, version: int) -> None:
    """Sign, publish and promote a version of a model."""
    now = process.now()
    publisher.publish(build_package(model, Release(version, now, now + timedelta(days=30)), KEY, load_engine))
    publisher.promote(model.contract.name, version)
