"""Tenants: ranges of values, life cycle, and complete changes."""

import json
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.access.tenants.model import (
    MAX_OVERLAP_HOURS,
    MAX_OVERRIDES,
    TIER_LIMITS,
    Tenant,
    TenantSettings,
    TenantStatus,
)
from vigil.access.tenants.service import TenantChange
from vigil.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from vigil.kernel.money import SpendLimit
from vigil.kernel.tenants import Limits, Rates

TENANT = Tenant("acme", "FREE", "active", "2026-03-01T12:00:00.000000Z")
ALLOWED_CHANGES = {
    ("active", "suspended"),
    ("active", "offboarding"),
    ("suspended", "active"),
    ("suspended", "offboarding"),
    ("offboarding", "closed"),
}


@pytest.mark.parametrize(("old", "new"), list(product(get_args(TenantStatus), repeat=2)))
def test_only_status_changes_of_the_life_cycle_are_allowed(old, new):
    tenant = replace(TENANT, status=old)
    if old == new or (old, new) in ALLOWED_CHANGES:
        assert tenant.with_status(new).status == new
    else:
        with pytest.raises(Conflict):
            tenant.with_status(new)


@pytest.mark.parametrize(("tenant_id", "tier"), [("A", "FREE"), ("ok-id", "GOLD"), ("a" * 33, "FREE"), ("a#b", "FREE")])
def test_a_malformed_tenant_is_rejected(tenant_id, tier):
    with pytest.raises(InvalidInput):
        Tenant(tenant_id, tier, "active", "now")


def test_each_tier_has_the_documented_limits():
    assert {tier: (limits.predictions_per_month, limits.storage_gb) for tier, limits in TIER_LIMITS.items()} == {
        "FREE": (1_000, 10),
        "BASIC": (10_000, 50),
        "PROFESSIONAL": (100_000, 500),
        "ENTERPRISE": (None, None),
    }
    assert {(limits.per_minute, limits.per_hour) for limits in TIER_LIMITS.values()} == {(60, 1_000)}
    assert {tier: (limits.tenant_per_minute, limits.tenant_per_hour) for tier, limits in TIER_LIMITS.items()} == {
        "FREE": (300, 5_000),
        "BASIC": (600, 10_000),
        "PROFESSIONAL": (1_200, 20_000),
        "ENTERPRISE": (2_400, 40_000),
    }


def test_another_key_limit_changes_the_tenant_limit_in_proportion():
    overrides = {"per_minute": 7, "per_hour": 9}
    limits = replace(TENANT, tier="BASIC", overrides=overrides).limits
    assert (limits.tenant_rates, limits.key_rates) == (Rates(70, 90), Rates(7, 9))
    agreed = replace(TENANT, tier="BASIC", overrides=overrides | {"tenant_per_minute": 3}).limits
    assert agreed.tenant_rates == Rates(3, 90)


@given(st.sampled_from(sorted(MAX_OVERRIDES)), st.integers())
def test_an_override_is_accepted_only_within_its_range(name, value):
    if 1 <= value <= MAX_OVERRIDES[name]:
        limits = replace(TENANT, overrides={name: value}).limits
        together = {f"tenant_{name}": 5 * value} if name in {"per_minute", "per_hour"} else {}
        assert limits == replace(TIER_LIMITS["FREE"], **{name: value}, **together)
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
        {"overlap_hours": MAX_OVERLAP_HOURS + 1},
    ],
)
def test_settings_out_of_range_are_rejected(settings):
    with pytest.raises(InvalidInput):
        TenantSettings(**settings)


@pytest.mark.parametrize("stop", [None, SpendLimit(1_000, inference_month=5, total_day=0)])
def test_limits_survive_the_authorizer_context(stop):
    limits = replace(TIER_LIMITS["ENTERPRISE"], hard_stop=stop)
    context = limits.to_context()
    assert Limits.from_context(context["limits"], context["tenant_rates"], "FREE") == limits


def test_a_context_without_a_tenant_limit_has_the_limit_of_its_tier():
    limits = replace(TIER_LIMITS["BASIC"], per_minute=7, tenant_per_minute=70)
    assert Limits.from_context(limits.to_context()["limits"], None, "BASIC") == limits


