"""Contracts of the public key set and of the vault of private keys, for fakes and AWS."""

import uuid

import pytest

from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from tests.support.fakes.tokens import FakeKeyVault, FakeSigningKeySet
from vigil.access.tokens.signing_keys_model import CACHE_SECONDS, SigningKeySet
from vigil.access.tokens.signing_keys_store import DynamoSigningKeySet, SecretKeyVault, SecretPrivateKeys
from vigil.aws.secrets import Secret
from vigil.errors import Conflict, Unavailable

FIRST, SECOND = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


@pytest.fixture(params=["fake", "dynamodb"])
def lists(request):
    if request.param == "fake":
        return FakeSigningKeySet()
    return DynamoSigningKeySet(request.getfixturevalue("aws")("dynamodb"), "access", Clock(), CacheReports())


@pytest.fixture(params=["fake", "secret"])
def vault(request):
    if request.param == "fake":
        return FakeKeyVault()
    client = request.getfixturevalue("aws")("secretsmanager")
    return SecretKeyVault(client, client.create_secret(Name="signing", SecretString="{}")["ARN"])


def test_write_replaces_only_the_revision_that_was_read(lists):
    assert lists.read() == SigningKeySet()
    lists.write(SigningKeySet().publish("k1", "x", "y", 1000))
    read = lists.read()
    assert [key.kid for key in read.keys] == ["k1"]
    lists.write(read.publish("k2", "x", "y", 2000).promote("k2", 3000))
    assert lists.read().keys == read.publish("k2", "x", "y", 2000).promote("k2", 3000).keys
    with pytest.raises(Conflict):
        lists.write(read.publish("k3", "x", "y", 2000))
    lists.delete()
    assert lists.read() == SigningKeySet()


def test_only_a_non_empty_key_set_is_cached_for_five_minutes(aws):
    clock = Clock()
    known, writer = (DynamoSigningKeySet(aws("dynamodb"), "access", clock, CacheReports()) for _ in range(2))
    assert known.current() == SigningKeySet()
    writer.write(SigningKeySet().publish("k1", "x", "y", 1000))
    assert len(known.current().keys) == 1
    writer.write(writer.read().publish("k2", "x", "y", 1000))
    clock.advance(seconds=CACHE_SECONDS - 1)
    assert len(known.current().keys) == 1
    clock.advance(seconds=1)
    assert len(known.current().keys) == 2


def test_a_pending_ring_becomes_the_current_one(vault):
    assert (vault.current(), vault.pending(FIRST)) == ({}, None)
    vault.add(FIRST, {"k1": "pem"})
    assert (vault.current(), vault.pending(FIRST)) == ({}, {"k1": "pem"})
    vault.promote(FIRST)
    vault.promote(FIRST)
    assert vault.current() == vault.pending(FIRST) == {"k1": "pem"}


def test_a_ring_preserves_the_order_of_its_keys(vault):
    vault.add(FIRST, {"z": "old", "a": "new"})
    assert list(vault.pending(FIRST)) == ["z", "a"]


def test_a_superseded_version_cannot_be_promoted(vault):
    vault.add(FIRST, {"k1": "pem"})
    vault.add(SECOND, {"k2": "pem"})
    vault.promote(SECOND)
    with pytest.raises(Conflict):
        vault.promote(FIRST)
    assert vault.current() == {"k2": "pem"}


def test_private_keys_are_read_again_while_the_ring_is_empty(aws):
    client = aws("secretsmanager")
    arn = client.create_secret(Name="signing", SecretString="{}")["ARN"]
    keys, vault = SecretPrivateKeys(Secret(client, arn, Clock(), CacheReports())), SecretKeyVault(client, arn)
    assert keys.private_keys() == {}
    vault.add(FIRST, {"k1": "pem"})
    vault.promote(FIRST)
    assert keys.private_keys() == {"k1": "pem"}


def test_missing_stores_raise_unavailable(aws):
    away = SecretKeyVault(aws("secretsmanager"), "nowhere")
    gone = DynamoSigningKeySet(aws("dynamodb"), "nowhere", Clock(), CacheReports())
    for call in (
        lambda: away.add(FIRST, {}),
        lambda: away.promote(FIRST),
        gone.read,
        gone.delete,
        lambda: gone.write(SigningKeySet()),
    ):
        with pytest.raises(Unavailable):
            call()
