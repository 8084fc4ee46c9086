"""What a function calls is what its role grants: nothing is refused, and nothing is granted in vain."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import boto3
import pytest
import yaml
from botocore.client import BaseClient

from tests.fakes.deadletters import WORK, letter
from tests.gateway import Context, event
from tests.tables import _Loader
from vigil.batches.model import Batch, Pin, Span
from vigil.batches.store import DynamoBooks
from vigil.batches.stream import message_of
from vigil.bootstrap import access, metering, process
from vigil.costs.prices.model import FIRST
from vigil.deadletters.model import Job, Rules
from vigil.deadletters.store import DynamoJobs
from vigil.errors import Unavailable
from vigil.metering.model import Entry
from vigil.platform.sqs import Received, SqsQueue

ROOT = Path(__file__).parents[2]
DATA_SERVICES = {"dynamodb", "events", "s3", "secretsmanager", "sqs"}
# What a transaction is made of: it needs no right of its own, only those of its parts.
TRANSACTION = "dynamodb:TransactWriteItems"
# What Lambda itself does in a role's name, to feed the function from a stream.
FEEDING = {f"dynamodb:{call}" for call in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
GIVING_UP = {"sqs:SendMessage"}
ID = "8e4f0f3c-6a39-4c2e-9d0b-0c6a0d7d5b1e"
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}
KEY = {"Idempotency-Key": "k"}


def granted(role):
    paths = (ROOT / "infra" / "roles").glob("*.yaml")
    features = [yaml.load(path.read_text(), _Loader)["Resources"] for path in paths]  # noqa: S506 - a SafeLoader with inert tags
    (statements,) = [
        feature[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        for feature in features
        if role in feature
    ]
    actions = {action for statement in statements for action in statement["Action"]}
    return {action for action in actions if action.split(":")[0] in DATA_SERVICES}


@pytest.fixture
def called(published, monkeypatch):
    """The IAM actions behind every AWS call from here on."""
    actions, original = set(), BaseClient._make_api_call

    def recording(client, operation, arguments):
        service = client.meta.service_model.endpoint_prefix.removeprefix("streams.")
        # A transaction needs the rights of its parts, calls on many messages that to the call on one.
        parts = arguments["TransactItems"] if operation == "TransactWriteItems" else ()
        actions.update(f"{service}:{verb}Item" for part in parts for verb in part)
        actions.add(f"{service}:{operation.removesuffix('Batch') if service == 'sqs' else operation}")
        return original(client, operation, arguments)

    access.tenants().create("acme", "FREE")
    token = access.keys().create("acme", by="operator").token
    process.forget()
    monkeypatch.setattr(BaseClient, "_make_api_call", recording)
    return actions, token


def test_the_scoring_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.scoring_api.handler import lambda_handler

    actions, _ = called
    requests = [
        ("POST", "/v1/scores", {"body": BODY, "headers": {"Idempotency-Key": "k"}}),
        ("GET", "/v1/scores", {"query": {"limit": "1"}}),
        ("POST", "/v1/scores", {"body": BODY}),
        ("GET", "/v1/scores", {"query": {"limit": "1"}}),
        ("GET", "/v1/scores", {"query": {"subject_id": "p-1"}}),
        ("GET", "/v1/scores/dec_" + "0" * 32, {}),
        ("GET", "/v1/models", {}),
        ("GET", "/v1/models/toy", {}),
        ("GET", "/health/detailed", {}),
    ]
    for method, path, arguments in requests:
        assert lambda_handler(event(method, path, **arguments), Context())["statusCode"] < 500
    for more in ({}, {"consents": "true"}):
        enterprise = event("POST", "/v1/scores", body=BODY, tier="ENTERPRISE", **more)
        assert lambda_handler(enterprise, Context())["statusCode"] == 201
    assert actions - {"dynamodb:TransactWriteItems"} == granted("ScoringApi")


def test_the_authorizer_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_authorizer.handler import lambda_handler

    actions, token = called
    arn = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/v1/models"
    lambda_handler({"methodArn": arn, "headers": {"Authorization": f"Bearer {token}"}}, Context())
    assert actions == granted("TenancyAuthorizer")


def test_the_tokens_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_rotation.handler import lambda_handler as rotate
    from functions.tenancy_tokens.handler import lambda_handler

    actions, key = called
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        rotate({"Step": step, "SecretId": os.environ["VIGIL_SIGNING_SECRET_ARN"], "ClientRequestToken": ID}, Context())
    assert actions == granted("TenancyRotation")
    actions.clear()
    process.forget()
    lambda_handler(event("GET", "/.well-known/jwks.json", tenant=None), Context())
    body = {"grant_type": "client_credentials", "client_id": key.key_id, "client_secret": str(key)}
    answer = lambda_handler(event("POST", "/v1/oauth/token", tenant=None, body=body), Context())
    body = {"grant_type": "refresh_token", "refresh_token": json.loads(answer["body"])["refresh_token"]}
    for _ in range(2):
        answer = lambda_handler(event("POST", "/v1/oauth/token", tenant=None, body=body), Context())
    assert answer["statusCode"] == 400
    assert actions == granted("TenancyTokens")


def test_the_tenancy_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_api.handler import lambda_handler

    actions, token = called
    keys = f"/v1/tenants/acme/keys/{token.key_id}"
    requests = [
        ("POST", "/v1/tenants", {"body": {"tenant_id": "globex"}}),
        ("GET", "/v1/tenants", {"query": {"limit": "1"}}),
        ("PATCH", "/v1/tenants/acme", {"body": {"status": "suspended"}, "tenant": "ops"}),
        ("POST", "/v1/tenants/acme/keys", {"body": {}}),
        ("GET", "/v1/tenants/acme/keys", {"query": {"limit": "1"}}),
        ("POST", f"{keys}/rotate", {"body": {}}),
        ("DELETE", keys, {}),
        ("PATCH", "/v1/tenants/acme", {"body": {"status": "offboarding"}, "tenant": "ops"}),
    ]
    taken = event("POST", "/v1/tenants", body={"tenant_id": "acme"}, headers=KEY, role="operator")
    assert lambda_handler(taken, Context())["statusCode"] == 409
    for method, path, arguments in requests:
        assert lambda_handler(event(method, path, role="operator", **arguments), Context())["statusCode"] < 300
    assert TRANSACTION in actions
    assert actions - {TRANSACTION} | {"dynamodb:PutItem"} == granted("TenancyApi")


def test_the_offboarding_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_offboarding.handler import lambda_handler
    from vigil.tenancy.tenants import Change

    actions, _ = called
    access.tenants().change("acme", Change(status="offboarding"))
    boto3.client("s3").put_object(Bucket="files", Key="uploads/acme/bat_1/input", Body=b"{}")
    process.forget()
    actions.clear()
    assert lambda_handler({}, Context()) == {"closed": ["acme"]}
    parts = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    files = {"s3:ListObjectVersions": "s3:ListBucketVersions", "s3:DeleteObjects": "s3:DeleteObjectVersion"}
    assert {TRANSACTION, "kms:Sign"} <= actions
    rights = {files.get(action, action) for action in actions}
    assert rights - {TRANSACTION, "kms:Sign"} | parts == granted("TenancyOffboarding")


def test_the_outcomes_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.outcomes_api.handler import lambda_handler
    from functions.scoring_api.handler import lambda_handler as score

    actions, _ = called
    decisions = [
        json.loads(score(event("POST", "/v1/scores", body=BODY), Context())["body"])["decision_id"] for _ in range(2)
    ]
    actions.clear()
    process.forget()
    report = {"status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    window = {"subject_id": "p-1", "model": "toy", "start": "2026-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"}
    unknown = event("POST", "/v1/outcomes", body=report | {"decision_id": "dec_0"}, headers=KEY)
    assert lambda_handler(unknown, Context())["statusCode"] == 404
    requests = [
        *(("POST", "/v1/outcomes", {"body": report | {"decision_id": decision}}) for decision in decisions),
        ("POST", "/v1/outcomes", {"body": report | {"window": window}, "headers": KEY}),
        ("GET", f"/v1/outcomes/{decisions[0]}", {}),
        ("GET", "/v1/outcomes", {"query": {"limit": "1"}}),
    ]
    for method, path, arguments in requests:
        assert lambda_handler(event(method, path, **arguments), Context())["statusCode"] < 300
    assert actions == granted("OutcomesApi")


def test_what_serves_persons_calls_what_it_may_and_may_what_it_calls(called):
    from functions.outcomes_api.handler import lambda_handler as tell
    from functions.scoring_api.handler import lambda_handler as score
    from functions.subjects_api.handler import lambda_handler
    from functions.subjects_erasure.handler import lambda_handler as erase

    actions, _ = called
    files = boto3.client("s3")
    DynamoBooks(boto3.client("dynamodb"), "batches").end(running_batch("c"), "completed", ended_at="now")
    for folder in ("uploads", "results"):
        name = "input" if folder == "uploads" else "results.csv"
        files.put_object(Bucket="files", Key=f"{folder}/acme/{'c' * 32}/{name}", Body=b"p-1\n" * 3_000_000)
    for _ in range(2):
        decision = json.loads(score(event("POST", "/v1/scores", body=BODY), Context())["body"])["decision_id"]
    report = {"decision_id": decision, "status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    assert tell(event("POST", "/v1/outcomes", body=report), Context())["statusCode"] == 201
    actions.clear()
    process.forget()
    said = {"purposes": {"scoring": "given"}, "text_version": "1"}
    requests = [
        ("PUT", "/consent", {"body": said, "headers": KEY}),
        ("GET", "/consent", {}),
        ("GET", "/export", {}),
        ("DELETE", "", {}),
        ("GET", "/erasure", {}),
    ]
    refused = event("PUT", "/v1/subjects/p-1/consent", body=said | {"declared_at": "2199-01-01T00:00:00Z"}, headers=KEY)
    assert lambda_handler(refused, Context())["statusCode"] == 422
    for method, path, arguments in requests:
        asked = event(method, f"/v1/subjects/p-1{path}", **{"role": "admin"} | arguments)
        assert lambda_handler(asked, Context(28_000))["statusCode"] < 300
    cursor = event("GET", "/v1/subjects/p-1/export", role="admin", query={"cursor": "x"})
    assert lambda_handler(cursor, Context())["statusCode"] == 400
    named = {"s3:ListObjectVersions": "s3:ListBucketVersions", "s3:GetObject": "s3:GetObjectVersion"}
    assert {named.get(action, action) for action in actions} - {TRANSACTION} == granted("SubjectsApi")
    actions.clear()
    process.forget()
    assert erase({}, Context(900_000)) == {"closed": ["acme"]}
    assert "kms:Sign" in actions
    named |= {
        "s3:DeleteObject": "s3:DeleteObjectVersion",
        "s3:ListParts": "s3:ListMultipartUploadParts",
        **dict.fromkeys(("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload"), "s3:PutObject"),
    }
    assert {named.get(action, action) for action in actions} - {TRANSACTION, "kms:Sign"} == granted("SubjectsErasure")


def test_the_life_cycle_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.lifecycle_api.handler import lambda_handler

    actions, _ = called
    with_champion = event("POST", "/v1/models/toy/promote", body={"version": 1}, role="operator")
    assert lambda_handler(with_champion, Context())["statusCode"] == 200
    boto3.client("dynamodb").delete_item(
        TableName="registry", Key={"pk": {"S": "MODEL#toy"}, "sk": {"S": "ALIAS#champion"}}
    )
    actions.clear()
    process.forget()
    for method, path, body in (
        ("POST", "promote", {"version": 9}),
        ("POST", "promote", {"version": 1}),
        ("GET", "versions", None),
        ("GET", "comparison", None),
    ):
        request = event(method, f"/v1/models/toy/{path}", body=body, role="operator", headers=KEY)
        answer = lambda_handler(request, Context())
        assert answer["statusCode"] < 500
    assert TRANSACTION in actions
    parts = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert (actions - {TRANSACTION}) | parts == granted("LifecycleApi")


def test_the_usage_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.metering_api.handler import lambda_handler

    actions, _ = called
    for query in (None, {"tenant_id": "acme"}):
        answer = lambda_handler(event("GET", "/v1/usage", query=query, tenant="ops-team", role="operator"), Context())
        assert answer["statusCode"] == 200
    used = {"specversion": "1.0", "type": "vigil.usage", "source": "s", "id": "1", "data": {"emails": 1}}
    report = event("POST", "/v1/usage-events", body=[used | {"time": datetime.now(UTC).isoformat()}])
    assert json.loads(lambda_handler(report, Context())["body"])["counted"] == 1
    assert actions - {TRANSACTION} | {"dynamodb:PutItem"} == granted("MeteringApi")


def test_the_counting_function_calls_what_it_may_and_may_what_it_calls(called):
    from functions.metering_counters.handler import lambda_handler

    actions, _ = called
    sample = json.loads((ROOT / "events" / "metering_counters.json").read_text())
    lambda_handler(sample, Context())
    assert actions == {"dynamodb:TransactWriteItems"}
    assert {"dynamodb:PutItem", "dynamodb:UpdateItem"} | FEEDING | GIVING_UP == granted("MeteringCounters")


def test_the_audit_calls_what_it_may_and_may_what_it_calls(called, monkeypatch):
    from functions.metering_audit.handler import lambda_handler
    from functions.scoring_api.handler import lambda_handler as score

    actions, _ = called
    assert score(event("POST", "/v1/scores", body=BODY), Context())["statusCode"] == 201
    actions.clear()
    process.forget()
    monkeypatch.setattr(process, "now", lambda: datetime.now(UTC) + timedelta(days=1))
    assert lambda_handler({"job": "recount"}, Context()) == {"mismatches": 1, "unrepaired": 0}
    monkeypatch.setattr(process, "now", lambda: datetime.now(UTC) + timedelta(hours=1))
    process.forget()
    assert lambda_handler({"job": "calls"}, Context()) == {"counters": 1}
    assert lambda_handler({"job": "gauges"}, Context()) == {"tenants": 1}
    parts = {"dynamodb:GetItem", "dynamodb:PutItem", "s3:ListBucketVersions"}
    whole = {TRANSACTION, "dynamodb:TransactGetItems", "s3:ListObjectVersions"}
    assert actions - whole | parts == granted("MeteringAudit")


def test_the_flags_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.flags_api.handler import lambda_handler

    actions, _ = called
    flag = {"description": "d", "stages": []}
    for method, headers, status in (
        ("GET", {}, 404),
        ("PUT", KEY, 428),
        ("PUT", KEY | {"If-None-Match": "*"}, 201),
    ):
        body = flag if method == "PUT" else None
        request = event(method, "/v1/flags/beta", body=body, role="operator", headers=headers)
        assert lambda_handler(request, Context())["statusCode"] == status
    assert (actions - {"dynamodb:TransactWriteItems"}) == granted("FlagsApi")


def test_the_events_function_calls_what_it_may_and_may_what_it_calls(called):
    from functions.scoring_events.handler import lambda_handler

    actions, _ = called
    sample = json.loads((ROOT / "events" / "scoring_events.json").read_text())
    lambda_handler(sample, Context())
    assert actions | FEEDING | GIVING_UP == granted("ScoringEvents")


def test_the_dead_letters_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.operations_api.handler import lambda_handler

    actions, _ = called
    for number in range(2):
        dead = letter(replace(WORK, id=f"work-{number}"), refusal="not-found")
        job = Job.opened("work", dead, Rules(), datetime.now(UTC), Random(1))
        DynamoJobs(boto3.client("dynamodb"), "dead_letters").put("acme", job)
    actions.clear()
    requests = [
        ("GET", "/v1/dlq/jobs", {"query": {"limit": "1"}}),
        ("GET", "/v1/dlq/jobs", {"role": "operator"}),
        ("POST", f"/v1/dlq/jobs/{job.job_id}/retry", {}),
        ("POST", f"/v1/dlq/jobs/{job.job_id}/resolve", {}),
        ("DELETE", "/v1/dlq/cleanup", {"query": {"older_than": "0m"}}),
    ]
    for method, path, arguments in requests:
        assert lambda_handler(event(method, path, **{"role": "admin"} | arguments), Context())["statusCode"] < 300
    assert actions == granted("OperationsApi")


@pytest.fixture
def sources(called, monkeypatch):
    """Dead letters of every kind: some that may pass, a chunk and a file that never will, a stretch of the stream."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto takes an account's endpoint for DynamoDB's
    sqs = boto3.client("sqs")
    names = ("splits", "chunks", "assemblies", "splits-dead", "chunks-dead", "stream-dead", "counters-dead")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}
    monkeypatch.setenv("VIGIL_BATCH_CHUNKS_QUEUE", urls["chunks"])
    monkeypatch.setenv("VIGIL_BATCH_ASSEMBLIES_QUEUE", urls["assemblies"])
    batch, unread = running_batch("b"), running_batch("c")
    SqsQueue(sqs, urls["chunks-dead"]).send([message_of(batch.chunk(0))])
    refused = Received("m-1", "", {}, {})
    for name, job in (("chunks-dead", batch.chunk(1)), ("splits-dead", unread.job("batch.split", "0", {}))):
        message = message_of(job)
        SqsQueue(sqs, urls[name]).quarantine(replace(refused, body=message.body), "model-refused", message)
    arrival = {"detail": {"object": {"key": f"uploads/acme/{batch.batch_id}/input", "size": 1}}}
    sqs.send_message(QueueUrl=urls["splits-dead"], MessageBody=json.dumps(arrival))
    sample = json.loads((ROOT / "events" / "scoring_events.json").read_text())
    place = stream_of([sample["Records"][0]["dynamodb"]["NewImage"], {"decision_id": {"S": "unreadable"}}])
    record = {"requestContext": {"requestId": "r"}, "DDBStreamBatchInfo": place}
    for name in ("stream-dead", "counters-dead"):
        sqs.send_message(QueueUrl=urls[name], MessageBody=json.dumps(record))
    queues = {
        "batch-splits": {"url": urls["splits"], "dead": urls["splits-dead"]},
        "batch-chunks": {"url": urls["chunks"], "dead": urls["chunks-dead"]},
        "scoring-events": {"dead": urls["stream-dead"]},
        "metering-counters": {"dead": urls["counters-dead"]},
    }
    monkeypatch.setenv("VIGIL_QUEUES", json.dumps(queues))
    monkeypatch.setenv("VIGIL_BACKOFF_BASE_SECONDS", "0")
    process.forget()


