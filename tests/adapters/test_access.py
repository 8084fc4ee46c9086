"""Contracts of the tenant and key stores, for fakes and DynamoDB; peppers from Secrets Manager."""

import json
from dataclasses import replace

import pytest

from tests.support.fakes.access import FakeKeyStore, FakeTenantStore
from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from tests.support.fakes.tenant_keys import key_creation
from vigil.access.keys.model import ApiKey, KeyRecord
from vigil.access.keys.store import DynamoKeys, SecretPeppers
from vigil.access.tenants.model import Tenant, TenantSettings
from vigil.access.tenants.store import DynamoTenants
from vigil.aws.secrets import Secret
from vigil.aws.tables import Table
from vigil.errors import Conflict, Unavailable
from vigil.kernel.money import SpendLimit
from vigil.privacy.erasure.store import DynamoTenantErasures

NOW = "2026-03-01T12:00:00.000000Z"
OPTIONAL_FIELDS = {"settings": TenantSettings("Acme", "a@b"), "hard_stop": SpendLimit(1_000, inference_month=7)}
TENANT = Tenant("acme", "FREE", "active", NOW, NOW, overrides={"per_minute": 7}, **OPTIONAL_FIELDS)
KEY = KeyRecord(ApiKey("0123456789abcdef", "acme", "admin", NOW, "ci", NOW), "ab" * 32, "1")
NARROWED = KeyRecord(
    replace(KEY.key, key_id="f" * 16, permissions=frozenset({"scores:write", "dlq:read"})), "ab" * 32, "1"
)


def another(number, tenant_id="acme"):
    return KeyRecord(
        ApiKey(f"{number:016}", tenant_id, "member", f"2026-03-01T12:00:0{number}.000000Z"), "cd" * 32, "1"
    )


@pytest.fixture(params=["fake", "dynamodb"])
def tenants(request):
    if request.param == "fake":
        return FakeTenantStore()
    return DynamoTenants(Table(request.getfixturevalue("dynamodb"), "access", "The access table"), key_creation)


@pytest.fixture(params=["fake", "dynamodb"])
def keys(request):
    if request.param == "fake":
        return FakeKeyStore()
    return DynamoKeys(Table(request.getfixturevalue("dynamodb"), "access", "The access table"))


def test_get_returns_the_stored_tenant_or_none(tenants):
    tenants.create(TENANT)
    assert (tenants.get("acme"), tenants.get("globex")) == (TENANT, None)


def test_creating_an_existing_tenant_raises_conflict(tenants):
    tenants.create(TENANT)
    with pytest.raises(Conflict):
        tenants.create(replace(TENANT, tier="BASIC"))
    assert tenants.get("acme") == TENANT


def test_replace_succeeds_only_for_the_stored_version(tenants):
    tenants.create(TENANT)
    second = replace(TENANT, tier="BASIC", version=2)
    assert tenants.replace(TENANT, second)
    assert not tenants.replace(TENANT, replace(TENANT, tier="ENTERPRISE", version=2))
    assert tenants.get("acme") == second


def test_replacing_an_unknown_tenant_returns_false(tenants):
    assert not tenants.replace(TENANT, replace(TENANT, version=2))
    assert tenants.get("acme") is None


def test_tenants_are_paged_by_id(tenants):
    for name in ("initech", "acme", "globex"):
        tenants.create(replace(TENANT, tenant_id=name))
    first = tenants.page(None, 2)
    rest = tenants.page(first.next, 2)
    assert [tenant.tenant_id for tenant in (*first.tenants, *rest.tenants)] == ["acme", "globex", "initech"]
    assert (first.tenants[0], rest.next) == (TENANT, None)
    assert [tenant.tenant_id for tenant in tenants.page({"tenant_id": "b-is-unknown"}, 9).tenants] == [
        "globex",
        "initech",
    ]


def test_an_offboarding_tenant_is_added_to_the_list_of_erasures(dynamodb):
    table = Table(dynamodb, "access", "The access table")
    tenants, erasures = DynamoTenants(table, key_creation), DynamoTenantErasures(table)
    tenants.create(TENANT)
    assert erasures.pending() == []
    tenants.replace(TENANT, replace(TENANT, status="offboarding", version=2, changed_at="later"))
    (erasure,) = erasures.pending()
    assert (erasure.tenant_id, erasure.started_at, erasure.revision) == ("acme", "later", 0)


def test_get_returns_a_key_only_to_its_tenant(keys):
    keys.create("acme", KEY)
    assert (keys.find(KEY.key.key_id), keys.get("acme", KEY.key.key_id)) == (KEY, KEY.key)
    assert (keys.find("f" * 16), keys.get("globex", KEY.key.key_id)) == (None, None)
    with pytest.raises(Conflict):
        keys.create("acme", KEY)


def test_keys_are_paged_by_age_and_by_tenant(keys):
    for number in (3, 1, 2):
        keys.create("acme", another(number))
    keys.create("globex", another(4, "globex"))
    first = keys.page("acme", None, 2)
    rest = keys.page("acme", first.next, 2)
    assert [key.key_id[-1] for key in (*first.keys, *rest.keys)] == ["1", "2", "3"]
    assert rest.next is None


def test_a_list_of_permissions_is_stored_and_listed(keys):
    for record in (KEY, NARROWED):
        keys.create("acme", record)
    assert keys.find(NARROWED.key.key_id) == NARROWED
    assert set(keys.page("acme", None, 9).keys) == {KEY.key, NARROWED.key}


