"""Who gets in: only the holder of a whole, living key of an active tenant of this stage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.access.conftest import build
from vigil.access.keys.authenticate import BETWEEN_TOUCHES, RECENT, Access
from vigil.access.keys.model import Token
from vigil.access.tenants.service import Change
from vigil.access.tokens.authorizer import Authorizer, refusing
from vigil.errors import TenantSuspended, Unauthenticated
from vigil.runtime.telemetry import Telemetry


@pytest.fixture
def token(world):
    return world.keys.create("acme", by="operator").token


def refused(world, token):
    with pytest.raises(Unauthenticated, match=r"^The credential is not valid\.$"):
        world.access.authenticate(str(token))


def test_a_new_key_authenticates_and_its_secret_is_not_kept(world, token):
    key, tenant = world.access.authenticate(str(token))
    assert (key.tenant_id, tenant.tier) == ("acme", "FREE")
    assert token.secret not in repr(world.key_store.__dict__) + repr(world.access.__dict__) + repr(token)


def test_wrong_secret_unknown_id_other_stage_and_revoked_are_refused_alike(world, token):
    refused(world, replace(token, secret=Token.new("local").secret))
    refused(world, Token.new("local"))
    refused(world, replace(token, stage="prod"))
    world.keys.revoke("acme", token.key_id, by="operator")
    refused(world, token)


def test_the_prefix_of_one_key_and_the_secret_of_another_open_nothing(world, token):
    other = world.keys.create("acme", by="operator").token
    refused(world, replace(token, key_id=other.key_id))


def test_a_wrong_secret_costs_the_same_reads_whether_the_key_id_exists_or_is_in_use_or_not(world, token):
    world.access.authenticate(str(token))
    costs = []
    for wrong in (replace(token, secret=Token.new("local").secret), Token.new("local")):
        before = world.key_store.reads, world.store.reads
        refused(world, wrong)
        costs.append((world.key_store.reads - before[0], world.store.reads - before[1]))
    assert costs == [(1, 0), (1, 0)]


@given(st.text(max_size=120) | st.from_regex(r"vgl_local_[a-z0-9]{16}_[A-Za-z0-9_-]{43}", fullmatch=True))
def test_no_made_up_text_gets_in(text):
    refused(build(), text)


def test_a_good_key_of_a_suspended_tenant_is_told_so_and_a_wrong_one_is_not(world, token):
    world.tenants.change("acme", Change(status="suspended"))
    with pytest.raises(TenantSuspended):
        world.access.authenticate(str(token))
    refused(world, replace(token, secret=Token.new("local").secret))


def test_a_tenant_that_leaves_is_refused_like_a_stranger(world, token):
    world.tenants.change("acme", Change(status="offboarding"))
    refused(world, token)


def test_a_key_under_an_old_pepper_still_works_and_new_keys_use_the_new_one(world, token):
    world.peppers.current, world.peppers.versions = "2", {"1": b"first", "2": b"second"}
    new = world.keys.create("acme", by="operator").token
    assert world.key_store.records[new.key_id].pepper_version == "2"
    world.access.authenticate(str(new))
    world.access.authenticate(str(token))
    del world.peppers.versions["1"]
    world.access.forget()
    refused(world, token)


def test_records_are_read_once_in_half_a_minute_and_a_revocation_counts_after_it(world, token):
    for _ in range(3):
        world.access.authenticate(str(token))
    assert (world.key_store.reads, world.store.reads) == (1, 2)  # the other one made the key
    world.keys.revoke("acme", token.key_id, by="operator")
    world.clock.advance(seconds=RECENT.total_seconds() - 1)
    world.access.authenticate(str(token))
    world.clock.advance(seconds=1)
    refused(world, token)


def test_deployed_cache_lifetime_delays_the_revocation(world, token):
    stores = world.store, world.key_store, world.peppers
    access = Access(*stores, "local", world.clock, timedelta(seconds=2))
    access.authenticate(str(token))
    world.keys.revoke("acme", token.key_id, by="operator")
    world.clock.advance(seconds=1)
    access.authenticate(str(token))
    world.clock.advance(seconds=1)
    with pytest.raises(Unauthenticated):
        access.authenticate(str(token))


def test_an_expired_key_is_refused_at_once_although_it_is_remembered(world):
    ends = world.clock.now.replace(minute=2)
    token = world.keys.create("acme", ends=ends, by="operator").token
    world.clock.advance(seconds=110)
    world.access.authenticate(str(token))
    world.clock.advance(seconds=10)
    refused(world, token)


def test_what_is_forgotten_is_read_again(world, token):
    world.access.authenticate(str(token))
    world.keys.revoke("acme", token.key_id, by="operator")
    world.access.forget()
    refused(world, token)


def test_a_holder_is_found_by_the_keys_id_while_the_key_lives(world, token):
    assert world.access.holder(token.key_id)[1].tenant_id == "acme"
    world.keys.revoke("acme", token.key_id, by="operator")
    world.access.forget()
    with pytest.raises(Unauthenticated):
        world.access.holder(token.key_id)
    with pytest.raises(Unauthenticated):
        world.access.holder("f" * 16)


def test_use_is_noted_once_in_five_minutes(world, token):
    for _ in range(3):
        world.access.touch(world.access.authenticate(str(token))[0])
        world.clock.advance(seconds=40)
    assert world.key_store.touches == 1
    assert world.keys.get("acme", token.key_id).last_used_at == "2026-03-01T12:00:00+00:00"
    world.clock.advance(seconds=BETWEEN_TOUCHES.total_seconds())
    world.access.touch(world.access.authenticate(str(token))[0])
    assert world.key_store.touches == 2


def test_a_use_that_cannot_be_noted_is_no_failure_and_is_not_tried_on_every_request(world, token):
    world.key_store.away = True
    for _ in range(3):
        world.access.touch(world.access.authenticate(str(token))[0])
    assert world.key_store.touches == 1


def test_a_use_of_a_key_that_turns_out_to_be_revoked_is_its_last(world, token):
    key, _ = world.access.authenticate(str(token))
    world.keys.revoke("acme", token.key_id, by="operator")
    world.access.touch(key)
    refused(world, token)


ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/POST/v1/scores"
STAGE = "arn:aws:execute-api:eu-west-1:123456789012:api/local/*"


def decide(world, token):
    authorize = refusing(Authorizer(world.access, Telemetry("test-authorizer")).decide)
    return authorize({"methodArn": ARN, "headers": {"authorization": f"Bearer {token}"}}, None)


def statement(answer):
    (only,) = answer["policyDocument"]["Statement"]
    return only["Effect"], only["Resource"]


def test_the_authorizer_allows_the_whole_stage_and_names_the_tenant_with_its_limits(world, token):
    world.tenants.change("acme", Change(limits={"per_minute": 7}))
    answer = decide(world, token)
    assert statement(answer) == ("Allow", STAGE)
    assert answer["context"] == {
        "tenant_id": "acme",
        "key_id": token.key_id,
        "tier": "FREE",
        "role": "member",
        "limits": '{"predictions_per_month":1000,"per_minute":7,"per_hour":1000,"storage_gb":10}',
        "consents": "false",
    }
    assert world.key_store.touches == 1


def test_the_authorizer_denies_a_suspended_tenant_and_says_nothing_more(world, token):
    world.tenants.change("acme", Change(status="suspended"))
    answer = decide(world, token)
    assert (statement(answer), answer["context"]) == (("Deny", STAGE), {})


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "vgl_local_x"])
def test_the_authorizer_turns_every_refusal_into_a_401(world, header):
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        refusing(Authorizer(world.access, Telemetry("test-authorizer")).decide)(
            {"methodArn": ARN, "headers": {"Authorization": header}}, None
        )
