"""Keys: shown once, never more than who makes them, rotated without a gap."""

from datetime import datetime, timedelta
from typing import get_args

import pytest

from vigil.access.keys.model import MAX_ACTIVE_KEYS
from vigil.access.tenants.model import MAX_OVERLAP_HOURS
from vigil.access.tenants.service import TenantChange
from vigil.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from vigil.kernel.tenants import PERMISSIONS, Role


def opens(world, token):
    world.authenticator.clear_cache()
    try:
        return bool(world.authenticator.authenticate(str(token)))
    except Unauthenticated:
        return False


@pytest.mark.parametrize("role", get_args(Role))
def test_an_administrator_makes_every_key_but_an_operators(world, role):
    if role == "operator":
        with pytest.raises(Forbidden):
            world.keys.create("acme", role, by="admin")
        assert world.key_store.records == {}
    else:
        assert world.keys.create("acme", role, by="admin").key.role == role


def test_an_administrator_neither_rotates_nor_revokes_an_operators_key(world):
    operators = world.keys.create("acme", "operator", by="operator")
    for call in (world.keys.rotate, world.keys.revoke):
        with pytest.raises(Forbidden):
            call("acme", operators.key.key_id, by="admin")
    assert opens(world, operators.token)


def test_who_manages_keys_is_an_administrator_or_an_operator():
    assert {role for role in get_args(Role) if "keys:manage" in PERMISSIONS[role]} == {"admin", "operator"}


def test_both_keys_work_during_the_overlap_and_only_the_new_one_after_it(world):
    old = world.keys.create("acme", "admin", "ci", by="operator")
    new = world.keys.rotate("acme", old.key.key_id, timedelta(hours=2), by="admin")
    assert (new.key.role, new.key.label) == ("admin", "ci")
    world.clock.advance(hours=1, minutes=59)
    assert (opens(world, old.token), opens(world, new.token)) == (True, True)
    world.clock.advance(minutes=1)
    assert (opens(world, old.token), opens(world, new.token)) == (False, True)
    assert world.keys.get("acme", old.key.key_id).replaced_by == new.key.key_id


def test_a_rotation_without_an_overlap_takes_the_tenants(world):
    world.tenants.change("acme", TenantChange(settings={"overlap_hours": 3}))
    old = world.keys.create("acme", by="operator")
    world.keys.rotate("acme", old.key.key_id, by="operator")
    assert world.keys.get("acme", old.key.key_id).expires_at == "2026-03-01T15:00:00+00:00"


def test_a_rotation_never_makes_the_old_key_live_longer(world):
    old = world.keys.create("acme", ends=world.clock.now + timedelta(hours=1), by="operator")
    new = world.keys.rotate("acme", old.key.key_id, timedelta(hours=100), by="operator")
    assert world.keys.get("acme", old.key.key_id).expires_at == "2026-03-01T13:00:00+00:00"
    assert new.key.expires_at == "2026-03-01T13:00:00+00:00"  # as long a life again, from now


def test_a_key_that_was_made_for_longer_than_is_allowed_by_now_can_be_rotated(world):
    old = world.keys.create("acme", ends=world.clock.now + timedelta(days=365), by="operator")
    world.tenants.change("acme", TenantChange(settings={"max_key_days": 30}))
    new = world.keys.rotate("acme", old.key.key_id, by="operator")
    assert datetime.fromisoformat(new.key.expires_at) == world.clock.now + timedelta(days=30)


@pytest.mark.parametrize("hours", [-1, MAX_OVERLAP_HOURS + 1])
def test_the_overlap_is_bounded(world, hours):
    old = world.keys.create("acme", by="operator")
    with pytest.raises(InvalidInput):
        world.keys.rotate("acme", old.key.key_id, timedelta(hours=hours), by="operator")
    assert world.keys.get("acme", old.key.key_id).replaced_by is None


def test_a_key_is_rotated_once_and_only_while_it_lives(world):
    old = world.keys.create("acme", by="operator")
    world.keys.rotate("acme", old.key.key_id, by="operator")
    with pytest.raises(Conflict):
        world.keys.rotate("acme", old.key.key_id, by="operator")
    dead = world.keys.create("acme", by="operator")
    world.keys.revoke("acme", dead.key.key_id, by="operator")
    with pytest.raises(Conflict):
        world.keys.rotate("acme", dead.key.key_id, by="operator")


def test_of_two_rotations_at_once_one_is_refused_and_leaves_no_key(world, monkeypatch):
    old = world.keys.create("acme", by="operator")
    rotating = world.key_store.rotate

    def late(tenant_id, key, record):
        monkeypatch.setattr(world.key_store, "rotate", rotating)
        world.keys.rotate("acme", old.key.key_id, by="operator")
        return rotating(tenant_id, key, record)

    monkeypatch.setattr(world.key_store, "rotate", late)
    with pytest.raises(Conflict):
        world.keys.rotate("acme", old.key.key_id, by="operator")
    assert len(world.key_store.records) == 2


def test_another_tenants_key_is_not_there(world):
    world.tenants.create("globex", "FREE")
    key_id = world.keys.create("acme", by="operator").key.key_id
    for call in (
        lambda: world.keys.get("globex", key_id),
        lambda: world.keys.rotate("globex", key_id, by="operator"),
        lambda: world.keys.revoke("globex", key_id, by="operator"),
    ):
        with pytest.raises(NotFound, match=r"^There is no API key with this id\.$"):
            call()
    assert world.keys.get("acme", key_id).revoked_at is None


def test_a_tenant_bounds_the_life_of_its_keys(world):
    world.tenants.change("acme", TenantChange(settings={"max_key_days": 30}))
    key = world.keys.create("acme", by="admin").key
    assert datetime.fromisoformat(key.expires_at) == world.clock.now + timedelta(days=30)
    with pytest.raises(InvalidInput):
        world.keys.create("acme", ends=world.clock.now + timedelta(days=31), by="admin")


def test_a_key_that_is_dead_from_the_beginning_is_not_made(world):
    with pytest.raises(InvalidInput):
        world.keys.create("acme", ends=world.clock.now, by="admin")


def test_a_tenant_that_leaves_gets_no_keys(world):
    old = world.keys.create("acme", by="operator")
    world.tenants.change("acme", TenantChange(status="offboarding"))
    for call in (
        lambda: world.keys.create("acme", by="operator"),
        lambda: world.keys.rotate("acme", old.key.key_id, by="operator"),
    ):
        with pytest.raises(Conflict):
            call()


def test_pages_follow_each_other_and_miss_nothing(world):
    made = []
    for _ in range(5):
        made.append(world.keys.create("acme", by="operator").key.key_id)
        world.clock.advance(seconds=1)
    found, after = [], None
    while True:
        page = world.keys.page("acme", after, 2)
        found += [key.key_id for key in page.keys]
        if (after := page.next) is None:
            break
    assert found == made


def test_a_tenant_makes_so_many_living_keys_and_no_more(world):
    keys = [world.keys.create("acme", by="admin").key for _ in range(MAX_ACTIVE_KEYS)]
    for make in (lambda: world.keys.create("acme", by="admin"), lambda: rotated(world, keys[1])):
        with pytest.raises(Conflict, match=f"{MAX_ACTIVE_KEYS} keys"):
            make()
    world.keys.create("acme", by="operator")
    for key in keys[:2]:
        world.keys.revoke("acme", key.key_id, by="admin")
    rotated(world, keys[2])
    with pytest.raises(Conflict):
        world.keys.create("acme", by="admin")


def rotated(world, key):
    return world.keys.rotate("acme", key.key_id, by="admin")
