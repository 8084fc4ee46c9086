"""Metering, wired as it is deployed: rows of the ledger in, usage out."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import access, process, stores
from vigil.decisions.batches.model import Batch, Chunk, Pin, Span
from vigil.decisions.batches.store import DynamoBooks
from vigil.kernel.tenants import Limits

MANY = Limits(1000, 1000, 1000, 10).encoded()
AGREED = {"tenants": 1, "failed": 0, "mismatches": 0, "unrepaired": 0}
REPAIRED = AGREED | {"mismatches": 1}
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}


@pytest.fixture
def clock(monkeypatch):
    """The time of every function, moved by hand."""
    moment = [datetime(2026, 3, 14, 12, 30, tzinfo=UTC)]
    monkeypatch.setattr(process, "now", lambda: moment[0])

    def advance(**by):
        moment[0] += timedelta(**by)

    return advance


@pytest.fixture
def score(published, clock):
    from functions.scoring_api.handler import lambda_handler

    def call(count, tenant="acme"):
        for _ in range(count):
            sent = event("POST", "/v1/scores", body=BODY, tenant=tenant, limits=MANY)
            assert lambda_handler(sent, Context())["statusCode"] == 201

    return call


@pytest.fixture
def count():
    """Deliver every row of decisions and of batches to the counting function, as if it had just come."""
    from functions.metering_counters.handler import lambda_handler

    def call():
        tables = ("decisions", "batches")
        rows = [row for table in tables for row in boto3.client("dynamodb").scan(TableName=table)["Items"]]
        records = [change(number, row) for number, row in enumerate(rows)]
        return lambda_handler({"Records": records}, Context())

    return call


def change(number, new, old=None):
    keys = {name: value for name, value in (new or old).items() if name in {"pk", "sk"}}
    at = datetime(2026, 3, 14, 12, 30, tzinfo=UTC).timestamp()
    told = {"Keys": keys, "SequenceNumber": str(number), "ApproximateCreationDateTime": at}
    images = {name: image for name, image in (("NewImage", new), ("OldImage", old)) if image}
    return {"eventName": "MODIFY", "dynamodb": told | images}


@pytest.fixture
def usage():
    from functions.metering_api.handler import lambda_handler

    def call(query=None, of=None, **kwargs):
        path = f"/v1/tenants/{of}/usage" if of else "/v1/usage"
        asked = event("GET", path, query={"period": "2026-03"} | (query or {}), **kwargs)
        answer = lambda_handler(asked, Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


def look():
    """Go round the tenants, as the schedule does every five minutes."""
    from functions.costs_watch.handler import lambda_handler

    return lambda_handler({}, Context(270_000))


def audit(job):
    from functions.metering_audit.handler import lambda_handler

    return lambda_handler({"job": job}, Context(900_000))


def test_usage_tells_what_was_used_and_what_is_left(score, count, usage, clock):
    score(3)
    clock(days=1)
    score(2)
    count()
    status, told = usage()
    assert status == 200
    assert [(item["period"], item["predictions"]) for item in told["items"]] == [("2026-03-14", 3), ("2026-03-15", 2)]
    assert told["quota"] == {"limit": 1000, "used": 5, "left": 995, "resets_at": "2026-04-01T00:00:00+00:00"}
    assert told["limits"] == {"predictions_per_month": 1000, "per_minute": 60, "per_hour": 1000, "storage_gb": 10}
    monthly = usage({"granularity": "month"})[1]
    assert monthly["items"] == [{"period": "2026-03", **told["total"]}]


def test_an_unlimited_tenant_is_counted_and_has_no_quota(published, count, usage, clock):
    from functions.scoring_api.handler import lambda_handler

    lambda_handler(event("POST", "/v1/scores", body=BODY, tier="ENTERPRISE"), Context())
    count()
    told = usage(tier="ENTERPRISE")[1]
    assert told["total"]["predictions"] == 1
    assert (told["quota"]["limit"], told["quota"]["used"], told["quota"]["left"]) == (None, None, None)


def test_rows_that_are_delivered_again_are_not_counted_again(score, count, usage):
    score(2)
    for _ in range(3):
        assert count() == {"batchItemFailures": []}
    score(1)
    count()
    assert usage()[1]["total"]["predictions"] == 3


def test_what_cannot_be_read_comes_again_and_the_rest_is_counted(score, count, usage):
    from functions.metering_counters.handler import lambda_handler

    score(1)
    (row,) = boto3.client("dynamodb").scan(TableName="decisions")["Items"]
    records = [change(7, {"pk": {"S": "acme#x"}, "decision_id": {"S": "x"}}), change(8, row)]
    assert lambda_handler({"Records": records}, Context()) == {"batchItemFailures": [{"itemIdentifier": "7"}]}
    assert usage()[1]["total"]["predictions"] == 1


def test_calls_appear_with_the_next_look_whatever_they_were_answered(score, usage, clock):
    access.tenants().create("acme", "FREE")
    score(2)
    usage()
    assert usage()[1]["total"]["api_calls"] == 0
    for _ in range(2):
        assert look() == {"tenants": 1, "failed": 0, "told": 0}
    assert usage()[1]["total"]["api_calls"] == 4
    clock(minutes=5)
    look()
    assert usage()[1]["total"]["api_calls"] == 5


def test_the_audit_is_content_with_counters_that_are_the_ledger(score, count, clock, published):
    access.tenants().create("acme", "FREE")
    score(3)
    count()
    look()
    clock(days=1)
    assert audit("recount") == AGREED


def test_the_audit_counts_what_was_lost_and_a_late_delivery_is_not_counted_twice(score, count, usage, clock):
    access.tenants().create("acme", "FREE")
    score(120)  # more than a page of keys, more than a transaction
    look()
    clock(days=1)
    assert audit("recount") == REPAIRED
    assert usage()[1]["total"]["predictions"] == 120
    count()
    assert usage()[1]["total"]["predictions"] == 120
    noted = boto3.client("dynamodb").get_item(
        TableName="usage", Key={"pk": {"S": "acme#2026-03"}, "sk": {"S": "AUDIT#2026-03-14#predictions"}}
    )
    finding = json.loads(noted["Item"]["finding"]["S"])
    assert (finding["was"], finding["counted"], finding["rows"]) == (0, 120, 120)


def test_the_audit_never_lowers_a_counter_and_alarms(score, count, usage, clock, caplog):
    access.tenants().create("acme", "FREE")
    score(2)
    count()
    row = boto3.client("dynamodb").scan(TableName="decisions")["Items"][0]
    boto3.client("dynamodb").delete_item(TableName="decisions", Key={"pk": row["pk"]})
    look()
    clock(days=1)
    assert audit("recount") == REPAIRED | {"unrepaired": 1}
    assert usage()[1]["total"]["predictions"] == 2
    assert [vars(record)["UsageMismatches"] for record in caplog.records if "UsageMismatches" in vars(record)] == [1]


def test_the_audit_brings_in_calls_that_no_look_did_and_alarms_for_events_that_a_counter_lost(published, usage, clock):
    from functions.metering_api.handler import lambda_handler

    access.tenants().create("acme", "FREE")
    used = {"specversion": "1.0", "type": "vigil.usage", "source": "s", "id": "1", "data": {"emails": 7}}
    report = event("POST", "/v1/usage-events", body=[used | {"time": "2026-03-14T11:00:00Z"}])
    assert json.loads(lambda_handler(report, Context())["body"])["counted"] == 1
    stores.usage().say("acme", "2026-03-14T11", {"emails": 6})
    clock(days=1)
    assert audit("recount") == AGREED | {"mismatches": 2, "unrepaired": 1}
    assert {meter: usage()[1]["items"][0][meter] for meter in ("api_calls", "emails")} == {"api_calls": 1, "emails": 6}


def batch_of(tenant, rows, charged, settled_at):
    """Write a batch of one chunk that is done."""
    books = DynamoBooks(boto3.client("dynamodb"), "batches")
    made = ("splitting", "2026-03-14T12:00:00.000000Z", "corr", "print", 99)
    batch = Batch(tenant, "bat_1", "toy", "csv", *made, run="r", pin=Pin("toy", 3, "sha256:0"))
    books.create(batch, 10)
    books.write(batch, [Span(0, 0, 10, 1, rows)])
    done = Chunk(Span(0, 0, 10, 1, rows), "done", scored=rows, charged=charged, settled_at=settled_at, part_sha256="d")
    assert books.settle(batch, done, "waiting")


def test_rows_of_batches_are_predictions_and_the_audit_counts_them_too(score, count, usage, clock):
    access.tenants().create("acme", "FREE")
    score(2)
    batch_of("acme", rows=48, charged=40, settled_at="2026-03-14T13:00:00.000000Z")
    look()
    clock(days=1)
    assert audit("recount") == REPAIRED
    count()
    count()
    assert usage()[1]["total"]["predictions"] == 50
    assert audit("recount") == {"tenants": 0, "failed": 0}


def test_what_is_stored_is_told_by_the_hour_and_goes_when_it_is_erased(score, count, usage, clock):
    access.tenants().create("acme", "FREE")
    score(2)
    count()
    files = boto3.client("s3")
    for content in (b"x" * 10, b"x" * 7):
        files.put_object(Bucket="files", Key="uploads/acme/bat_1/input", Body=content)
    clock(hours=1)
    assert audit("gauges") == {"tenants": 1, "failed": 0, "held": 1}
    assert audit("gauges") == {"tenants": 0, "failed": 0}
    told = usage()[1]
    held = told["stored"]["database_bytes"]
    rows = boto3.client("dynamodb").scan(TableName="decisions")["Items"]
    assert held > sum(len(row["body"]["S"]) + len(row["inputs"]["S"]) for row in rows)
    assert told["stored"]["storage_bytes"] == told["total"]["storage_byte_hours"] == 17
    assert told["total"]["database_byte_hours"] == held

    from functions.metering_counters.handler import lambda_handler

    gone = [change(f"9{number}", None, old=row) for number, row in enumerate(rows)]
    assert lambda_handler({"Records": gone}, Context()) == {"batchItemFailures": []}
    clock(hours=1)
    assert audit("gauges") == {"tenants": 1, "failed": 0, "held": 1}
    told = usage()[1]
    assert (told["stored"]["database_bytes"], told["total"]["predictions"]) == (0, 2)
    assert told["total"]["storage_byte_hours"] == 2 * 17


def test_usage_is_a_tenants_own_and_an_operators_of_any(score, count, usage):
    access.tenants().create("acme", "BASIC")
    score(1)
    count()
    assert usage(tenant="globex")[1]["total"]["predictions"] == 0
    assert usage(of="globex", tenant="globex")[1]["tenant_id"] == "globex"
    foreign, unknown = (usage(of=other, tenant="globex") for other in ("acme", "no-such"))
    assert (foreign[0], foreign[1]["detail"]) == (unknown[0], unknown[1]["detail"]) == (404, "There is no such tenant.")
    status, told = usage(of="acme", tenant="globex", role="operator")
    assert (status, told["total"]["predictions"], told["quota"]["limit"]) == (200, 1, 10_000)
    assert usage(of="no-such", role="operator")[0] == 404


@pytest.mark.parametrize(
    ("query", "field"), [({"period": "2026-13"}, "period"), ({"granularity": "hour"}, "granularity")]
)
def test_a_malformed_query_is_refused_by_field(published, usage, query, field):
    status, problem = usage(query)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_usage_is_not_for_anonymous(published, usage):
    assert usage(tenant=None)[0] == 401
