"""The contract of usage counters, held by the fake and by DynamoDB alike; quotas; and what calls add up to."""

import time
from datetime import UTC, datetime

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.usage import FakeUsage
from vigil.access.quota.model import Reservation
from vigil.access.quota.service import Quota
from vigil.access.quota.store import DynamoQuota
from vigil.decisions.batches.model import FOLDERS
from vigil.errors import QuotaExceeded, Unavailable
from vigil.kernel.tenants import Limits
from vigil.money.usage.bucket_store import S3Bytes
from vigil.money.usage.model import Entry, Held, Hour
from vigil.money.usage.store import DynamoCalls, DynamoUsage
from vigil.web.principal import Principal
from vigil.web.rate_limits import DynamoRequestCounters


def entry(number, tenant="acme", hour="2026-03-01T05"):
    return Entry(tenant, f"dec_{number}", hour, {"predictions": 1, "charged": 1, "database_bytes": 100})


def hour(name, count):
    return Hour(name, {"predictions": count, "charged": count, "database_bytes": 100 * count})


@pytest.fixture(params=["fake", "dynamodb"])
def usage(request):
    return FakeUsage() if request.param == "fake" else DynamoUsage(request.getfixturevalue("aws")("dynamodb"), "usage")


@pytest.fixture
def quota(aws):
    return Quota(DynamoQuota(aws("dynamodb"), "usage", Clock()), Clock())


def used(aws, tenant="acme"):
    return DynamoUsage(aws("dynamodb"), "usage").month(tenant, "2026-03").used


def test_entries_are_counted_by_tenant_and_hour(usage):
    assert not usage.add([entry(1), entry(2), entry(3, hour="2026-03-31T23"), entry(4, tenant="globex")])
    assert usage.month("acme", "2026-03").hours == (hour("2026-03-01T05", 2), hour("2026-03-31T23", 1))
    assert usage.month("globex", "2026-03").hours == (hour("2026-03-01T05", 1),)
    assert usage.month("acme", "2026-04").hours == ()


def test_one_entry_that_is_counted_already_keeps_all_of_them_out_and_is_named(usage):
    usage.add([entry(1)])
    assert set(usage.add([entry(2), entry(1)])) == {("acme", "dec_1")}
    assert usage.month("acme", "2026-03").hours == (hour("2026-03-01T05", 1),)


def test_what_is_said_of_an_hour_replaces_what_was_said_and_leaves_what_is_counted(usage):
    usage.add([entry(1)])
    for calls in (5, 7, 7):
        usage.say("acme", "2026-03-01T05", {"api_calls": calls, "storage_byte_hours": 10 * calls})
    usage.say("acme", "2026-03-01T06", {"api_calls": 1})
    found = usage.month("acme", "2026-03").hours
    assert found[0].amounts == hour("", 1).amounts | {"api_calls": 7, "storage_byte_hours": 70}
    assert found[1] == Hour("2026-03-01T06", {"api_calls": 1})


def test_entries_that_are_kept_are_listed_by_their_hours(usage):
    late, early = (
        Entry("acme", f"evt_{n}", f"2026-03-01T{12 - n:02d}", {"emails": n}, {"source": "/mail"}) for n in (1, 2)
    )
    usage.add([late, early, entry(3)])
    usage.add([Entry("globex", "evt_1", "2026-03-01T11", {"emails": 9}, {"source": "/mail"})])
    assert list(usage.kept("acme", "2026-03")) == [early, late]
    assert list(usage.kept("acme", "2026-03-01T11")) == [late]
    assert list(usage.kept("acme", "2026-03-02")) == []
    assert set(usage.add([late])) == {late.name}


