"""AWS in process (moto), with the tables that `infra/data.yaml` declares."""

from functools import cache

import boto3
import pytest
from moto import mock_aws

from tests.support.moto_states import made_once
from tests.support.production_clients import as_in_production
from tests.support.tables import create_tables
from tests.support.vendors import server
from tests.support.vendors.bench import Bench


@pytest.fixture
def aws(monkeypatch):
    """An empty account; yields a factory of the clients that production has."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made_once("tables", lambda: create_tables(_client("dynamodb")))
        yield lambda service, **options: as_in_production(
            boto3.client(service, **options) if options else _client(service)
        )


@cache
def _client(service):
    """Return botocore's client of a service for all tests; a new one per test costs more than its calls."""
    return boto3.client(service, "eu-west-1")


@pytest.fixture
def dynamodb(aws):
    """A client that finds every table."""
    return aws("dynamodb")


@pytest.fixture
def s3(aws):
    """A client that finds the bucket of packages."""
    client = aws("s3")
    client.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


@pytest.fixture
def bench():
    """Senders of channels in front of fake vendors on loopback."""
    with server.serving() as vendors:
        yield Bench(vendors)
