"""A tenant and its key are created together or not at all, under every fault of each call."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from tests.support.fakes.caches import CacheReports
from tests.support.faultbed.faults import FAULTS, Crash
from tests.support.faultbed.plans import At, inject
from vigil.access.tenants.model import Tenant
from vigil.access.tenants.store import DynamoTenants
from vigil.aws.tables import Table
from vigil.aws.tenant_keys import DynamoTenantKeys
from vigil.errors import Conflict, Unavailable

AT = "2026-03-01T12:00:00.000000Z"


@pytest.fixture(scope="module")
def kms_key(bed):
    return bed.client("kms").create_key()["KeyMetadata"]["Arn"]


def keys_of(bed, table, kms_key):
    return DynamoTenantKeys(bed.client, table, kms_key, lambda: datetime.now(UTC), CacheReports())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_tenant_has_a_key_exactly_if_it_exists(bed, kms_key, fault):
    access, table = bed.table("Access"), bed.table("TenantKeys")
    keys = keys_of(bed, table, kms_key)
    faulty = DynamoTenants(Table(inject(bed.client("dynamodb"), At(0, fault)), access, "The table"), keys.creation)
    whole = DynamoTenants(Table(bed.client("dynamodb"), access, "The table"), keys.creation)
    tenant = Tenant("acme", "FREE", "active", AT, AT)
    try:
        faulty.create(tenant)
    except (Crash, Unavailable):
        assert len(bed.items(access)) == len(bed.items(table))
    with suppress(Conflict):
        whole.create(tenant)
    assert (len(bed.items(access)), len(bed.items(table))) == (1, 1)
    secret = keys("acme").secret
    assert (len(secret), keys_of(bed, table, kms_key)("acme").secret) == (32, secret)