def running_batch(name):
    """Return a batch of two chunks of which none is done."""
    now = datetime.now(UTC).isoformat()
    pin = Pin("toy", 1, "sha256:0")
    batch = Batch("acme", name * 32, "toy", "csv", "splitting", now, "corr-1", "f", 0, run="r", pin=pin, chunks=2)
    books = DynamoBooks(boto3.client("dynamodb"), "batches")
    books.create(batch, 10)
    books.write(batch, [Span(0, 0, 10, 1, 1), Span(1, 10, 10, 2, 1)])
    running = books.change(batch, ["splitting"], {"state": "running"})
    assert running is not None
    return running


def stream_of(rows):
    """Return the place of these rows in a stream, as Lambda names it."""
    table = boto3.client("dynamodb").create_table(
        TableName="streamed",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    for number, row in enumerate(rows):
        boto3.client("dynamodb").put_item(TableName="streamed", Item=row | {"pk": {"S": str(number)}})
    streams, arn = boto3.client("dynamodbstreams"), table["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    first, *_, last = (record["dynamodb"]["SequenceNumber"] for record in records)
    return {"streamArn": arn, "shardId": shard, "startSequenceNumber": first, "endSequenceNumber": last}


def test_the_redriver_calls_what_it_may_and_may_what_it_calls(called, sources):
    from functions.operations_redrive.handler import lambda_handler

    actions, _ = called
    actions.clear()
    with pytest.raises(Unavailable, match="2 steps failed"):  # the row that cannot be read
        lambda_handler({"id": "m"}, Context(50_000))
    parts = {"dynamodb:ConditionCheckItem", "dynamodb:UpdateItem"}
    assert actions - {TRANSACTION} | parts == granted("OperationsRedrive")


def test_the_costs_functions_call_what_they_may_and_may_what_they_call(called, monkeypatch):
    from functions.costs_api.handler import lambda_handler
    from functions.costs_closing.handler import lambda_handler as close

    actions, _ = called
    prices = {price.meter: {"micros": price.micros, "per": price.per} for price in FIRST.prices}
    book = {"valid_from": "2099-01-01T00:00:00Z", "prices": prices}
    metering.usage().add([Entry("acme", f"dec_{day}", f"2026-11-0{day}T00", {"predictions": 1}) for day in (1, 2)])
    actions.clear()
    for method, path, arguments in (
        ("POST", "/v1/prices", {"body": {"valid_from": "2020-01-01T00:00:00Z", "prices": prices}, "headers": KEY}),
        ("POST", "/v1/prices", {"body": book, "headers": KEY}),
        ("GET", "/v1/prices", {}),
        ("GET", "/v1/costs", {"query": {"period": "2026-11", "limit": "1"}}),
        ("GET", "/v1/costs/export", {}),
        ("GET", "/v1/costs/statements/2026-11", {}),
        ("PUT", "/v1/budgets/total/month", {"body": {"limit_micros": 1, "hard_stop": True}}),
        ("GET", "/v1/budgets", {}),
        ("DELETE", "/v1/budgets/total/month", {}),
    ):
        assert lambda_handler(event(method, path, role="operator", **arguments), Context())["statusCode"] < 500
    assert actions - {TRANSACTION} == granted("CostsApi")
    actions.clear()
    process.forget()
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 12, 4, tzinfo=UTC))
    assert close({}, Context(900_000)) == {"statements": 4, "adjustments": 0}
    metering.usage().add([Entry("acme", "dec_3", "2026-11-03T00", {"predictions": 1})])
    actions -= {TRANSACTION}
    assert close({}, Context(900_000)) == {"statements": 0, "adjustments": 1}
    assert TRANSACTION in actions
    assert actions - {TRANSACTION} | {"dynamodb:ConditionCheckItem"} == granted("CostsClosing")