def test_only_what_has_a_row_elsewhere_is_forgotten_after_some_days(aws):
    usage = DynamoUsage(aws("dynamodb"), "usage")
    begun = time.time()
    usage.add([entry(1), Entry("acme", "evt_1", "2026-03-01T11", {"emails": 9}, {"source": "/mail"})])
    items = aws("dynamodb").scan(TableName="usage")["Items"]
    ends = {item["pk"]["S"]: int(item["expires_at"]["N"]) for item in items if "expires_at" in item}
    assert ends.keys() == {"acme#dec_1"}
    assert ends["acme#dec_1"] >= int(begun) + 14 * 86_400


def test_an_hour_of_nothing_is_none(usage):
    usage.say("acme", "2026-03-01T05", {"api_calls": 0})
    usage.add([Entry("acme", "dec_1", "2026-03-01T06", {"predictions": 0})])
    assert usage.month("acme", "2026-03").hours == ()


def grown(number, amount, hour="2026-03-01T05"):
    return Entry("acme", f"row_{number}", hour, {"database_bytes": amount})


def test_what_is_held_is_what_came_less_what_went(usage):
    usage.add([grown(1, 100), grown(2, 50, hour="2026-02-28T23")])
    usage.add([grown(3, -30)])
    assert usage.held("acme") == Held(0, 120)
    hours = ["2026-03-01T05", "2026-02-28T23", "2026-02-28T22"]
    assert usage.grown("acme", hours) == (120, dict(zip(hours, (70, 50, 0), strict=True)))
    assert usage.held("globex") == Held(0, 0)
    assert usage.grown("globex", hours) == (0, dict.fromkeys(hours, 0))


def test_gauges_are_said_of_a_tenant_with_something_stored_and_of_no_other(usage):
    gauges = {"2026-03-01T04": {"database_byte_hours": 9}, "2026-03-01T05": {"database_byte_hours": 100}}
    assert not usage.hold("acme", 7, gauges)
    assert usage.month("acme", "2026-03").hours == ()
    usage.add([grown(1, 100)])
    for bytes_ in (3, 7):
        assert usage.hold("acme", bytes_, gauges)
    assert usage.held("acme") == Held(7, 100)
    assert [h.amounts["database_byte_hours"] for h in usage.month("acme", "2026-03").hours] == [9, 100]


def test_what_goes_of_an_erased_tenant_is_not_counted_and_keeps_nobody_elses_out(usage):
    gone, other = grown(1, -100), entry(2, tenant="globex")
    assert set(usage.add([gone, other])) == {gone.name}
    assert not usage.add([other])
    assert usage.month("acme", "2026-03").hours == ()
    assert usage.held("globex") == Held(0, 100)


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_bytes_are_those_of_every_version_under_a_tenants_folders_whoever_is_asked_for(s3, page):
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    sizes = {"uploads/acme/b/input": 10, "results/acme/b/results.csv": 7, "parts/acme2/b/results/000000": 2}
    sizes |= {f"uploads/acme-2/b/{number}": 100 for number in range(5)} | {"uploads/zeta/b/input": 1000, "plain/b/b": 4}
    for key, size in (*sizes.items(), ("uploads/acme/b/input", 5)):
        s3.put_object(Bucket="files", Key=key, Body=b"x" * size)
    s3.delete_object(Bucket="files", Key="results/acme/b/results.csv")
    s3.meta.events.register(
        "provide-client-params.s3.ListObjectVersions", lambda params, **_: params | {"MaxKeys": page}
    )
    expected = {"a": 0, "acme": 22, "acme-2": 500, "acme2": 2, "b": 4, "nobody": 0, "zeta": 1000}
    stored = S3Bytes(s3, "files", FOLDERS)
    for tenants in (expected, ["acme-2", "zeta"], ["acme", "acme2"], ["zeta", "b"]):
        assert {tenant: stored.held(tenant) for tenant in tenants} == {tenant: expected[tenant] for tenant in tenants}
    with pytest.raises(Unavailable):
        S3Bytes(s3, "none", FOLDERS).held("acme")


