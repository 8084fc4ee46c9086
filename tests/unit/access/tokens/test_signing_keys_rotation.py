"""Rotations of signing keys while tokens are signed and verified: no valid token is rejected."""

import uuid
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.tokens import CachingProcess, FakeKeyVault, FakeSigningKeySet
from vigil.access.tokens.signing_keys_model import (
    ACCESS_SECONDS,
    CACHE_SECONDS,
    LEAD_SECONDS,
    RETIREMENT_SECONDS,
    Issuer,
    TokenClaims,
)
from vigil.access.tokens.signing_keys_rotation import SigningKeyRotation
from vigil.access.tokens.signing_keys_service import AccessTokenSigner, AccessTokenVerifier, published_jwks
from vigil.errors import Conflict, Unauthenticated, Unavailable

ISSUER = Issuer("local")


class World:
    def __init__(self):
        self.clock, self.lists, self.vault = Clock(), FakeSigningKeySet(), FakeKeyVault()
        self.rotation = SigningKeyRotation(self.vault, self.lists, ISSUER, self.clock)

    def rotate(self, *steps):
        version = str(uuid.uuid4())
        for step in steps or ("create", "publish", "test", "finish"):
            getattr(self.rotation, step)(version)
        return version

    def process(self):
        known = CachingProcess(self.lists, self.vault, self.clock)
        return AccessTokenSigner(known, known, ISSUER, self.clock), AccessTokenVerifier(known, ISSUER, self.clock)

    def claims(self):
        now = int(self.clock().timestamp())
        return TokenClaims(uuid.uuid4().hex, "0123456789abcdef", "acme", "member", now, now + ACCESS_SECONDS)

    def kids(self):
        return [key["kid"] for key in published_jwks(self.lists, self.clock)]


@pytest.fixture
def world():
    return World()


def test_signing_and_jwks_are_unavailable_before_the_first_rotation(world):
    signer, _ = world.process()
    with pytest.raises(Unavailable):
        signer.sign(world.claims())
    with pytest.raises(Unavailable):
        world.kids()


def test_the_first_key_signs_at_once_despite_empty_caches(world):
    signer, verifier = world.process()
    with pytest.raises(Unavailable):
        signer.sign(world.claims())
    with pytest.raises(Unauthenticated):
        verifier.verify("eyJh.eyJh." + "A" * 86)
    world.rotate()
    claims = world.claims()
    assert verifier.verify(signer.sign(claims)) == claims


def test_a_new_key_signs_after_15_and_the_old_one_ends_30_minutes_later(world):
    world.rotate()
    (first,) = world.kids()
    world.clock.advance(days=30)
    world.rotate()
    second = world.kids()[1]

    def signs(kid):
        return world.lists.read().signing_key(world.vault.current(), world.clock().timestamp()).kid == kid

    assert signs(first)
    world.clock.advance(seconds=LEAD_SECONDS - 1)
    assert signs(first)
    world.clock.advance(seconds=1)
    assert signs(second)
    assert world.kids() == [first, second]
    world.clock.advance(seconds=RETIREMENT_SECONDS - 1)
    assert world.kids() == [first, second]
    world.clock.advance(seconds=1)
    assert world.kids() == [second]


def test_next_current_and_previous_keys_are_published_together(world):
    for _ in range(3):
        world.clock.advance(seconds=LEAD_SECONDS)
        world.rotate()
    assert len(world.kids()) == 3


def test_a_retired_private_key_is_removed_by_the_next_rotation(world):
    for _ in range(4):
        world.rotate()
        world.clock.advance(days=30)
    assert len(world.vault.current()) == 2
    assert len(world.lists.read().keys) == 2


def test_a_deleted_key_is_rejected_after_the_cache_time(world):
    world.rotate()
    (_, old), (signer, verifier) = world.process(), world.process()
    stolen = signer.sign(world.claims())
    assert old.verify(stolen)
    world.lists.delete()
    world.rotate()
    assert len(world.vault.current()) == 1
    world.clock.advance(seconds=CACHE_SECONDS)
    for knower in (old, verifier):
        with pytest.raises(Unauthenticated):
            knower.verify(stolen)
    claims = world.claims()
    assert old.verify(signer.sign(claims)) == claims


def test_every_rotation_step_can_be_repeated(world):
    steps = ("create", "publish", "test", "finish")
    world.rotate(*(step for step in steps for _ in range(2)), *steps)
    assert len(world.kids()) == len(world.vault.current()) == 1


def test_an_older_rotation_cannot_finish_after_a_newer_one(world):
    stale = world.rotate("create", "publish", "test")
    world.rotate()
    with pytest.raises(Conflict):
        world.rotation.finish(stale)


def test_the_test_step_rejects_unpublished_keys(world):
    version = world.rotate("create")
    with pytest.raises(Unauthenticated):
        world.rotation.test(version)
    with pytest.raises(Conflict):
        world.rotation.publish("another-version")


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.lists(st.floats(0, 4 * 3600), min_size=1, max_size=6))
def test_a_valid_token_is_never_rejected_during_rotations(seed, pauses):
    """Six processes with own caches; rotations at any distance, with steps up to two hours apart."""
    random, world = Random(seed), World()
    world.rotate()
    processes, living = [world.process() for _ in range(6)], []
    tasks = []
    for pause in pauses:
        tasks += [(pause, None), *((random.choice([0, 1, 7200 * random.random()]), step) for step in range(4))]
    version = ""
    for wait, step in tasks:
        end = world.clock().timestamp() + wait
        while world.clock().timestamp() < end:
            world.clock.advance(
                seconds=min(random.uniform(30, CACHE_SECONDS / 2), end - world.clock().timestamp() + 0.01)
            )
            claims = world.claims()
            living.append((random.choice(processes)[0].sign(claims), claims))
            living = [(token, claims) for token, claims in living if claims.expires_at > world.clock().timestamp()]
            for token, claims in random.sample(living, min(4, len(living))):
                assert random.choice(processes)[1].verify(token) == claims
        if step is not None:
            version = str(uuid.uuid4()) if step == 0 else version
            (world.rotation.create, world.rotation.publish, world.rotation.test, world.rotation.finish)[step](version)
