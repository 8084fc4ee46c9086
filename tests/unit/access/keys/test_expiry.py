"""Expiry of keys: the default, the warning before it, and keys of releases without it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from vigil.access.keys.model import DEFAULT_LIFETIME, EXACT_WARNING, EXPIRY_WARNING
from vigil.access.tenants.service import TenantChange


def lifetime(world, key):
    return datetime.fromisoformat(key.expires_at) - world.clock.now


@pytest.mark.parametrize("role", ["producer", "viewer", "member", "admin", "operator"])
def test_a_key_expires_after_a_year_by_default(world, role):
    assert lifetime(world, world.keys.create("acme", role, by="operator").key) == timedelta(days=365)


@pytest.mark.parametrize(("maximum", "days"), [(30, 30), (365, 365), (3_000, 365), (None, 365)])
def test_a_shorter_maximum_of_the_tenant_bounds_the_default(world, maximum, days):
    world.tenants.change("acme", TenantChange(settings={"max_key_days": maximum}))
    assert lifetime(world, world.keys.create("acme", by="operator").key) == timedelta(days=days)


def test_a_key_without_expiry_stays_valid_and_its_successor_expires(world):
    made = world.keys.create("acme", by="operator")
    record = world.key_store.records[made.key.key_id]
    world.key_store.records[made.key.key_id] = replace(record, key=replace(record.key, expires_at=None))
    world.clock.advance(days=5_000)
    assert world.authenticator.authenticate(str(made.token))[0].expires_at is None
    assert world.keys.get("acme", made.key.key_id).expiry_warning(world.clock.now) is None
    assert lifetime(world, world.keys.rotate("acme", made.key.key_id, by="operator").key) == DEFAULT_LIFETIME


def test_the_warning_begins_thirty_days_before_the_expiry(world):
    key = world.keys.create("acme", by="operator").key
    end = datetime.fromisoformat(key.expires_at)
    assert timedelta(days=30) == EXPIRY_WARNING
    assert key.expiry_warning(end - EXPIRY_WARNING - timedelta(seconds=1)) is None
    for moment in (end - EXPIRY_WARNING, end - EXACT_WARNING):
        assert key.expiry_warning(moment) == (
            "The key expires on 2027-03-01 (UTC). Rotate it and use the new key before that day."
        )
    assert key.expiry_warning(end) is None


def test_a_warning_in_the_last_two_days_names_the_time(world):
    key = world.keys.create("acme", ends=world.clock.now + timedelta(hours=1), by="operator").key
    day, time = key.expires_at[:10], key.expires_at[11:16]
    assert key.expiry_warning(world.clock.now) == (
        f"The key expires on {day} at {time} (UTC). Rotate it and use the new key before that time."
    )


def test_the_warning_of_a_rotated_key_names_its_successor(world):
    old = world.keys.create("acme", by="operator").key
    new = world.keys.rotate("acme", old.key_id, by="operator").key
    warning = world.keys.get("acme", old.key_id).expiry_warning(world.clock.now)
    assert warning == f"The key expires on 2026-03-02 at 12:00 (UTC). Use the key {new.key_id} that replaces it."


def test_a_revoked_key_has_no_warning(world):
    key = world.keys.create("acme", ends=world.clock.now + timedelta(days=1), by="operator").key
    world.keys.revoke("acme", key.key_id, by="operator")
    assert world.keys.get("acme", key.key_id).expiry_warning(world.clock.now) is None


def test_a_key_of_the_shortest_lifetime_can_be_rotated_as_time_passes(world, monkeypatch):
    key = world.keys.create("acme", ends=world.clock.now + timedelta(minutes=1), by="operator").key

    def pass_time(_):
        world.clock.advance(seconds=1)
        return world.clock.now

    monkeypatch.setattr(type(world.clock), "__call__", pass_time)
    assert world.keys.rotate("acme", key.key_id, by="operator").key.replaced_by is None
