"""Authentication accepts only the complete token of an active key of an active tenant of this stage."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.access_services import build_world
from tests.support.fakes.caches import CacheReports
from vigil.access.keys.authenticate import CACHE_AGE, USE_RECORD_INTERVAL, Authenticator, Caching
from vigil.access.keys.token import KeyToken, checksum
from vigil.access.tenants.service import TenantChange
from vigil.access.tokens.authorizer import Authorizer, raise_unauthorized
from vigil.errors import TenantSuspended, Unauthenticated, UnauthorizedAnswer, Unavailable
from vigil.runtime.telemetry import Telemetry


@pytest.fixture
def token(world):
    return world.keys.create("acme", by="operator").token


def assert_rejected(world, token):
    with pytest.raises(Unauthenticated, match=r"^The credential is not valid\.$"):
        world.authenticator.authenticate(str(token))


def test_a_new_key_authenticates_and_its_secret_is_not_stored(world, token):
    key, tenant = world.authenticator.authenticate(str(token))
    assert (key.tenant_id, tenant.tier) == ("acme", "FREE")
    assert token.secret not in repr(world.key_store.__dict__) + repr(world.authenticator.__dict__) + repr(token)


def test_every_invalid_token_gets_the_same_error(world, token):
    assert_rejected(world, replace(token, secret=KeyToken.new("local").secret))
    assert_rejected(world, KeyToken.new("local"))
    assert_rejected(world, replace(token, stage="prod"))
    world.keys.revoke("acme", token.key_id, by="operator")
    assert_rejected(world, token)


def test_the_id_of_one_key_with_another_secret_is_rejected(world, token):
    other = world.keys.create("acme", by="operator").token
    assert_rejected(world, replace(token, key_id=other.key_id))


def test_a_wrong_secret_costs_the_same_reads_for_any_key_id(world, token):
    world.authenticator.authenticate(str(token))
    costs = []
    for wrong in (replace(token, secret=KeyToken.new("local").secret), KeyToken.new("local")):
        before = world.key_store.reads, world.store.reads
        assert_rejected(world, wrong)
        costs.append((world.key_store.reads - before[0], world.store.reads - before[1]))
    assert costs == [(1, 0), (1, 0)]


OLD_TOKENS = st.from_regex(r"vgl_local_[a-z0-9]{16}_[A-Za-z0-9_-]{43}", fullmatch=True)


@given(st.text(max_size=120) | OLD_TOKENS | OLD_TOKENS.map(lambda text: f"{text}_{checksum(text)}"))
def test_an_invented_token_is_rejected(text):
    assert_rejected(build_world(), text)


def test_only_a_valid_key_learns_that_its_tenant_is_suspended(world, token):
    world.tenants.change("acme", TenantChange(status="suspended"))
    with pytest.raises(TenantSuspended):
        world.authenticator.authenticate(str(token))
    assert_rejected(world, replace(token, secret=KeyToken.new("local").secret))


def test_a_key_of_an_offboarding_tenant_is_rejected(world, token):
    world.tenants.change("acme", TenantChange(status="offboarding"))
    assert_rejected(world, token)


def test_old_peppers_stay_valid_and_new_keys_use_the_new_one(world, token):
    world.peppers.current, world.peppers.versions = "2", {"1": b"first", "2": b"second"}
    new = world.keys.create("acme", by="operator").token
    assert world.key_store.records[new.key_id].pepper_version == "2"
    world.authenticator.authenticate(str(new))
    world.authenticator.authenticate(str(token))
    del world.peppers.versions["1"]
    world.authenticator.clear_cache()
    assert_rejected(world, token)


def test_a_revocation_takes_effect_after_the_cache_age(world, token):
    for _ in range(3):
        world.authenticator.authenticate(str(token))
    assert (world.key_store.reads, world.store.reads) == (
        1,
        2,
    )  # one tenant read is from the key creation
    world.keys.revoke("acme", token.key_id, by="operator")
    world.clock.advance(seconds=CACHE_AGE.total_seconds() - 1)
    world.authenticator.authenticate(str(token))
    world.clock.advance(seconds=1)
    assert_rejected(world, token)


def test_deployed_cache_age_delays_the_revocation(world, token):
    stores = world.store, world.key_store, world.peppers
    caching = Caching(CacheReports(), timedelta(seconds=2))
    authenticator = Authenticator(*stores, "local", world.clock, world.failures, caching)
    authenticator.authenticate(str(token))
    world.keys.revoke("acme", token.key_id, by="operator")
    world.clock.advance(seconds=1)
    authenticator.authenticate(str(token))
    world.clock.advance(seconds=1)
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(str(token))


def test_an_expired_key_is_rejected_at_once_despite_the_cache(world):
    ends = world.clock.now.replace(minute=2)
    token = world.keys.create("acme", ends=ends, by="operator").token
    world.clock.advance(seconds=110)
    world.authenticator.authenticate(str(token))
    world.clock.advance(seconds=10)
    assert_rejected(world, token)


def test_a_revocation_takes_effect_after_clear_cache(world, token):
    world.authenticator.authenticate(str(token))
    world.keys.revoke("acme", token.key_id, by="operator")
    world.authenticator.clear_cache()
    assert_rejected(world, token)


def test_find_holder_returns_only_active_keys(world, token):
    assert world.authenticator.find_holder(token.key_id)[1].tenant_id == "acme"
    world.keys.revoke("acme", token.key_id, by="operator")
    world.authenticator.clear_cache()
    with pytest.raises(Unauthenticated):
        world.authenticator.find_holder(token.key_id)
    with pytest.raises(Unauthenticated):
        world.authenticator.find_holder("f" * 16)


def test_use_is_recorded_once_in_five_minutes(world, token):
    for _ in range(3):
        world.authenticator.record_use(world.authenticator.authenticate(str(token))[0])
        world.clock.advance(seconds=40)
    assert world.key_store.recorded_uses == 1
    assert world.keys.get("acme", token.key_id).last_used_at == "2026-03-01T12:00:00.000000Z"
    world.clock.advance(seconds=USE_RECORD_INTERVAL.total_seconds())
    world.authenticator.record_use(world.authenticator.authenticate(str(token))[0])
    assert world.key_store.recorded_uses == 2


def test_an_unavailable_store_is_ignored_when_use_is_recorded(world, token):
    world.key_store.away = True
    for _ in range(3):
        world.authenticator.record_use(world.authenticator.authenticate(str(token))[0])
    assert world.key_store.recorded_uses == 1


def test_recording_the_use_of_a_revoked_key_clears_the_cache(world, token):
    key, _ = world.authenticator.authenticate(str(token))
    world.keys.revoke("acme", token.key_id, by="operator")
    world.authenticator.record_use(key)
    assert_rejected(world, token)


ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/POST/v1/scores"
STAGE = "arn:aws:execute-api:eu-west-1:123456789012:api/local/*"


def decide(world, token):
    authorize = raise_unauthorized(Authorizer(world.authenticator, Telemetry("test-authorizer"), world.clock).decide)
    return authorize({"methodArn": ARN, "headers": {"authorization": f"Bearer {token}"}}, None)


def statement(answer):
    (only,) = answer["policyDocument"]["Statement"]
    return only["Effect"], only["Resource"]


def test_the_policy_allows_the_stage_and_contains_tenant_and_limits(world, token):
    world.tenants.change("acme", TenantChange(limits={"per_minute": 7}))
    answer = decide(world, token)
    assert statement(answer) == ("Allow", STAGE)
    assert answer["context"] == {
        "tenant_id": "acme",
        "key_id": token.key_id,
        "tier": "FREE",
        "role": "member",
        "limits": '{"predictions_per_month":1000,"per_minute":7,"per_hour":1000,"storage_gb":10}',
        "tenant_rates": '{"per_minute":35,"per_hour":5000}',
        "consents": "false",
        "key_created_at": "2026-03-01T12:00:00.000000Z",
        "key_origins": token.key_id,
    }
    assert world.key_store.recorded_uses == 1


def test_the_policy_of_a_suspended_tenant_denies_without_context(world, token):
    world.tenants.change("acme", TenantChange(status="suspended"))
    answer = decide(world, token)
    assert (statement(answer), answer["context"]) == (("Deny", STAGE), {})


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "vgl_local_x"])
def test_an_invalid_credential_raises_unauthorized(world, header):
    authorize = raise_unauthorized(Authorizer(world.authenticator, Telemetry("test-authorizer"), world.clock).decide)
    with pytest.raises(UnauthorizedAnswer, match=r"^Unauthorized$"):
        authorize({"methodArn": ARN, "headers": {"Authorization": header}}, None)


@pytest.fixture
def away(world, monkeypatch):
    """Return a function after whose call the stores do not answer; it records each try."""
    tries = []

    def fail(*_):
        tries.append(world.clock.now)
        raise Unavailable("The access table did not answer.")

    def go():
        monkeypatch.setattr(world.key_store, "find", fail)
        monkeypatch.setattr(world.store, "get", fail)
        return tries

    return go


def test_a_revoked_key_ends_with_the_promise_although_the_store_is_away(world, token, away):
    world.authenticator.authenticate(str(token))
    world.keys.revoke("acme", token.key_id, by="operator")
    away()
    accepted = 0
    for _ in range(600):
        world.clock.advance(seconds=1)
        with suppress(Unavailable):
            world.authenticator.authenticate(str(token))
            accepted += 1
    assert accepted == CACHE_AGE.total_seconds() - 1, "API Gateway adds as much, and 60 s are promised"


def test_an_absent_store_is_asked_once_per_second_and_key(world, token, away):
    world.authenticator.authenticate(str(token))
    world.clock.advance(seconds=CACHE_AGE.total_seconds())
    tries = away()
    for _ in range(10):
        with pytest.raises(Unavailable):
            world.authenticator.authenticate(str(token))
    assert len(tries) == 1
    world.clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        world.authenticator.authenticate(str(token))
    assert len(tries) == 2


def test_a_suspended_tenant_ends_with_the_cache_although_the_store_is_away(world, token, away):
    world.authenticator.authenticate(str(token))
    world.tenants.change("acme", TenantChange(status="suspended"))
    away()
    world.clock.advance(seconds=CACHE_AGE.total_seconds())
    with pytest.raises(Unavailable):
        world.authenticator.authenticate(str(token))
