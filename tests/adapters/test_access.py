"""The access store contract, held by the fake and by DynamoDB alike; peppers from Secrets Manager."""

import json

import pytest

from tests.fakes.tenancy import FakeAccessStore
from vigil.errors import Conflict, NotFound, Unavailable
from vigil.platform.secrets import Secret
from vigil.tenancy.model import ApiKey, Tenant
from vigil.tenancy.store import DynamoAccess, SecretPeppers

TENANT = Tenant("acme", "FREE", "active", "2026-03-01T12:00:00+00:00")
KEY = ApiKey("0123456789abcdef", "acme", "ab" * 32, "1", "2026-03-01T12:00:00+00:00")


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeAccessStore()
    return DynamoAccess(request.getfixturevalue("aws")("dynamodb"), "access")


def test_what_is_created_is_read_back(store):
    store.create_tenant(TENANT)
    store.create_key(KEY)
    assert (store.tenant("acme"), store.key(KEY.key_id)) == (TENANT, KEY)
    assert (store.tenant("globex"), store.key("f" * 16)) == (None, None)


def test_nothing_is_created_twice(store):
    store.create_tenant(TENANT)
    store.create_key(KEY)
    with pytest.raises(Conflict):
        store.create_tenant(TENANT)
    with pytest.raises(Conflict):
        store.create_key(KEY)


def test_the_first_revocation_counts(store):
    store.create_key(KEY)
    store.revoke_key(KEY.key_id, "first")
    store.revoke_key(KEY.key_id, "second")
    assert store.key(KEY.key_id).revoked_at == "first"
    with pytest.raises(NotFound):
        store.revoke_key("f" * 16, "now")
    assert store.key("f" * 16) is None


def test_peppers_keep_old_versions_beside_the_current_one(aws):
    client = aws("secretsmanager")
    fields = {"pepper_version": "2", "pepper_1": "old", "pepper_2": "new"}
    arn = client.create_secret(Name="access", SecretString=json.dumps(fields))["ARN"]
    assert SecretPeppers(Secret(client, arn)).peppers() == ("2", {"1": b"old", "2": b"new"})


def test_a_secret_is_read_once(aws):
    client = aws("secretsmanager")
    arn = client.create_secret(Name="s", SecretString='{"key":"a"}')["ARN"]
    secret = Secret(client, arn)
    assert secret.field("key") == b"a"
    client.put_secret_value(SecretId=arn, SecretString='{"key":"b"}')
    assert secret.field("key") == b"a"


def test_a_secret_that_cannot_be_read_is_unavailable(aws):
    with pytest.raises(Unavailable):
        Secret(aws("secretsmanager"), "nope").values()
