"""Contract of usage counters for the fake and DynamoDB; monthly quotas and request counts in DynamoDB."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.support.aws_calls import record_calls, replace_calls
from tests.support.fakes.usage import FakeUsage
from vigil.decisions.batches.files_model import FOLDERS
from vigil.errors import Unavailable
from vigil.kernel.tenants import Limits
from vigil.money.usage.bucket_store import S3StoredFiles
from vigil.money.usage.model import StoredBytes, UsageEntry, UsageHour
from vigil.money.usage.store import DynamoRequestCounts, DynamoUsage
from vigil.web.principal import Principal
from vigil.web.rate_limits import DynamoRequestCounters


def entry(number, tenant="acme", hour="2026-03-01T05"):
    return UsageEntry(tenant, f"dec_{number}", hour, {"predictions": 1, "charged": 1, "database_bytes": 100})


def hour(name, count):
    return UsageHour(name, {"predictions": count, "charged": count, "database_bytes": 100 * count})


@pytest.fixture(params=["fake", "dynamodb"])
def usage(request):
    return FakeUsage() if request.param == "fake" else DynamoUsage(request.getfixturevalue("aws")("dynamodb"), "usage")


def test_entries_are_counted_by_tenant_and_hour(usage):
    assert not usage.add([entry(1), entry(2), entry(3, hour="2026-03-31T23"), entry(4, tenant="globex")])
    assert usage.month("acme", "2026-03").hours == (hour("2026-03-01T05", 2), hour("2026-03-31T23", 1))
    assert usage.month("globex", "2026-03").hours == (hour("2026-03-01T05", 1),)
    assert usage.month("acme", "2026-04").hours == ()


def test_a_known_entry_is_returned_and_no_entry_is_counted(usage):
    usage.add([entry(1)])
    assert set(usage.add([entry(2), entry(1)])) == {("acme", "dec_1")}
    assert usage.month("acme", "2026-03").hours == (hour("2026-03-01T05", 1),)


def test_amounts_and_counted_keys_of_a_day_are_read(usage):
    usage.add([entry(1), entry(2, hour="2026-03-01T23"), entry(3, hour="2026-03-02T00"), entry(4, tenant="globex")])
    assert usage.amounts_by_day("acme", "2026-03-01", "2026-03-01") == {"2026-03-01": hour("", 2).amounts}
    assert usage.amounts_by_day("acme", "2026-03-01", "2026-03-02").keys() == {"2026-03-01", "2026-03-02"}
    assert usage.amounts_by_day("acme", "2026-03-03", "2026-03-31") == {}
    assert set(usage.counted_keys("acme", ["dec_1", "dec_3", "dec_4"])) == {("acme", "dec_1"), ("acme", "dec_3")}


def test_set_amounts_replace_gauges_and_leave_counters(usage):
    usage.add([entry(1)])
    for calls in (5, 7, 7):
        usage.set_amounts("acme", "2026-03-01T05", {"api_calls": calls, "storage_byte_hours": 10 * calls})
    usage.set_amounts("acme", "2026-03-01T06", {"api_calls": 1})
    found = usage.month("acme", "2026-03").hours
    assert found[0].amounts == hour("", 1).amounts | {"api_calls": 7, "storage_byte_hours": 70}
    assert found[1] == UsageHour("2026-03-01T06", {"api_calls": 1})


def test_entries_with_details_are_listed_in_order_of_hours(usage):
    late, early = (
        UsageEntry("acme", f"evt_{n}", f"2026-03-01T{12 - n:02d}", {"emails": n}, {"source": "/mail"}) for n in (1, 2)
    )
    usage.add([late, early, entry(3)])
    usage.add([UsageEntry("globex", "evt_1", "2026-03-01T11", {"emails": 9}, {"source": "/mail"})])
    assert list(usage.reported_entries("acme", "2026-03")) == [early, late]
    assert list(usage.reported_entries("acme", "2026-03-01T11")) == [late]
    assert list(usage.reported_entries("acme", "2026-03-02")) == []
    assert set(usage.add([late])) == {late.key}


HEARD = {"happened_at": "2026-03-01T05:00:00.000000Z"}


def test_fractions_of_seconds_are_added_exactly(usage):
    tenths = [
        UsageEntry("acme", f"evt_{n}", "2026-03-01T05", {"audio_seconds": Decimal("0.1")}, HEARD) for n in range(3)
    ]
    for each in tenths:
        usage.add([each])
    assert usage.month("acme", "2026-03").hours == (UsageHour("2026-03-01T05", {"audio_seconds": Decimal("0.3")}),)
    assert sorted(usage.reported_entries("acme", "2026-03"), key=lambda entry: entry.key) == tenths
    usage.add([UsageEntry("acme", "evt_4", "2026-03-01T05", {"audio_seconds": Decimal("59.7")}, HEARD)])
    (whole,) = usage.month("acme", "2026-03").hours
    assert str(whole.amounts["audio_seconds"]) == "60"


def test_only_marks_of_entries_without_details_expire(aws):
    usage = DynamoUsage(aws("dynamodb"), "usage")
    begun = time.time()
    usage.add([entry(1), UsageEntry("acme", "evt_1", "2026-03-01T11", {"emails": 9}, {"source": "/mail"})])
    items = aws("dynamodb").scan(TableName="usage")["Items"]
    ends = {item["pk"]["S"]: int(item["expires_at"]["N"]) for item in items if "expires_at" in item}
    assert ends.keys() == {"acme#dec_1"}
    assert ends["acme#dec_1"] >= int(begun) + 14 * 86_400


def test_an_hour_without_usage_is_absent(usage):
    usage.set_amounts("acme", "2026-03-01T05", {"api_calls": 0})
    usage.add([UsageEntry("acme", "dec_1", "2026-03-01T06", {"predictions": 0})])
    assert usage.month("acme", "2026-03").hours == ()


def grown(number, amount, hour="2026-03-01T05"):
    return UsageEntry("acme", f"row_{number}", hour, {"database_bytes": amount})


def test_stored_bytes_are_the_sum_of_growth_and_shrinkage(usage):
    usage.add([grown(1, 100), grown(2, 50, hour="2026-02-28T23")])
    usage.add([grown(3, -30)])
    assert usage.stored_bytes("acme") == StoredBytes(0, 120)
    hours = ["2026-03-01T05", "2026-02-28T23", "2026-02-28T22"]
    assert usage.database_growth("acme", hours) == (120, dict(zip(hours, (70, 50, 0), strict=True)))
    assert usage.stored_bytes("globex") == StoredBytes(0, 0)
    assert usage.database_growth("globex", hours) == (0, dict.fromkeys(hours, 0))


def test_gauges_are_recorded_only_for_tenants_with_stored_data(usage):
    gauges = {"2026-03-01T04": {"database_byte_hours": 9}, "2026-03-01T05": {"database_byte_hours": 100}}
    assert not usage.record_storage("acme", 7, gauges)
    assert usage.month("acme", "2026-03").hours == ()
    usage.add([grown(1, 100)])
    for bytes_ in (3, 7):
        assert usage.record_storage("acme", bytes_, gauges)
    assert usage.stored_bytes("acme") == StoredBytes(7, 100)
    assert [h.amounts["database_byte_hours"] for h in usage.month("acme", "2026-03").hours] == [9, 100]


def test_shrinkage_of_an_erased_tenant_is_skipped_for_it_alone(usage):
    gone, other = grown(1, -100), entry(2, tenant="globex")
    assert set(usage.add([gone, other])) == {gone.key}
    assert not usage.add([other])
    assert usage.month("acme", "2026-03").hours == ()
    assert usage.stored_bytes("globex") == StoredBytes(0, 100)


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_bytes_include_every_version_in_the_folders_of_a_tenant(s3, page, monkeypatch):
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    sizes = {"uploads/acme/b/input": 10, "results/acme/b/results.csv": 7, "parts/acme2/b/results/000000": 2}
    sizes |= {f"uploads/acme-2/b/{number}": 100 for number in range(5)} | {"uploads/zeta/b/input": 1000, "plain/b/b": 4}
    for key, size in (*sizes.items(), ("uploads/acme/b/input", 5)):
        s3.put_object(Bucket="files", Key=key, Body=b"x" * size)
    s3.delete_object(Bucket="files", Key="results/acme/b/results.csv")
    replace_calls(monkeypatch, lambda make, _, operation, arguments: make(operation, arguments | {"MaxKeys": page}), s3)
    expected = {"a": 0, "acme": 22, "acme-2": 500, "acme2": 2, "b": 4, "nobody": 0, "zeta": 1000}
    stored = S3StoredFiles(s3, "files", FOLDERS)
    for tenants in (expected, ["acme-2", "zeta"], ["acme", "acme2"], ["zeta", "b"]):
        assert {tenant: stored.stored_bytes(tenant) for tenant in tenants} == {
            tenant: expected[tenant] for tenant in tenants
        }
    with pytest.raises(Unavailable):
        S3StoredFiles(s3, "none", FOLDERS).stored_bytes("acme")


def test_the_bucket_is_listed_once_for_all_tenants_in_order(s3, monkeypatch):
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    listed = record_calls(monkeypatch, s3)
    stored = S3StoredFiles(s3, "files", FOLDERS)
    assert sum(stored.stored_bytes(f"tenant-{number:04}") for number in range(1000)) == 0
    assert listed == ["ListObjectVersions"] * len(FOLDERS)


def test_the_requests_of_all_keys_of_a_tenant_are_added(aws):
    client = aws("dynamodb")
    counters, limits = DynamoRequestCounters(client, "limits"), Limits(1000, 60, 1000, 10, 300, 5000)
    for who, hour, calls in (("acme", 5, 3), ("acme#k-2", 5, 4), ("acme", 6, 9), ("acme2", 5, 1)):
        tenant, _, key = who.partition("#")
        for _ in range(calls):
            caller = Principal(tenant, key or "k-1", "FREE", "member", limits)
            counters.count(caller, datetime(2026, 3, 1, hour, 30, tzinfo=UTC))
    calls = DynamoRequestCounts(client, "limits")
    assert [calls.requests_in_hour("acme", f"2026-03-01T{hour:02}") for hour in (4, 5, 6)] == [0, 7, 9]


def test_tables_that_do_not_answer_are_unavailable(aws):
    usage, calls = DynamoUsage(aws("dynamodb"), "none"), DynamoRequestCounts(aws("dynamodb"), "none")
    for call in (
        lambda: usage.add([entry(1)]),
        lambda: usage.month("acme", "2026-03"),
        lambda: usage.stored_bytes("acme"),
        lambda: usage.database_growth("acme", ["2026-03-01T05"]),
        lambda: usage.record_storage("acme", 1, {}),
        lambda: usage.set_amounts("acme", "2026-03-01T05", {"api_calls": 1}),
        lambda: calls.requests_in_hour("acme", "2026-03-01T05"),
    ):
        with pytest.raises(Unavailable):
            call()
