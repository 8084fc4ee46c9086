"""Keys that one person can create or rotate from a key have an origin in common with it."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.access_services import build_world
from vigil.access.keys.model import ApiKey, Grantor
from vigil.kernel.tenants import UNKNOWN_ORIGIN

STEPS = st.tuples(st.sampled_from(["create", "rotate"]), st.integers(0, 20), st.integers(0, 20))


def grantor(key):
    return Grantor(key.rights, key.origins)


@given(st.lists(STEPS, max_size=12))
def test_a_key_shares_an_origin_with_each_key_that_made_it(steps):
    world = build_world()
    world.tenants.create("acme", "FREE")
    keys = [world.keys.create("acme", "operator", by="operator").key for _ in range(2)]
    assert [key.origins for key in keys] == [{key.key_id} for key in keys]
    makers = {key.key_id: {key.key_id} for key in keys}
    for step, first, second in steps:
        by, old = keys[first % len(keys)], keys[second % len(keys)]
        if step == "create":
            new, known = world.keys.create("acme", "operator", by=grantor(by)).key, makers[by.key_id]
        elif world.keys.get("acme", old.key_id).replaced_by:
            continue
        else:
            new = world.keys.rotate("acme", old.key_id, by=grantor(by)).key
            known = makers[by.key_id] | makers[old.key_id]
        keys.append(new)
        makers[new.key_id] = known | {new.key_id}
    for key in keys:
        assert all(key.origins & world.keys.get("acme", maker).origins for maker in makers[key.key_id])
        assert key.origins == {maker for maker in makers[key.key_id] if maker in {each.key_id for each in keys[:2]}}


def test_a_rotation_by_the_command_line_keeps_the_origins(world):
    old = world.keys.create("acme", "operator", by="operator").key
    assert world.keys.rotate("acme", old.key_id, by="operator").key.origins == {old.key_id}


def test_keys_of_an_earlier_release_have_one_unknown_origin(world):
    old = ApiKey("0123456789abcdef", "acme", "operator", "2026-03-01T12:00:00.000000Z")
    assert old.origins == {UNKNOWN_ORIGIN}
    assert world.keys.create("acme", "operator", by=grantor(old)).key.origins == {UNKNOWN_ORIGIN}