def test_functions_of_earlier_releases_read_the_limits_of_the_context():
    fields = json.loads(TIER_LIMITS["FREE"].to_context()["limits"])
    assert fields.keys() == {"predictions_per_month", "per_minute", "per_hour", "storage_gb"}


def test_a_hard_stop_survives_other_changes_of_the_tenant(world):
    stop = SpendLimit(1_000, total_month=5)
    for _ in range(2):
        world.tenants.set_spend_limit("acme", stop)
    tenant = world.tenants.change("acme", TenantChange(tier="BASIC"))
    assert (tenant.limits.hard_stop, tenant.version) == (stop, 3)
    world.tenants.set_spend_limit("acme", None)
    assert world.tenants.get("acme").limits == TIER_LIMITS["BASIC"]


def test_an_offboarding_tenant_gets_no_hard_stop(world):
    leaving = world.tenants.change("acme", TenantChange(status="offboarding"))
    world.tenants.set_spend_limit("acme", SpendLimit(1_000, total_month=5))
    assert world.tenants.get("acme") == leaving


def test_a_change_sets_only_its_fields_and_creates_a_version(world):
    world.tenants.change("acme", TenantChange(limits={"per_minute": 120, "per_hour": 9_000}, settings={"name": "Acme"}))
    world.clock.advance(hours=1)
    tenant = world.tenants.change("acme", TenantChange(tier="BASIC", limits={"per_hour": None}))
    assert (tenant.tier, tenant.overrides, tenant.settings.name) == ("BASIC", {"per_minute": 120}, "Acme")
    assert (tenant.version, tenant.changed_at) == (3, "2026-03-01T13:00:00.000000Z")
    assert tenant.limits == Limits(10_000, 120, 1_000, 50, 1_200, 10_000)


def test_a_change_without_effect_creates_no_version(world):
    assert world.tenants.change("acme", TenantChange(tier="FREE", status="active")).version == 1


def test_a_change_of_another_version_is_rejected(world):
    world.tenants.change("acme", TenantChange(tier="BASIC"), version=1)
    with pytest.raises(PreconditionFailed):
        world.tenants.change("acme", TenantChange(tier="ENTERPRISE"), version=1)
    assert world.tenants.get("acme").tier == "BASIC"


def test_two_concurrent_changes_both_take_effect(world, monkeypatch):
    """Another writer changes the tenant once between read and write."""
    replacing = world.store.replace

    def late(old, new):
        monkeypatch.setattr(world.store, "replace", replacing)
        world.tenants.change("acme", TenantChange(settings={"name": "Acme"}))
        return replacing(old, new)

    monkeypatch.setattr(world.store, "replace", late)
    tenant = world.tenants.change("acme", TenantChange(tier="BASIC"))
    assert (tenant.tier, tenant.settings.name, tenant.version) == ("BASIC", "Acme", 3)


def test_a_failed_call_creates_no_tenant(world):
    for call in (
        lambda: world.tenants.change("globex", TenantChange(status="suspended")),
        lambda: world.tenants.get("globex"),
        lambda: world.keys.create("globex", by="operator"),
        lambda: world.keys.page("globex", None, 10),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(InvalidInput):
        world.tenants.create("globex", "FREE", TenantChange(limits={"per_minute": 0}))
    assert list(world.store.tenants) == ["acme"]


def test_the_id_of_a_closed_tenant_cannot_be_reused(world):
    world.store.tenants["acme"] = replace(world.store.tenants["acme"], status="closed")
    with pytest.raises(Conflict):
        world.tenants.create("acme", "FREE")


def test_an_offboarding_tenant_cannot_be_changed_or_closed(world):
    with pytest.raises(Conflict):
        world.tenants.change("acme", TenantChange(status="closed"))
    world.tenants.change("acme", TenantChange(status="offboarding"))
    for change in (TenantChange(status="closed"), TenantChange(status="active"), TenantChange(tier="BASIC")):
        with pytest.raises(Conflict):
            world.tenants.change("acme", change)
    assert world.tenants.change("acme", TenantChange(status="offboarding")).version == 2
    assert list(world.store.erasures) == ["acme"]
