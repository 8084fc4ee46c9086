"""Copied states of moto: each test starts from the first state, whatever earlier tests changed."""

import boto3
import pytest
from moto import mock_aws

from tests.support.moto_states import made_once

REGION = "eu-west-1"
KEY = {"pk": {"S": "a"}}


@pytest.fixture
def clients(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    return {name: boto3.client(name, REGION) for name in ("dynamodb", "kms", "s3", "secretsmanager")}


def create(clients):
    """Create an item, an object, a secret and two keys; return the names of the keys and an encrypted text."""
    clients["dynamodb"].create_table(
        TableName="plain",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    clients["s3"].create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": REGION})
    clients["secretsmanager"].create_secret(Name="secret", SecretString="first")
    write(clients, "first")
    signing = clients["kms"].create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    data = clients["kms"].create_key()["KeyMetadata"]["KeyId"]
    return signing, data, clients["kms"].encrypt(KeyId=data, Plaintext=b"text")["CiphertextBlob"]


def write(clients, text):
    clients["dynamodb"].put_item(TableName="plain", Item=KEY | {"text": {"S": text}})
    clients["s3"].put_object(Bucket="files", Key="object", Body=text.encode())
    clients["secretsmanager"].put_secret_value(SecretId="secret", SecretString=text)


def read(clients):
    item = clients["dynamodb"].get_item(TableName="plain", Key=KEY)["Item"]["text"]["S"]
    body = clients["s3"].get_object(Bucket="files", Key="object")["Body"].read().decode()
    return item, body, clients["secretsmanager"].get_secret_value(SecretId="secret")["SecretString"]


def test_each_use_starts_from_the_first_state(clients):
    made, public_keys = [], set()

    def make():
        made.append(create(clients))
        return made[-1]

    for _ in range(3):
        with mock_aws():
            signing, data, encrypted = made_once("test", make)
            assert read(clients) == ("first", "first", "first")
            assert clients["kms"].decrypt(CiphertextBlob=encrypted)["Plaintext"] == b"text"
            public_keys.add(clients["kms"].get_public_key(KeyId=signing)["PublicKey"])
            write(clients, "changed")
            clients["kms"].schedule_key_deletion(KeyId=data)
            clients["s3"].delete_object(Bucket="files", Key="object")
    assert len(made) == len(public_keys) == 1


def test_an_empty_account_is_not_affected(clients):
    with mock_aws():
        made_once("another test", lambda: create(clients))
    with mock_aws():
        assert clients["dynamodb"].list_tables()["TableNames"] == []
        assert clients["s3"].list_buckets()["Buckets"] == []
