"""Ids of records are made with the tenant's key, so that they confirm no guess at an idempotency key."""

import base64
import hashlib

import pytest

from vigil.decisions.batches.model import derive_batch_id
from vigil.decisions.scoring.model import derive_decision_id
from vigil.kernel.pseudonyms import TenantKey

KEY, OTHER = TenantKey("acme", bytes(32)), TenantKey("acme", bytes([1] * 32))
OLD = TenantKey("acme", bytes(32), has_keyed_ids=False)
DERIVE = pytest.mark.parametrize(
    ("derive", "operation"), [(derive_decision_id, "POST /v1/scores"), (derive_batch_id, "POST /v1/batches")]
)


def unkeyed(operation, key):
    """Return the digits of an id that needs no key."""
    digest = hashlib.sha256(f"{operation}\nacme\n0\n{key}".encode()).digest()
    return base64.b32hexencode(digest[:20]).decode().lower()


@DERIVE
def test_equal_arguments_give_equal_ids_and_others_do_not(derive, operation):
    assert derive(KEY, "k", 0) == derive(KEY, "k", 0)
    ids = {derive(KEY, "k", 0), derive(OTHER, "k", 0), derive(KEY, "k", 1), derive(KEY, "l", 0)}
    ids.add(derive(TenantKey("globex", KEY.secret), "k", 0))
    assert len(ids) == 5


@DERIVE
def test_an_id_cannot_be_made_without_the_key(derive, operation):
    assert unkeyed(operation, "0712345678") not in derive(KEY, "0712345678", 0)


@DERIVE
def test_a_tenant_of_an_earlier_release_keeps_its_ids(derive, operation):
    assert derive(OLD, "k", 0).endswith(unkeyed(operation, "k"))
