"""Who gets in: only the holder of a whole, living key of an active tenant of this stage."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import Clock
from tests.fakes.tenancy import FakeAccessStore, FakePeppers
from vigil.errors import NotFound, Unauthenticated
from vigil.platform.telemetry import Telemetry
from vigil.tenancy.authorizer import Authorizer, refusing
from vigil.tenancy.model import Tenant, Token
from vigil.tenancy.service import Access


@pytest.fixture
def world():
    store, peppers = FakeAccessStore(), FakePeppers()
    access = Access(store, peppers, "local", Clock())
    access.create_tenant("acme", "FREE")
    return access, store, peppers


def refused(access, token):
    with pytest.raises(Unauthenticated, match=r"^The credential is not valid\.$"):
        access.authenticate(token)


def test_a_new_key_authenticates_and_its_secret_is_not_kept(world):
    access, store, _ = world
    token = access.create_key("acme")
    key, tenant = access.authenticate(str(token))
    assert (key.tenant_id, tenant.tier) == ("acme", "FREE")
    assert token.secret not in repr(store.__dict__) + repr(token)


def test_wrong_secret_unknown_id_other_stage_and_revoked_are_refused_alike(world):
    access, _, _ = world
    token = access.create_key("acme")
    refused(access, str(replace(token, secret=Token.new("local").secret)))
    refused(access, str(Token.new("local")))
    refused(access, str(replace(token, stage="prod")))
    access.revoke_key(token.key_id)
    refused(access, str(token))


@given(st.text(max_size=120) | st.from_regex(r"vgl_local_[a-z0-9]{16}_[A-Za-z0-9_-]{43}", fullmatch=True))
def test_no_made_up_text_gets_in(text):
    access = Access(FakeAccessStore(), FakePeppers(), "local", Clock())
    refused(access, text)


def test_a_suspended_tenant_is_refused(world):
    access, store, _ = world
    token = access.create_key("acme")
    store.tenants["acme"] = replace(store.tenants["acme"], status="suspended")
    refused(access, str(token))


def test_a_key_under_an_old_pepper_still_works_and_new_keys_use_the_new_one(world):
    access, _, peppers = world
    old = access.create_key("acme")
    peppers.current, peppers.versions = "2", {"1": b"first", "2": b"second"}
    new = access.create_key("acme")
    assert access.authenticate(str(old))[0].pepper_version == "1"
    assert access.authenticate(str(new))[0].pepper_version == "2"
    del peppers.versions["1"]
    refused(access, str(old))


def test_a_key_needs_a_tenant(world):
    with pytest.raises(NotFound):
        world[0].create_key("nobody")


@pytest.mark.parametrize(("tenant_id", "tier"), [("A", "FREE"), ("ok-id", "GOLD"), ("a" * 33, "FREE"), ("a#b", "FREE")])
def test_malformed_tenants_are_refused(tenant_id, tier):
    with pytest.raises(ValueError, match="must be"):
        Tenant(tenant_id, tier, "active", "now")


ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/POST/v1/scores"


def authorizer(access):
    return refusing(Authorizer(access, Telemetry("test-authorizer")).decide)


def test_the_authorizer_allows_the_whole_stage_and_names_the_tenant(world):
    access, _, _ = world
    token = access.create_key("acme")
    event = {"methodArn": ARN, "headers": {"authorization": f"Bearer {token}"}}
    answer = authorizer(access)(event, None)
    statement = answer["policyDocument"]["Statement"][0]
    assert statement["Resource"] == "arn:aws:execute-api:eu-west-1:123456789012:api/local/*"
    assert answer["context"] == {
        "tenant_id": "acme",
        "key_id": token.key_id,
        "tier": "FREE",
        "role": "member",
        "limits": '{"predictions_per_month":1000,"per_minute":60,"per_hour":1000,"storage_gb":10}',
    }


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "vgl_local_x"])
def test_the_authorizer_turns_every_refusal_into_a_401(world, header):
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer(world[0])({"methodArn": ARN, "headers": {"Authorization": header}}, None)
