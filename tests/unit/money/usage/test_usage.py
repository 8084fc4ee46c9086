"""Counting is exact for any order and repetition of deliveries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.usage import FakeUsage
from vigil.errors import Unavailable
from vigil.money.usage.model import (
    MAX_TRANSACTION_ITEMS,
    UsageDay,
    UsageEntry,
    UsageHour,
    UsageMonth,
    sum_hours,
    transaction_groups,
)
from vigil.money.usage.service import UsageCounter

entries = st.builds(
    lambda tenant, number, hour: UsageEntry(tenant, f"dec_{number}", f"2026-03-01T{hour:02d}", {"predictions": 1}),
    st.sampled_from(["acme", "globex", "initech"]),
    st.integers(0, 300),
    st.integers(0, 23),
)


def predictions(usage, month, tenant="acme"):
    return sum_hours(usage.month(tenant, month).hours).get("predictions", 0)


def test_days_and_months_are_sums_of_hours():
    hours = (
        UsageHour("2026-03-01T00", {"predictions": 1}),
        UsageHour("2026-03-01T23", {"predictions": 2, "emails": 1}),
        UsageHour("2026-03-03T05", {"api_calls": 4}),
    )
    month = UsageMonth("2026-03", hours, 0)
    assert month.days == (
        UsageDay("2026-03-01", {"predictions": 3, "emails": 1}),
        UsageDay("2026-03-03", {"api_calls": 4}),
    )
    assert sum_hours(month.hours) == {"predictions": 3, "emails": 1, "api_calls": 4}


@given(st.lists(entries, max_size=400))
def test_groups_fit_a_transaction_and_have_every_entry_once(given_entries):
    groups = list(transaction_groups(given_entries))
    grouped = [(entry.tenant_id, entry.entry_id) for group in groups for entry in group]
    assert sorted(grouped) == sorted({(entry.tenant_id, entry.entry_id) for entry in given_entries})
    for group in groups:
        hours = {(entry.tenant_id, entry.hour) for entry in group}
        assert len(group) + len(hours) + len({tenant for tenant, _ in hours}) <= MAX_TRANSACTION_ITEMS


@given(st.lists(st.lists(entries, max_size=60), max_size=8), st.integers(0, 3))
def test_deliveries_in_any_order_and_number_count_entries_once(batches, failures):
    usage, expected = FakeUsage(), {}
    meter, usage.failures = UsageCounter(usage), failures
    for batch in batches:
        for entry in batch:
            expected.setdefault((entry.tenant_id, entry.entry_id), entry)
        waiting = batch
        while waiting:
            try:
                again = set(meter.count(waiting))
            except Unavailable:
                continue
            waiting = [entry for entry in waiting if entry.key in again]
    counted = sum(predictions(usage, "2026-03", tenant) for tenant in ("acme", "globex", "initech"))
    assert counted == len(expected)


def test_only_the_entries_of_a_failed_group_are_retried():
    usage = FakeUsage()
    usage.failures = 1
    batch = [UsageEntry("acme", f"dec_{number}", "2026-03-01T00", {"predictions": 1}) for number in range(150)]
    again = UsageCounter(usage).count(batch)
    assert len(again) == 98
    assert predictions(usage, "2026-03") == 52


def test_a_batch_of_failed_entries_raises_unavailable():
    usage = FakeUsage()
    usage.failures = 1
    with pytest.raises(Unavailable):
        UsageCounter(usage).count([UsageEntry("acme", "dec_1", "2026-03-01T00", {"predictions": 1})])
