"""Contract of the progress of the nightly sweep, in memory and in DynamoDB."""

from dataclasses import replace

import pytest

from cli.monitoring.stores import MemoryProgress
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.store import DynamoProgress

SERVED = ServedVersion("toy", 1, "single", "2026-03-01", "2026-03-01")


@pytest.fixture(params=["memory", "dynamodb"])
def progress(request):
    if request.param == "memory":
        return MemoryProgress()
    return DynamoProgress(request.getfixturevalue("dynamodb"), "monitoring")


def test_versions_that_served_are_listed_by_tenant(progress):
    other = ServedVersion("toy", 10, "batch", "2026-03-01", "2026-03-02", "2026-W08", "2026-W07", "2026-03")
    progress.put_served("acme", SERVED)
    progress.put_served("acme", other)
    progress.put_served("globex", replace(SERVED, version=2))
    later = SERVED.with_day("2026-03-05")
    progress.put_served("acme", later)
    assert sorted(progress.served("acme"), key=lambda each: each.version) == [later, other]
    assert list(progress.served("initech")) == []


def test_the_last_counted_day_is_stored(progress):
    assert progress.counted_through("acme") == ""
    for day in ("2026-03-01", "2026-03-02"):
        progress.put_counted("acme", day)
    assert (progress.counted_through("acme"), progress.counted_through("globex")) == ("2026-03-02", "")


def test_due_weeks_are_stored_by_day(progress):
    place = ("acme", "toy", 1, "single")
    progress.put_due_weeks(*place, "2026-03-01", {"2026-W13": 2})
    progress.put_due_weeks(*place, "2026-03-02", {"2026-W13": 1, "2026-W14": 4})
    progress.put_due_weeks(*place, "2026-03-01", {"2026-W13": 3})
    assert progress.due_weeks(*place) == {"2026-03-01": {"2026-W13": 3}, "2026-03-02": {"2026-W13": 1, "2026-W14": 4}}
    assert progress.due_weeks("acme", "toy", 11, "single") == progress.due_weeks("globex", *place[1:]) == {}
