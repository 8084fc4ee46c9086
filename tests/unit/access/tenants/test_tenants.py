"""Tenants: bounds that hold, one life cycle, and changes that are never half done or lost."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.access.tenants.model import BOUNDS, LIMITS, MOST_OVERLAP_HOURS, Status, Tenant, TenantSettings
from vigil.access.tenants.service import Change
from vigil.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from vigil.kernel.money import HardStop
from vigil.kernel.tenants import Limits

TENANT = Tenant("acme", "FREE", "active", "2026-03-01T12:00:00+00:00")
WAYS = {
    ("active", "suspended"),
    ("active", "offboarding"),
    ("suspended", "active"),
    ("suspended", "offboarding"),
    ("offboarding", "closed"),
}


@pytest.mark.parametrize(("old", "new"), list(product(get_args(Status), repeat=2)))
def test_only_the_ways_of_the_life_cycle_lead_anywhere(old, new):
    tenant = replace(TENANT, status=old)
    if old == new or (old, new) in WAYS:
        assert tenant.become(new).status == new
    else:
        with pytest.raises(Conflict):
            tenant.become(new)


@pytest.mark.parametrize(("tenant_id", "tier"), [("A", "FREE"), ("ok-id", "GOLD"), ("a" * 33, "FREE"), ("a#b", "FREE")])
def test_malformed_tenants_are_refused(tenant_id, tier):
    with pytest.raises(InvalidInput):
        Tenant(tenant_id, tier, "active", "now")


def test_each_tier_includes_what_was_promised():
    assert {tier: (limits.predictions_per_month, limits.storage_gb) for tier, limits in LIMITS.items()} == {
        "FREE": (1_000, 10),
        "BASIC": (10_000, 50),
        "PROFESSIONAL": (100_000, 500),
        "ENTERPRISE": (None, None),
    }
    assert {(limits.per_minute, limits.per_hour) for limits in LIMITS.values()} == {(60, 1_000)}


@given(st.sampled_from(sorted(BOUNDS)), st.integers())
def test_an_override_holds_within_its_bounds_and_is_refused_outside(name, value):
    if 1 <= value <= BOUNDS[name]:
        limits = replace(TENANT, overrides={name: value}).limits
        assert limits == replace(LIMITS["FREE"], **{name: value})
    else:
        with pytest.raises(InvalidInput) as refused:
            replace(TENANT, overrides={name: value})
        assert refused.value.errors[0].field == f"limits.{name}"


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "n" * 101},
        {"contact": "c" * 255},
        {"max_key_days": 0},
        {"max_key_days": 3_651},
        {"overlap_hours": -1},
        {"overlap_hours": MOST_OVERLAP_HOURS + 1},
    ],
)
def test_settings_have_bounds(settings):
    with pytest.raises(InvalidInput):
        TenantSettings(**settings)


@pytest.mark.parametrize("stop", [None, HardStop(1_000, inference_month=5, total_day=0)])
def test_limits_survive_the_authorizers_context(stop):
    limits = replace(LIMITS["ENTERPRISE"], hard_stop=stop)
    assert Limits.from_json(limits.to_json()) == limits


def test_a_hard_stop_is_among_the_limits_outlives_other_changes_and_makes_a_version_only_if_it_is_new(world):
    stop = HardStop(1_000, total_month=5)
    for _ in range(2):
        world.tenants.stop("acme", stop)
    tenant = world.tenants.change("acme", Change(tier="BASIC"))
    assert (tenant.limits.hard_stop, tenant.version) == (stop, 3)
    world.tenants.stop("acme", None)
    assert world.tenants.get("acme").limits == LIMITS["BASIC"]


def test_a_tenant_that_leaves_is_not_stopped_any_more(world):
    leaving = world.tenants.change("acme", Change(status="offboarding"))
    world.tenants.stop("acme", HardStop(1_000, total_month=5))
    assert world.tenants.get("acme") == leaving


def test_a_change_touches_what_it_names_and_makes_a_version(world):
    world.tenants.change("acme", Change(limits={"per_minute": 120, "per_hour": 9_000}, settings={"name": "Acme"}))
    world.clock.advance(hours=1)
    tenant = world.tenants.change("acme", Change(tier="BASIC", limits={"per_hour": None}))
    assert (tenant.tier, tenant.overrides, tenant.settings.name) == ("BASIC", {"per_minute": 120}, "Acme")
    assert (tenant.version, tenant.changed_at) == (3, "2026-03-01T13:00:00+00:00")
    assert tenant.limits == Limits(10_000, 120, 1_000, 50)


def test_a_change_that_changes_nothing_makes_no_version(world):
    assert world.tenants.change("acme", Change(tier="FREE", status="active")).version == 1


def test_a_change_of_another_version_is_refused(world):
    world.tenants.change("acme", Change(tier="BASIC"), version=1)
    with pytest.raises(PreconditionFailed):
        world.tenants.change("acme", Change(tier="ENTERPRISE"), version=1)
    assert world.tenants.get("acme").tier == "BASIC"


def test_a_change_at_the_same_moment_loses_neither(world, monkeypatch):
    """Another writer comes between our read and our write, once."""
    replacing = world.store.replace

    def late(old, new):
        monkeypatch.setattr(world.store, "replace", replacing)
        world.tenants.change("acme", Change(settings={"name": "Acme"}))
        return replacing(old, new)

    monkeypatch.setattr(world.store, "replace", late)
    tenant = world.tenants.change("acme", Change(tier="BASIC"))
    assert (tenant.tier, tenant.settings.name, tenant.version) == ("BASIC", "Acme", 3)


def test_a_wrong_call_creates_no_tenant(world):
    for call in (
        lambda: world.tenants.change("globex", Change(status="suspended")),
        lambda: world.tenants.get("globex"),
        lambda: world.keys.create("globex", by="operator"),
        lambda: world.keys.page("globex", None, 10),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(InvalidInput):
        world.tenants.create("globex", "FREE", Change(limits={"per_minute": 0}))
    assert list(world.store.tenants) == ["acme"]


def test_an_id_is_given_once_even_after_its_tenant_has_left(world):
    world.store.tenants["acme"] = replace(world.store.tenants["acme"], status="closed")
    with pytest.raises(Conflict):
        world.tenants.create("acme", "FREE")


def test_nobody_closes_a_tenant_by_hand_nor_changes_one_that_leaves(world):
    with pytest.raises(Conflict):
        world.tenants.change("acme", Change(status="closed"))
    world.tenants.change("acme", Change(status="offboarding"))
    for change in (Change(status="closed"), Change(status="active"), Change(tier="BASIC")):
        with pytest.raises(Conflict):
            world.tenants.change("acme", change)
    assert world.tenants.change("acme", Change(status="offboarding")).version == 2
    assert list(world.store.erasures) == ["acme"]