def test_the_bucket_is_listed_once_for_all_tenants_in_order(s3):
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    listed = []
    s3.meta.events.register("before-call.s3.ListObjectVersions", lambda **_: listed.append(1))
    stored = S3Bytes(s3, "files", FOLDERS)
    assert sum(stored.held(f"tenant-{number:04}") for number in range(1000)) == 0
    assert len(listed) == len(FOLDERS)


def test_the_calls_of_all_keys_of_a_tenant_add_up(aws):
    client = aws("dynamodb")
    counters, limits = DynamoRequestCounters(client, "limits"), Limits(1000, 60, 1000, 10)
    for who, hour, calls in (("acme", 5, 3), ("acme#k-2", 5, 4), ("acme", 6, 9), ("acme2", 5, 1)):
        tenant, _, key = who.partition("#")
        for _ in range(calls):
            caller = Principal(tenant, key or "k-1", "FREE", "member", limits)
            counters.count(caller, datetime(2026, 3, 1, hour, 30, tzinfo=UTC))
    calls = DynamoCalls(client, "limits")
    assert [calls.made("acme", f"2026-03-01T{hour:02}") for hour in (4, 5, 6)] == [0, 7, 9]


def test_rows_are_set_aside_once_whatever_is_asked_again(quota, aws):
    for _ in range(3):
        quota.reserve("acme", "b-1", 600, 1000)
    assert used(aws) == 600
    assert used(aws, "globex") == 0


def test_what_does_not_fit_is_refused_whole_and_says_what_is_left(quota, aws):
    quota.reserve("acme", "b-1", 600, 1000)
    with pytest.raises(QuotaExceeded, match="has 400 of 1000") as caught:
        quota.reserve("acme", "b-2", 401, 1000)
    assert caught.value.retry_after == (30 * 24 + 12) * 3600  # to the first of April
    assert used(aws) == 600
    quota.reserve("acme", "b-2", 400, 1000)
    assert used(aws) == 1000


def test_more_than_a_whole_month_never_fits(quota, aws):
    with pytest.raises(QuotaExceeded):
        quota.reserve("acme", "b-1", 1001, 1000)
    assert used(aws) == 0


def test_what_was_not_used_is_given_back_once(quota, aws):
    reservation = quota.reserve("acme", "b-1", 600, 1000)
    for _ in range(3):
        quota.release("acme", reservation, 200)
    assert used(aws) == 400
    quota.release("acme", reservation, 100)  # it was settled
    assert used(aws) == 400


def test_a_reservation_that_never_was_gives_nothing_back(quota, aws):
    quota.release("acme", Reservation("2026-03", "b-9", 100), 100)
    assert used(aws) == 0


def test_more_than_was_set_aside_is_not_given_back(quota, aws):
    quota.release("acme", quota.reserve("acme", "b-1", 10, 1000), 11)
    assert used(aws) == 10


def test_without_a_limit_nothing_is_written(quota, aws):
    reservation = quota.reserve("acme", "b-1", 10**6, None)
    quota.release("acme", reservation, 10**6)
    assert aws("dynamodb").scan(TableName="usage")["Items"] == []


def test_a_month_has_its_own_quota(quota, aws):
    quota.reserve("acme", "b-1", 1000, 1000, month="2026-02")
    quota.reserve("acme", "b-1", 1000, 1000)
    assert used(aws) == 1000


def test_tables_that_do_not_answer_are_unavailable(aws):
    usage, calls = DynamoUsage(aws("dynamodb"), "none"), DynamoCalls(aws("dynamodb"), "none")
    for call in (
        lambda: usage.add([entry(1)]),
        lambda: usage.month("acme", "2026-03"),
        lambda: usage.held("acme"),
        lambda: usage.grown("acme", ["2026-03-01T05"]),
        lambda: usage.hold("acme", 1, {}),
        lambda: usage.say("acme", "2026-03-01T05", {"api_calls": 1}),
        lambda: calls.made("acme", "2026-03-01T05"),
    ):
        with pytest.raises(Unavailable):
            call()
