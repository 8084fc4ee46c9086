"""Packages are read by one signed GET, with the answers, errors and retries of botocore's client."""

import time
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support import moto_server
from tests.support.scripted_server import answer, close, reset, serving, truncated
from vigil.aws import clients, object_client
from vigil.aws.object_client import ObjectClient
from vigil.errors import ModelRefused, Unavailable
from vigil.prediction.packages.store import S3PackageStore
from vigil.runtime.settings import Settings

SETTINGS = Settings("local", read_timeout=timedelta(milliseconds=200), traced=False)
KEYS = ("toy/00000001/manifest.json", "odd/ä +~*'()&=%/:@.txt", "empty")
NO_KEY = b"<?xml version='1.0'?>\n<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>"
STEPS = {
    "500": answer(500, b""),
    "503": answer(503, b"<Error><Code>SlowDown</Code><Message>slow</Message></Error>"),
    "forbidden": answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"),
    "missing": answer(404, NO_KEY),
    "reset": reset,
    "closed": close,
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(time, "sleep", lambda _: None)
    clients.reset_session()
    yield
    clients.reset_session()


def clients_of_both_kinds():
    def botocore():
        return clients.create_client(SETTINGS, "s3")

    return clients.create_object_client(SETTINGS, "packages", botocore), botocore()


def outcome_of(client, key="k"):
    try:
        found = client.get_object(Bucket="packages", Key=key)
        with found["Body"] as body:
            return body.read(), found["ContentLength"], found["ResponseMetadata"]["RetryAttempts"]
    except ClientError as error:
        refusal = error.response["Error"]
        return refusal["Code"], refusal["Message"], error.response["ResponseMetadata"]["RetryAttempts"]
    except Exception as error:
        return type(error).__name__


def test_objects_and_errors_equal_those_of_botocore(monkeypatch):
    with moto_server.running() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        small, reference = clients_of_both_kinds()
        assert isinstance(small, ObjectClient)
        setting = {"LocationConstraint": "eu-west-1"}
        patient = boto3.client("s3", region_name="eu-west-1")  # moto loads a service at its first request
        patient.create_bucket(Bucket="packages", CreateBucketConfiguration=setting)
        for key in KEYS:
            small.put_object(Bucket="packages", Key=key, Body=b"" if key == "empty" else key.encode() * 9999)
        for key in (*KEYS, "none"):
            assert outcome_of(small, key) == outcome_of(reference, key)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_retries_equal_those_of_botocore(monkeypatch, step, times):
    results = []
    for kind in (0, 1):
        with serving(*[STEPS[step]] * times) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
            client = clients_of_both_kinds()[kind]
            results.append((outcome_of(client), len(server.requests)))
            client.close()
    assert results[0] == results[1]


@pytest.mark.parametrize("fault", ["silent", "truncated"])
def test_a_lost_object_is_requested_again(monkeypatch, fault):
    with serving() as server:
        server.script = [server.silent if fault == "silent" else truncated]
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
        small, _ = clients_of_both_kinds()
        assert outcome_of(small) == (b"{}", 2, 1)
        assert len(server.requests) == 2
        small.close()


def test_the_store_refuses_missing_and_large_files(monkeypatch):
    monkeypatch.setattr(object_client, "MAX_OBJECT_BYTES", 5000)
    large = answer(200, b"x" * 5001)
    with serving(answer(200), answer(404, NO_KEY), large, answer(403), close, close) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
        small, _ = clients_of_both_kinds()
        store = S3PackageStore(small, "packages")
        assert store.get("toy", 1, "manifest.sig") == b"{}"
        for reason in ("missing_file", "oversized"):
            with pytest.raises(ModelRefused, match=reason):
                store.get("toy", 1, "manifest.sig")
        for _ in range(2):
            with pytest.raises(Unavailable):
                store.get("toy", 1, "manifest.sig")
        assert server.requests[0][0].startswith("GET /packages/toy/00000001/manifest.sig HTTP/1.1\r\n")
        small.close()


def test_another_bucket_is_refused(monkeypatch):
    small, _ = clients_of_both_kinds()
    with pytest.raises(ValueError, match="another bucket"):
        small.get_object(Bucket="files", Key="uploads/acme/b/input")
