"""A key never creates, changes or revokes a key with more rights than its own."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.access_services import build_world
from vigil.access.keys.model import Grantor, Rights
from vigil.errors import Forbidden, InvalidInput
from vigil.kernel.tenants import PERMISSIONS, Permission, Role

ROLES = st.sampled_from(get_args(Role))
LISTS = st.frozensets(st.sampled_from(get_args(Permission)), min_size=1)


@st.composite
def rights(draw):
    """Return rights of a role, with all of its permissions or some of them."""
    role = draw(ROLES)
    some = st.frozensets(st.sampled_from(sorted(PERMISSIONS[role])), min_size=1)
    return Rights(role, draw(st.none() | some))


STEPS = st.tuples(st.sampled_from(["create", "rotate"]), ROLES, st.none() | LISTS)


@given(rights(), st.lists(STEPS, max_size=8))
def test_no_chain_of_creations_widens_rights(first, steps):
    world = build_world()
    world.tenants.create("acme", "FREE")
    holder = world.keys.create("acme", first.role, permissions=first.permissions, by="operator").key
    keys = [holder]
    for step, role, permissions in steps:
        try:
            if step == "create":
                new = world.keys.create("acme", role, permissions=permissions, by=Grantor(holder.rights)).key
            else:
                new = world.keys.rotate("acme", keys[0].key_id, by=Grantor(holder.rights)).key
        except (Forbidden, InvalidInput):
            continue
        assert new.rights.effective <= holder.rights.effective <= first.effective
        assert new.role != "operator" or first.role == "operator"
        keys, holder = [new, *keys], new


@given(rights(), rights())
def test_a_grant_needs_every_permission_and_a_role_as_large(granter, wanted):
    allowed = wanted.effective <= granter.effective and PERMISSIONS[wanted.role] <= PERMISSIONS[granter.role]
    if allowed:
        granter.check_grant(wanted)
        return
    with pytest.raises(Forbidden) as refused:
        granter.check_grant(wanted)
    text, missing = str(refused.value), wanted.effective - granter.effective
    assert f"the role {wanted.role}" in text or (missing and all(permission in text for permission in missing))


@given(rights(), rights())
def test_a_key_with_more_rights_is_neither_rotated_nor_revoked(caller, other):
    world = build_world()
    world.tenants.create("acme", "FREE")
    key = world.keys.create("acme", other.role, permissions=other.permissions, by="operator").key
    allowed = other.effective <= caller.effective and PERMISSIONS[other.role] <= PERMISSIONS[caller.role]
    for change in (world.keys.rotate, world.keys.revoke):
        try:
            change("acme", key.key_id, by=Grantor(caller))
        except Forbidden:
            assert not allowed
        else:
            assert allowed


def test_a_rotation_keeps_the_permissions(world):
    old = world.keys.create("acme", "member", permissions=frozenset({"scores:write"}), by="admin").key
    new = world.keys.rotate("acme", old.key_id, by="admin").key
    assert new.permissions == {"scores:write"}


@pytest.mark.parametrize(("role", "permission"), list(product(get_args(Role), get_args(Permission))))
def test_a_permission_outside_of_the_role_is_named(world, role, permission):
    if permission in PERMISSIONS[role]:
        made = world.keys.create("acme", role, permissions=frozenset({permission}), by="operator")
        assert made.key.rights.effective == {permission}
        return
    message = f"^permissions: {permission} is not among the permissions of the role {role}$"
    with pytest.raises(InvalidInput, match=message):
        world.keys.create("acme", role, permissions=frozenset({permission}), by="operator")


@pytest.mark.parametrize("permissions", [frozenset(), frozenset({"scores:read", "scores:rite"})])
def test_an_empty_list_and_an_unknown_permission_are_refused(world, permissions):
    with pytest.raises(InvalidInput, match=r"^permissions: ") as refused:
        world.keys.create("acme", permissions=permissions, by="operator")
    assert "rite" not in str(refused.value).replace("write", "")


def test_every_bound_of_permissions_is_shown_completely():
    for role in get_args(Role):
        with pytest.raises(InvalidInput) as refused:
            Rights(role, frozenset({"none"})).check()
        assert not refused.value.errors[0].bound.endswith("...")