def test_rotate_writes_both_keys_and_only_once(keys):
    keys.create("acme", KEY)
    ended = replace(KEY.key, expires_at="soon", replaced_by=another(1).key.key_id)
    assert keys.rotate("acme", ended, another(1))
    assert keys.get("acme", KEY.key.key_id) == ended
    assert not keys.rotate("acme", replace(ended, replaced_by=another(2).key.key_id), another(2))
    assert (keys.get("acme", KEY.key.key_id), keys.find(another(2).key.key_id)) == (ended, None)


def test_rotate_rejects_unknown_keys_and_other_tenants(keys):
    keys.create("acme", KEY)
    assert not keys.rotate("globex", KEY.key, another(1, "globex"))
    assert not keys.rotate("acme", another(2).key, another(1))
    assert (keys.get("acme", KEY.key.key_id), keys.find(another(1).key.key_id)) == (KEY.key, None)


def test_revoke_stores_only_the_first_time_and_own_keys(keys):
    keys.create("acme", KEY)
    assert not keys.revoke("globex", KEY.key.key_id, "never")
    assert keys.revoke("acme", KEY.key.key_id, "first")
    assert keys.revoke("acme", KEY.key.key_id, "second")
    assert keys.get("acme", KEY.key.key_id).revoked_at == "first"
    assert not keys.revoke("acme", "f" * 16, "now")
    assert keys.find("f" * 16) is None


def test_record_use_ignores_revoked_and_unknown_keys(keys):
    keys.create("acme", KEY)
    assert keys.record_use("acme", KEY.key.key_id, "then")
    assert keys.get("acme", KEY.key.key_id).last_used_at == "then"
    keys.revoke("acme", KEY.key.key_id, "now")
    assert not keys.record_use("acme", KEY.key.key_id, "later")
    assert not keys.record_use("acme", "f" * 16, "later")
    assert (keys.get("acme", KEY.key.key_id).last_used_at, keys.find("f" * 16)) == ("then", None)


def test_the_index_of_keys_contains_no_digest(dynamodb):
    DynamoKeys(Table(dynamodb, "access", "The access table")).create("acme", KEY)
    items = dynamodb.scan(TableName="access", IndexName="by_tenant")["Items"]
    assert len(items) == 1
    assert KEY.digest not in json.dumps(items)


def test_a_missing_table_raises_unavailable(aws):
    tenants = DynamoTenants(Table(aws("dynamodb"), "nowhere", "The access table"), key_creation)
    for call in (lambda: tenants.get("acme"), lambda: tenants.create(TENANT), lambda: tenants.page(None, 1)):
        with pytest.raises(Unavailable):
            call()


def test_peppers_contain_old_versions_and_the_current_one(aws):
    client = aws("secretsmanager")
    fields = {"pepper_version": "2", "pepper_1": "old", "pepper_2": "new"}
    arn = client.create_secret(Name="access", SecretString=json.dumps(fields))["ARN"]
    assert SecretPeppers(Secret(client, arn, Clock(), CacheReports())).peppers() == ("2", {"1": b"old", "2": b"new"})


def test_a_secret_is_read_once(aws):
    client = aws("secretsmanager")
    arn = client.create_secret(Name="s", SecretString='{"key":"a"}')["ARN"]
    secret = Secret(client, arn, Clock(), CacheReports())
    assert secret.field("key") == b"a"
    client.put_secret_value(SecretId=arn, SecretString='{"key":"b"}')
    assert secret.field("key") == b"a"


@pytest.mark.parametrize("seconds", [300, -1])
def test_a_secret_is_read_again_by_the_wall_clock(aws, seconds):
    client = aws("secretsmanager")
    arn = client.create_secret(Name="s", SecretString='{"key":"a"}')["ARN"]
    clock = Clock()
    secret = Secret(client, arn, clock, CacheReports())
    assert secret.field("key") == b"a"
    client.put_secret_value(SecretId=arn, SecretString='{"key":"b"}')
    clock.advance(seconds=seconds)
    assert secret.field("key") == b"b"


def test_last_known_secret_is_used_for_a_day_while_the_service_is_away(aws):
    client, clock = aws("secretsmanager"), Clock()
    arn = client.create_secret(Name="s", SecretString='{"key":"a"}')["ARN"]
    secret = Secret(client, arn, clock, CacheReports())
    assert secret.field("key") == b"a"
    client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    clock.advance(hours=24)
    assert secret.field("key") == b"a"
    clock.advance(minutes=5)
    with pytest.raises(Unavailable):
        secret.field("key")


def test_a_refused_new_value_leaves_the_last_known_secret_in_use(aws):
    def check(fields):
        if len(fields["key"]) < 2:
            raise Unavailable("The secret can be guessed.")

    client, clock = aws("secretsmanager"), Clock()
    arn = client.create_secret(Name="s", SecretString='{"key":"aa"}')["ARN"]
    secret = Secret(client, arn, clock, CacheReports(), check)
    assert secret.field("key") == b"aa"
    client.put_secret_value(SecretId=arn, SecretString='{"key":"b"}')
    clock.advance(minutes=5)
    assert secret.field("key") == b"aa"
    with pytest.raises(Unavailable, match="guessed"):
        Secret(client, arn, clock, CacheReports(), check).values()


def test_an_unreadable_secret_raises_unavailable(aws):
    with pytest.raises(Unavailable):
        Secret(aws("secretsmanager"), "nope", Clock(), CacheReports()).values()
