"""Sessions: only one refresh token is valid, only once, and only while the key is active."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.access import FakeFailureCounters, FakeKeyStore, FakePeppers, FakeTenantStore
from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from tests.support.fakes.tokens import FakeSessions
from vigil.access.keys.authenticate import CACHE_AGE, Authenticator, Caching
from vigil.access.keys.failed_sign_ins import FailedSignIns
from vigil.access.keys.service import ApiKeys
from vigil.access.tenants.service import TenantChange, Tenants
from vigil.access.tokens.oauth_model import GrantRefused, RefreshToken, RefreshTokenReused
from vigil.access.tokens.oauth_service import Sessions
from vigil.access.tokens.signing_keys_model import ACCESS_SECONDS, Issuer
from vigil.errors import RateLimited, Unavailable


class FakeSigner:
    """Signs claims as their `repr`; `away` simulates an unavailable key store."""

    away = False

    def sign(self, claims):
        if self.away:
            raise Unavailable("away")
        return repr(claims)


class World:
    def __init__(self):
        self.clock, self.store, self.peppers, self.signer = Clock(), FakeSessions(), FakePeppers(), FakeSigner()
        tenant_store, key_store = FakeTenantStore(), FakeKeyStore()
        self.tenants = Tenants(tenant_store, self.clock)
        self.keys = ApiKeys(tenant_store, key_store, self.peppers, "local", self.clock)
        self.tenants.create("acme", "FREE")
        self.records, self.key = key_store.records, self.keys.create("acme", by="operator").token
        self.client = (self.key.key_id, str(self.key))
        failures = FailedSignIns(FakeFailureCounters(), self.peppers, self.clock, lambda: None)
        caching = Caching(CacheReports())
        access = Authenticator(tenant_store, key_store, self.peppers, "local", self.clock, failures, caching)
        self.counted, self.remaining = [], 10**6
        issuer = Issuer("local")
        self.reused = []
        self.sessions = Sessions(access, self.signer, self.store, self.peppers, issuer, self.clock, self)

    def report_reuse(self, session):
        self.reused.append(session)

    def count_request(self, key, tenant):
        if len(self.counted) >= self.remaining:
            raise RateLimited("minute", 1, ())
        self.counted.append((tenant.tenant_id, key.key_id))

    def refused(self, token, error=GrantRefused):
        with pytest.raises(error) as caught:
            self.sessions.refresh(token)
        return type(caught.value) is error and caught.value.error == "invalid_grant"

    def set(self, status):
        self.tenants.change("acme", TenantChange(status=status))
        self.clock.advance(seconds=CACHE_AGE.total_seconds())


@pytest.fixture
def world():
    return World()


def test_a_rate_limited_request_leaves_sessions_unchanged(world):
    world.remaining = 2
    grant = world.sessions.refresh(world.sessions.sign_in(world.client).refresh_token)
    assert world.counted == [("acme", world.key.key_id)] * 2
    sessions = dict(world.store.sessions)
    with pytest.raises(RateLimited):
        world.sessions.sign_in(world.client)
    with pytest.raises(RateLimited):
        world.sessions.refresh(grant.refresh_token, world.client)
    assert world.store.sessions == sessions
    world.remaining = 3
    assert world.sessions.refresh(grant.refresh_token)


def test_a_session_can_be_refreshed_for_thirty_days(world):
    grant = world.sessions.sign_in(world.client)
    for _ in range(29):
        world.clock.advance(days=1)
        grant = world.sessions.refresh(grant.refresh_token)
        assert grant.claims.expires_at - grant.claims.issued_at == ACCESS_SECONDS
    world.clock.advance(days=1, seconds=-60)
    grant = world.sessions.refresh(grant.refresh_token)
    assert grant.claims.expires_at - grant.claims.issued_at == 60
    world.clock.advance(seconds=60)
    assert world.refused(grant.refresh_token)


def test_a_failure_before_the_write_leaves_the_token_valid(world):
    grant = world.sessions.sign_in(world.client)
    world.signer.away = True
    with pytest.raises(Unavailable):
        world.sessions.refresh(grant.refresh_token)
    world.signer.away = False
    assert world.sessions.refresh(grant.refresh_token)


def test_two_concurrent_refreshes_end_the_session(world):
    """The second refresh happens between the read and the write of the first."""
    grant = world.sessions.sign_in(world.client)
    honest, won = world.signer.sign, []

    def overtaken(claims):
        world.signer.sign = honest
        won.append(world.sessions.refresh(grant.refresh_token))
        return honest(claims)

    world.signer.sign = overtaken
    assert world.refused(grant.refresh_token, RefreshTokenReused)
    assert world.refused(won[0].refresh_token)


def test_an_invented_refresh_token_does_not_affect_the_session(world):
    grant = world.sessions.sign_in(world.client)
    text = grant.refresh_token
    forged = RefreshToken.new("local", "acme", text.split("_")[3], b"a guess").text
    others = (
        forged,
        text[:-1],
        text + "A",
        text.replace("acme", "globex"),
        text.replace("local", "prod"),
        text.upper(),
    )
    assert all(world.refused(invented) for invented in (*others, "", "x", text[: len(text) // 2]))
    assert world.sessions.refresh(text)


@given(place=st.integers(0, 200), bit=st.integers(0, 6))
def test_a_refresh_token_with_a_flipped_bit_is_rejected(place, bit):
    world = World()
    grant = world.sessions.sign_in(world.client)
    raw = bytearray(grant.refresh_token.encode())
    raw[place % len(raw)] ^= 1 << bit
    assert world.refused(raw.decode())
    assert world.sessions.refresh(grant.refresh_token)


def test_reuse_of_an_old_refresh_token_ends_the_session(world):
    grants = [world.sessions.sign_in(world.client)]
    for _ in range(5):
        grants.append(world.sessions.refresh(grants[-1].refresh_token))
    assert world.refused(grants[1].refresh_token, RefreshTokenReused)
    assert world.refused(grants[-1].refresh_token)
    assert next(iter(world.store.sessions.values())).ended == "reused"
    assert [session.key_id for session in world.reused] == [world.key.key_id]


def test_revoking_a_session_leaves_other_sessions_valid(world):
    first, second = (world.sessions.sign_in(world.client) for _ in range(2))
    world.sessions.revoke(first.refresh_token)
    assert world.refused(first.refresh_token)
    assert world.sessions.refresh(second.refresh_token)


def test_a_used_refresh_token_can_revoke_its_session(world):
    grant = world.sessions.sign_in(world.client)
    later = world.sessions.refresh(grant.refresh_token)
    world.sessions.revoke(grant.refresh_token)
    assert world.refused(later.refresh_token)


def test_a_session_pauses_while_its_tenant_is_suspended(world):
    grant = world.sessions.sign_in(world.client)
    world.set("suspended")
    for attempt in (lambda: world.sessions.refresh(grant.refresh_token), lambda: world.sessions.sign_in(world.client)):
        with pytest.raises(GrantRefused) as caught:
            attempt()
        assert caught.value.error == "unauthorized_client"
    world.set("active")
    assert world.sessions.refresh(grant.refresh_token)


def test_a_session_ends_with_its_key(world):
    grant = world.sessions.sign_in(world.client)
    world.keys.revoke("acme", world.key.key_id, by="operator")
    world.clock.advance(seconds=CACHE_AGE.total_seconds())
    assert world.refused(grant.refresh_token)


def test_the_next_token_has_the_present_role_of_the_key(world):
    grant = world.sessions.sign_in(world.client)
    record = world.records[world.key.key_id]
    world.records[world.key.key_id] = replace(record, key=replace(record.key, role="viewer"))
    world.clock.advance(seconds=CACHE_AGE.total_seconds())
    assert world.sessions.refresh(grant.refresh_token).claims.role == "viewer"


def test_a_token_sealed_with_an_old_pepper_stays_valid(world):
    grant = world.sessions.sign_in(world.client)
    world.peppers.current, world.peppers.versions = "2", {"1": b"first", "2": b"second"}
    grant = world.sessions.refresh(grant.refresh_token)
    del world.peppers.versions["1"]
    assert RefreshToken.parse("local", grant.refresh_token, world.peppers.versions)


def test_repr_of_tokens_and_sessions_contains_no_secret(world):
    grant = world.sessions.sign_in(world.client)
    token = RefreshToken.parse("local", grant.refresh_token, world.peppers.versions)
    assert grant.refresh_token[-60:] not in repr(grant) + repr(token) + repr(world.store.sessions)
