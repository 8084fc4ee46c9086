"""Deployed wiring of usage: ledger rows in, usage out."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import access, process, stores
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.store import DynamoBatches
from vigil.kernel.rows import ModelRef
from vigil.kernel.tenants import Limits

MANY = Limits(1000, 1000, 1000, 10, 1000, 1000).to_context()
AGREED = {"tenants": 1, "failed": 0, "mismatches": 0, "unrepaired": 0}
REPAIRED = AGREED | {"mismatches": 1}
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}


@pytest.fixture
def clock(monkeypatch):
    """Clock of every function; calling it advances the time."""
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
            sent = event("POST", "/v1/scores", body=BODY, tenant=tenant, **MANY)
            assert lambda_handler(sent, Context())["statusCode"] == 201

    return call


@pytest.fixture
def count():
    """Deliver every row of decisions and batches to the counting function, as a new row."""
    from functions.usage_counters.handler import lambda_handler

    def call():
        tables = ("decisions", "batches")
        rows = [row for table in tables for row in boto3.client("dynamodb").scan(TableName=table)["Items"]]
        records = [change(number, row) for number, row in enumerate(rows)]
        return lambda_handler({"Records": records}, Context())

    return call


def change(number, new, old=None):
    keys = {name: value for name, value in (new or old).items() if name in {"pk", "sk"}}
    at = datetime(2026, 3, 14, 12, 30, tzinfo=UTC).timestamp()
    fields = {"Keys": keys, "SequenceNumber": str(number), "ApproximateCreationDateTime": at}
    images = {name: image for name, image in (("NewImage", new), ("OldImage", old)) if image}
    return {"eventName": "MODIFY", "dynamodb": fields | images}


@pytest.fixture
def usage():
    from functions.usage_api.handler import lambda_handler

    def call(query=None, of=None, **kwargs):
        path = f"/v1/tenants/{of}/usage" if of else "/v1/usage"
        asked = event("GET", path, query={"period": "2026-03"} | (query or {}), **kwargs)
        answer = lambda_handler(asked, Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


def run_checks():
    """Run the spend checks of all tenants, as the schedule does every five minutes."""
    from functions.costs_checks.handler import lambda_handler

    return lambda_handler({}, Context(270_000))


def audit(job):
    from functions.usage_sweeps.handler import lambda_handler

    return lambda_handler({"job": job}, Context(900_000))


def test_usage_has_daily_amounts_and_the_rest_of_the_quota(score, count, usage, clock):
    score(3)
    clock(days=1)
    score(2)
    count()
    status, answer = usage()
    assert status == 200
    assert [(item["period"], item["predictions"]) for item in answer["items"]] == [("2026-03-14", 3), ("2026-03-15", 2)]
    assert answer["quota"] == {"limit": 1000, "used": 5, "left": 995, "resets_at": "2026-04-01T00:00:00.000000Z"}
    assert answer["limits"] == {
        "predictions_per_month": 1000,
        "per_minute": 60,
        "per_hour": 1000,
        "storage_gb": 10,
        "tenant_per_minute": 300,
        "tenant_per_hour": 5000,
    }
    monthly = usage({"granularity": "month"})[1]
    assert monthly["items"] == [{"period": "2026-03", **answer["total"]}]


def test_an_unlimited_tenant_is_counted_and_has_no_quota(published, count, usage, clock):
    from functions.scoring_api.handler import lambda_handler

    lambda_handler(event("POST", "/v1/scores", body=BODY, tier="ENTERPRISE"), Context())
    count()
    answer = usage(tier="ENTERPRISE")[1]
    assert answer["total"]["predictions"] == 1
    assert (answer["quota"]["limit"], answer["quota"]["used"], answer["quota"]["left"]) == (None, None, None)


def test_repeated_rows_are_counted_once(score, count, usage):
    score(2)
    for _ in range(3):
        assert count() == {"batchItemFailures": []}
    score(1)
    count()
    assert usage()[1]["total"]["predictions"] == 3


def test_an_unreadable_record_is_retried_and_the_rest_is_counted(score, count, usage):
    from functions.usage_counters.handler import lambda_handler

    score(1)
    (row,) = boto3.client("dynamodb").scan(TableName="decisions")["Items"]
    records = [change(7, {"pk": {"S": "acme#x"}, "decision_id": {"S": "x"}}), change(8, row)]
    assert lambda_handler({"Records": records}, Context()) == {"batchItemFailures": [{"itemIdentifier": "7"}]}
    assert usage()[1]["total"]["predictions"] == 1


def test_calls_are_counted_by_the_next_check_whatever_their_status(score, usage, clock):
    access.tenants().create("acme", "FREE")
    score(2)
    usage()
    assert usage()[1]["total"]["api_calls"] == 0
    for _ in range(2):
        assert run_checks() == {"tenants": 1, "failed": 0, "told": 0}
    assert usage()[1]["total"]["api_calls"] == 4
    clock(minutes=5)
    run_checks()
    assert usage()[1]["total"]["api_calls"] == 5


def test_an_audit_of_correct_counters_finds_no_mismatch(score, count, clock, published):
    access.tenants().create("acme", "FREE")
    score(3)
    count()
    run_checks()
    clock(days=1)
    assert audit("recount") == AGREED


def test_the_audit_counts_missing_rows_and_late_rows_count_once(score, count, usage, clock):
    access.tenants().create("acme", "FREE")
    score(120)  # more than a page of keys and more than a transaction
    run_checks()
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


def test_the_audit_never_lowers_a_counter_and_records_a_mismatch(score, count, usage, clock, caplog):
    access.tenants().create("acme", "FREE")
    score(2)
    count()
    row = boto3.client("dynamodb").scan(TableName="decisions")["Items"][0]
    boto3.client("dynamodb").delete_item(TableName="decisions", Key={"pk": row["pk"]})
    run_checks()
    clock(days=1)
    assert audit("recount") == REPAIRED | {"unrepaired": 1}
    assert usage()[1]["total"]["predictions"] == 2
    assert [vars(record)["UsageMismatches"] for record in caplog.records if "UsageMismatches" in vars(record)] == [1]


def test_the_audit_repairs_calls_and_reports_lost_events(published, usage, clock):
    from functions.usage_api.handler import lambda_handler

    access.tenants().create("acme", "FREE")
    used = {"specversion": "1.0", "type": "vigil.usage", "source": "s", "id": "1", "data": {"emails": 7}}
    report = event("POST", "/v1/usage-events", role="producer", body=[used | {"time": "2026-03-14T11:00:00Z"}])
    assert json.loads(lambda_handler(report, Context())["body"])["counted"] == 1
    stores.usage().set_amounts("acme", "2026-03-14T11", {"emails": 6})
    clock(days=1)
    assert audit("recount") == AGREED | {"mismatches": 2, "unrepaired": 1}
    assert {meter: usage()[1]["items"][0][meter] for meter in ("api_calls", "emails")} == {"api_calls": 1, "emails": 6}


def batch_of(tenant, rows, charged, settled_at):
    """Write a batch with one completed chunk."""
    books = DynamoBatches(boto3.client("dynamodb"), "batches")
    made = ("splitting", "2026-03-14T12:00:00.000000Z", "corr", "print", 99)
    batch = Batch(tenant, "bat_1", "toy", "csv", *made, run="r", pin=ModelRef("toy", 3, "sha256:0"))
    books.create(batch, 10)
    books.add_chunks(batch, [ChunkRange(0, 0, 10, 1, rows)])
    done = Chunk(
        ChunkRange(0, 0, 10, 1, rows), "done", scored=rows, charged=charged, settled_at=settled_at, part_sha256="d"
    )
    assert books.settle(batch, done, "waiting")


def test_batch_rows_are_predictions_for_counters_and_the_audit(score, count, usage, clock):
    access.tenants().create("acme", "FREE")
    score(2)
    batch_of("acme", rows=48, charged=40, settled_at="2026-03-14T13:00:00.000000Z")
    run_checks()
    clock(days=1)
    assert audit("recount") == REPAIRED
    count()
    count()
    assert usage()[1]["total"]["predictions"] == 50
    assert audit("recount") == {"tenants": 0, "failed": 0}


def test_stored_bytes_are_recorded_hourly_and_end_with_erasure(score, count, usage, clock):
    access.tenants().create("acme", "FREE")
    score(2)
    count()
    files = boto3.client("s3")
    for content in (b"x" * 10, b"x" * 7):
        files.put_object(Bucket="files", Key="uploads/acme/bat_1/input", Body=content)
    clock(hours=1)
    assert audit("gauges") == {"tenants": 1, "failed": 0, "held": 1}
    assert audit("gauges") == {"tenants": 0, "failed": 0}
    answer = usage()[1]
    held = answer["stored"]["database_bytes"]
    rows = boto3.client("dynamodb").scan(TableName="decisions")["Items"]
    assert held > sum(len(row["packed"]["B"]) + len(row["summary"]["S"]) for row in rows)
    assert answer["stored"]["storage_bytes"] == answer["total"]["storage_byte_hours"] == 17
    assert answer["total"]["database_byte_hours"] == held

    from functions.usage_counters.handler import lambda_handler

    gone = [change(f"9{number}", None, old=row) for number, row in enumerate(rows)]
    assert lambda_handler({"Records": gone}, Context()) == {"batchItemFailures": []}
    clock(hours=1)
    assert audit("gauges") == {"tenants": 1, "failed": 0, "held": 1}
    answer = usage()[1]
    assert (answer["stored"]["database_bytes"], answer["total"]["predictions"]) == (0, 2)
    assert answer["total"]["storage_byte_hours"] == 2 * 17


def test_usage_is_shown_to_its_tenant_and_to_operators(score, count, usage):
    access.tenants().create("acme", "BASIC")
    score(1)
    count()
    assert usage(tenant="globex")[1]["total"]["predictions"] == 0
    assert usage(of="globex", tenant="globex")[1]["tenant_id"] == "globex"
    foreign, unknown = (usage(of=other, tenant="globex") for other in ("acme", "no-such"))
    assert foreign[1] | {"correlation_id": ""} == unknown[1] | {"correlation_id": ""}
    assert (foreign[0], unknown[0]) == (404, 404)
    status, answer = usage(of="acme", tenant="globex", role="operator")
    assert (status, answer["total"]["predictions"], answer["quota"]["limit"]) == (200, 1, 10_000)
    assert usage(of="no-such", role="operator")[0] == 404


@pytest.mark.parametrize(
    ("query", "field"), [({"period": "2026-13"}, "period"), ({"granularity": "hour"}, "granularity")]
)
def test_a_malformed_query_is_refused_by_field(published, usage, query, field):
    status, problem = usage(query)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


def test_an_anonymous_request_for_usage_is_refused(published, usage):
    assert usage(tenant=None)[0] == 401
