"""Keys: permissions of their creators, rotation with an overlap, lifetime and number."""

from datetime import datetime, timedelta
from typing import get_args

import pytest

from vigil.access.keys.model import MAX_ACTIVE_KEYS
from vigil.access.tenants.model import MAX_OVERLAP_HOURS
from vigil.access.tenants.service import TenantChange
from vigil.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from vigil.kernel.tenants import PERMISSIONS, Role


def is_valid(world, token):
    world.authenticator.clear_cache()
    try:
        return bool(world.authenticator.authenticate(str(token)))
    except Unauthenticated:
        return False


@pytest.mark.parametrize("role", get_args(Role))
def test_an_administrator_creates_all_keys_except_operator_keys(world, role):
    if role == "operator":
        with pytest.raises(Forbidden):
            world.keys.create("acme", role, by="admin")
        assert world.key_store.records == {}
    else:
        assert world.keys.create("acme", role, by="admin").key.role == role


def test_an_administrator_cannot_change_an_operator_key(world):
    operators = world.keys.create("acme", "operator", by="operator")
    for call in (world.keys.rotate, world.keys.revoke):
        with pytest.raises(Forbidden):
            call("acme", operators.key.key_id, by="admin")
    assert is_valid(world, operators.token)


def test_only_administrators_and_operators_manage_keys():
    assert {role for role in get_args(Role) if "keys:manage" in PERMISSIONS[role]} == {"admin", "operator"}


def test_after_a_rotation_both_keys_work_until_the_overlap_ends(world):
    old = world.keys.create("acme", "admin", "ci", by="operator")
    new = world.keys.rotate("acme", old.key.key_id, timedelta(hours=2), by="admin")
    assert (new.key.role, new.key.label) == ("admin", "ci")
    world.clock.advance(hours=1, minutes=59)
    assert (is_valid(world, old.token), is_valid(world, new.token)) == (True, True)
    world.clock.advance(minutes=1)
    assert (is_valid(world, old.token), is_valid(world, new.token)) == (False, True)
    assert world.keys.get("acme", old.key.key_id).replaced_by == new.key.key_id


def test_a_rotation_uses_the_tenants_overlap_by_default(world):
    world.tenants.change("acme", TenantChange(settings={"overlap_hours": 3}))
    old = world.keys.create("acme", by="operator")
    world.keys.rotate("acme", old.key.key_id, by="operator")
    assert world.keys.get("acme", old.key.key_id).expires_at == "2026-03-01T15:00:00.000000Z"


def test_a_rotation_never_extends_the_old_key(world):
    old = world.keys.create("acme", ends=world.clock.now + timedelta(hours=1), by="operator")
    new = world.keys.rotate("acme", old.key.key_id, timedelta(hours=100), by="operator")
    assert world.keys.get("acme", old.key.key_id).expires_at == "2026-03-01T13:00:00.000000Z"
    assert new.key.expires_at == "2026-03-01T13:00:00.000000Z"  # the same lifetime, from now on


def test_a_rotated_key_gets_at_most_the_present_maximum_lifetime(world):
    old = world.keys.create("acme", ends=world.clock.now + timedelta(days=365), by="operator")
    world.tenants.change("acme", TenantChange(settings={"max_key_days": 30}))
    new = world.keys.rotate("acme", old.key.key_id, by="operator")
    assert datetime.fromisoformat(new.key.expires_at) == world.clock.now + timedelta(days=30)


@pytest.mark.parametrize("hours", [-1, MAX_OVERLAP_HOURS + 1])
def test_an_overlap_out_of_range_is_rejected(world, hours):
    old = world.keys.create("acme", by="operator")
    with pytest.raises(InvalidInput):
        world.keys.rotate("acme", old.key.key_id, timedelta(hours=hours), by="operator")
    assert world.keys.get("acme", old.key.key_id).replaced_by is None


def test_only_an_active_key_can_be_rotated_and_only_once(world):
    old = world.keys.create("acme", by="operator")
    world.keys.rotate("acme", old.key.key_id, by="operator")
    with pytest.raises(Conflict):
        world.keys.rotate("acme", old.key.key_id, by="operator")
    revoked = world.keys.create("acme", by="operator")
    world.keys.revoke("acme", revoked.key.key_id, by="operator")
    with pytest.raises(Conflict):
        world.keys.rotate("acme", revoked.key.key_id, by="operator")


def test_of_two_concurrent_rotations_one_fails_without_a_new_key(world, monkeypatch):
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


def test_a_key_of_another_tenant_is_not_found(world):
    world.tenants.create("globex", "FREE")
    key_id = world.keys.create("acme", by="operator").key.key_id
    for call in (
        lambda: world.keys.get("globex", key_id),
        lambda: world.keys.rotate("globex", key_id, by="operator"),
        lambda: world.keys.revoke("globex", key_id, by="operator"),
    ):
        with pytest.raises(NotFound, match=r"^There is no API key with this id\. "):
            call()
    assert world.keys.get("acme", key_id).revoked_at is None


def test_the_maximum_lifetime_of_a_tenant_limits_its_keys(world):
    world.tenants.change("acme", TenantChange(settings={"max_key_days": 30}))
    key = world.keys.create("acme", by="admin").key
    assert datetime.fromisoformat(key.expires_at) == world.clock.now + timedelta(days=30)
    with pytest.raises(InvalidInput):
        world.keys.create("acme", ends=world.clock.now + timedelta(days=31), by="admin")


def test_an_expiry_that_is_not_in_the_future_is_rejected(world):
    with pytest.raises(InvalidInput):
        world.keys.create("acme", ends=world.clock.now, by="admin")


def test_an_offboarding_tenant_gets_no_keys(world):
    old = world.keys.create("acme", by="operator")
    world.tenants.change("acme", TenantChange(status="offboarding"))
    for call in (
        lambda: world.keys.create("acme", by="operator"),
        lambda: world.keys.rotate("acme", old.key.key_id, by="operator"),
    ):
        with pytest.raises(Conflict):
            call()


def test_pages_contain_each_key_once_in_order(world):
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


def test_a_key_above_the_maximum_of_active_keys_is_rejected(world):
    keys = [world.keys.create("acme", by="admin").key for _ in range(MAX_ACTIVE_KEYS)]
    for make in (lambda: world.keys.create("acme", by="admin"), lambda: rotated(world, keys[1])):
        with pytest.raises(Conflict, match=f"{MAX_ACTIVE_KEYS} active keys"):
            make()
    world.keys.create("acme", by="operator")
    for key in keys[:2]:
        world.keys.revoke("acme", key.key_id, by="admin")
    rotated(world, keys[2])
    with pytest.raises(Conflict):
        world.keys.create("acme", by="admin")


def rotated(world, key):
    return world.keys.rotate("acme", key.key_id, by="admin")
