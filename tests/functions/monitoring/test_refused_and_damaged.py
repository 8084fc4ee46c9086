"""Nights with versions whose packages cannot be read, and with damaged items."""

import re
from dataclasses import replace
from datetime import date

import pytest

from tests.support.aws_calls import replace_calls
from tests.support.monitored_ledgers import Past, past_day, put_decisions
from tests.support.monitored_nights import (
    DAY,
    NIGHT,
    days_before,
    publish_version,
    quiet_days,
    run_sweep,
    settle,
    stored,
)
from vigil.bootstrap import monitoring, process
from vigil.monitoring.nightly.batch_service import BatchDays
from vigil.monitoring.profiles.documents_model import to_bytes


def test_a_version_without_its_package_does_not_stop_the_count(client, sweep):
    put_decisions(client, [Past(DAY, 1), Past(DAY, 2, version=7)])
    assert sweep() == {"profiles": 1, "refused": 1}
    assert stored().rows == 1


def test_refused_days_are_counted_once_the_package_can_be_read(client, sweep):
    days = [days_before(DAY, -night) for night in range(3)]
    put_decisions(client, [Past(day, number, version=3) for day in days for number in range(4)])
    for night in range(3):
        assert sweep(nights=night) == {"refused": 1}
    publish_version(3)
    place = ("acme", "toy", 3, "single")
    assert sweep(nights=3) == {"profiles": 3}
    assert [stored(day, place).rows for day in days] == [4, 4, 4]
    assert monitoring.drift_states().load(*place).days == 3
    assert sweep(nights=4) == {}


def test_at_most_35_refused_days_are_counted_again(client, sweep, monkeypatch):
    days = [DAY, days_before(DAY, -6), days_before(DAY, -7), days_before(DAY, -41)]
    put_decisions(client, [Past(day, 1, version=4) for day in days])
    for night in (0, 20, 40):
        sweep(nights=night)
    monkeypatch.setattr(process, "now", lambda: NIGHT)
    publish_version(4)
    sweep(nights=41)
    profiles = monitoring.profiles().profiles("acme", "toy", 4, "single", DAY, days[-1])
    assert [profile.day for profile in profiles] == days[2:]


def test_a_version_that_stays_refused_is_not_read_again(client, sweep, monkeypatch):
    put_decisions(client, [Past(days_before(DAY, -night), 1, version=7) for night in range(6)])
    for night in range(5):
        sweep(nights=night)
    queries = []

    def recording(make, service, operation, arguments):
        queries.append(arguments.get("TableName", "")) if operation == "Query" else None
        return make(operation, arguments)

    replace_calls(monkeypatch, recording)
    sweep(nights=5)
    assert queries.count("decisions") == 2  # the last counted day, and the new one


@pytest.mark.parametrize("kind", ["DAY", "FOUND", "SERVED", "COUNTED", "DUE"])
def test_damaged_items_do_not_stop_the_other_versions(client, sweep, monkeypatch, caplog, kind):
    publish_version(5)
    settle()
    other = Past(DAY, 99, version=5)
    put_decisions(client, [*past_day(DAY, 40, subject="", visits=39), other])
    sweep()
    place = ("acme", "toy", 1, "single")
    monitoring.progress().put_due_weeks(*place, "2026-02-20", {"2026-W12": 1})
    (item, *_) = [
        each
        for each in client.scan(TableName="monitoring")["Items"]
        if re.match(rf"{kind}(#2026|#toy#1#|#1#|$)", each["sk"]["S"])
    ]
    changed = {name: {"N": "5"} for name in ("counts", "finding", "served", "day", "weeks") if name in item}
    client.put_item(TableName="monitoring", Item=item | changed)
    put_decisions(client, [*past_day("2026-03-02", 9), Past("2026-03-02", 99, version=5)])
    night = 7 if kind == "DUE" else 1
    assert run_sweep(monkeypatch, night)["failed"] == 1
    (line,) = [record.fields for record in caplog.records if "target_tenant" in getattr(record, "fields", {})]
    assert line["target_tenant"] == "acme"
    assert line["damaged"].startswith(f"{item['sk']['S']} of ")
    if kind != "COUNTED":
        assert stored("2026-03-02", ("acme", "toy", 5, "single")).rows == 1
        assert date.fromordinal(monitoring.drift_states().load("acme", "toy", 5, "single").through) == date(2026, 3, 2)


def test_a_damaged_profile_of_a_batch_does_not_stop_the_count(client, sweep, monkeypatch):
    chunks = [
        ("toy", 1, [b"damaged"]),
        ("toy", 2, [to_bytes(replace(quiet_days()[0], day=DAY, source="batch"))]),
    ]
    monkeypatch.setattr(BatchDays, "parts", lambda _self, _tenant, day: iter(chunks if day == DAY else ()))
    put_decisions(client, past_day(DAY, 5))
    publish_version(2)
    assert run_sweep(monkeypatch)["failed"] == 1
    assert stored().rows == 5
    assert stored(place=("acme", "toy", 2, "batch")).rows == 40