def test_the_watch_calls_what_it_may_and_may_what_it_calls(called, monkeypatch):
    from functions.costs_watch.handler import lambda_handler
    from vigil.bootstrap import budgets
    from vigil.budgets.model import Budget

    actions, _ = called
    now = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    monkeypatch.setattr(process, "now", lambda: now)
    budgets.service().put("acme", Budget("total", "month", 1_000_000, hard_stop=True), "k")
    days = (now - timedelta(days=day) for day in range(40))
    metering.usage().add([Entry("acme", f"dec_{day:%d%m}", f"{day:%Y-%m-%dT%H}", {"predictions": 100}) for day in days])
    metering.usage().add([Entry("acme", "dec_much", "2026-11-21T11", {"predictions": 50_000})])
    actions.clear()
    assert lambda_handler({}, Context(270_000))["failed"] == 0
    assert lambda_handler({}, Context(270_000))["tenants"] > 0
    assert "events:PutEvents" in actions
    assert actions - {TRANSACTION, "dynamodb:TransactGetItems"} == granted("CostsWatch")


def test_the_usage_events_function_calls_what_it_may_and_may_what_it_calls(called, monkeypatch):
    from functions.metering_events.handler import lambda_handler

    actions, _ = called
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    monkeypatch.setenv("VIGIL_DEAD_LETTERS", boto3.client("sqs").create_queue(QueueName="dead")["QueueUrl"])
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
    process.forget()
    actions.clear()
    sample = json.loads((ROOT / "events" / "metering_events.json").read_text())
    broken = json.loads(json.dumps(sample))
    broken["Records"][0]["body"] = "[7]"
    for sent in (sample, broken):
        assert lambda_handler(sent, Context()) == {"batchItemFailures": []}
    fed = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
    parts = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert actions - {TRANSACTION} | parts | fed == granted("MeteringEvents")
