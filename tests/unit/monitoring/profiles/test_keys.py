"""Expiry of items: 800 days after their day, which has one form."""

from datetime import UTC, datetime

import pytest

from vigil.monitoring.profiles.keys_model import expiry


def test_an_item_expires_800_days_after_its_day_begins():
    assert expiry("2026-11-21") == {"expires_at": {"N": str(int(datetime(2029, 1, 29, tzinfo=UTC).timestamp()))}}


@pytest.mark.parametrize("day", ["2026-11-21T23:30:00Z", "2026-W47", "2026-W47-6", "20261121", "2026-11-31", ""])
def test_a_day_of_another_form_is_refused(day):
    with pytest.raises(ValueError, match=r"form|isoformat|day"):
        expiry(day)
