"""Planted ids and names, and digests of them, are in no log, event, message, trace, file name or dead letter."""

import base64
import hashlib
import json
import uuid
from urllib.parse import quote

import boto3
import pytest
from aws_lambda_powertools import Tracer
from aws_xray_sdk.ext.boto_utils import whitelist

from tests.support.aws_calls import replace_calls
from tests.support.batch_workers import run
from tests.support.dead_letter_queues import create_queues
from tests.support.gateway import Context, event
from tests.support.persons import LONG_CONTEXT, batch, person
from vigil.bootstrap import process
from vigil.kernel.pseudonyms import unkeyed_subject_digest
from vigil.operations.dead_letters.model import UNREADABLE_RETENTION

SUBJECT = "Wanjiku.Otieno-0712345678"
CSV_SUBJECT = "Achieng.Odhiambo-0798765432"
TYPED = "Kamau.Njoroge-0700111222"
"""Free text that a caller sends where no subject belongs: in headers, ids of events, names of fields, bad JSON."""
CANARIES = (SUBJECT, CSV_SUBJECT, TYPED)
FEATURES = {"age": 80, "visits": 3, "urban": True, "stage": "III"}
FUNCTIONS = {
    "scores": "scoring_api", "outcomes": "outcomes_api", "batches": "batches_api", "subjects": "persons_api",
    "flags": "flags_api", "usage-events": "usage_api",
}  # fmt: skip
TABLES = (
    "access", "alerts", "batches", "costs", "dead_letters", "idempotency", "limits", "outcomes", "subjects",
    "tenant_keys", "usage", "webhooks",
)  # fmt: skip
"""Every table with data of tenants except the ledger, which stores the subject on purpose."""


def spellings(canary):
    """Return the canary and everything that is made of it without a key."""
    raw = canary.encode()
    encoded = {base64.b64encode(raw).decode().rstrip("="), quote(canary), canary.lower(), canary[::-1]}
    named = [raw, f"acme#{canary}".encode()]
    digests = {hashlib.new(kind, text).hexdigest()[:32] for kind in ("md5", "sha1", "sha256") for text in named}
    return {canary, unkeyed_subject_digest("acme", canary), *encoded, *digests}


class Sinks:
    """Everything that leaves a function on its way to a place where subjects do not belong."""

    def __init__(self):
        self.texts = []

    def note(self, sink, value):
        self.texts.append((sink, value if isinstance(value, str) else json.dumps(value, default=str)))

    def call(self, service, operation, arguments):
        """Note the parts of an AWS call that logs, traces and lists show."""
        recorded = whitelist["services"].get(service, {}).get("operations", {}).get(operation, {})
        shown = {name: arguments[name] for name in recorded.get("request_parameters", ()) if name in arguments}
        self.note("trace segment", shown)
        if service == "s3":
            self.note(
                "s3 key and metadata", {name: arguments.get(name) for name in ("Key", "Prefix", "Metadata", "Tagging")}
            )
        if service == "sqs":
            self.note("message", arguments)
        if operation == "PutEvents":
            self.note("event", arguments)

    def leaks(self):
        return sorted(
            {(sink, form) for sink, text in self.texts for c in CANARIES for form in spellings(c) if form in text}
        )


@pytest.fixture
def sinks(deployed, monkeypatch):
    """Sinks of a deployment, filled from now on."""
    found = Sinks()

    def noting(make, service, operation, arguments):
        found.call(service, operation, arguments)
        return make(operation, arguments)

    replace_calls(monkeypatch, noting)
    monkeypatch.setattr(Tracer, "put_annotation", lambda _, name, value: found.note("annotation", [name, value]))
    monkeypatch.setattr(Tracer, "put_metadata", lambda _, *said, **more: found.note("metadata", [said, more]))
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", uuid.uuid4().hex)  # a logger never changes its first stream
    process.forget()
    return found


@pytest.fixture
def api(sinks):
    def send(method, path, **arguments):
        name = FUNCTIONS[path.split("/")[2]]
        headers = {"X-Correlation-Id": TYPED, "User-Agent": TYPED} | arguments.pop("headers", {})
        handler = __import__(f"functions.{name}.handler", fromlist=["lambda_handler"]).lambda_handler
        sent = event(method, path, headers=headers, **{"role": "admin", "consents": "true"} | arguments)
        answer = handler(sent, LONG_CONTEXT)
        sinks.note("correlation id", answer["headers"]["x-correlation-id"])
        sinks.note("url", path)
        sinks.note("location", answer["headers"].get("location", ""))
        if answer["statusCode"] >= 400:
            sinks.note("problem", answer["body"])
        return answer["statusCode"], json.loads(answer["body"] or "null"), answer["headers"]

    return send


def plant(api, deployed):
    """Send the canaries in every field that takes them."""
    body = {"model": "toy", "subject_id": SUBJECT, "features": FEATURES}
    for sent in (
        body,
        body | {"explain": True},
        body | {"features": {"age": TYPED}},
        body | {"features": {}, "as_of": TYPED},
    ):
        api("POST", "/v1/scores", body=sent, headers={"Idempotency-Key": "k"})
    api("POST", "/v1/scores", body=f'{{"subject_id": "{SUBJECT}", ')
    api("POST", "/v1/subjects/lookup", body={"subject_id": SUBJECT})
    api("POST", "/v1/flags/evaluate", body={"subject_id": SUBJECT})
    path = person(SUBJECT)
    declared = {"purposes": {"scoring": "given"}, "text_version": "1"}
    api("PUT", f"{path}/consent", body=declared, headers={"Idempotency-Key": "k"})
    api("GET", "/v1/scores", query={"subject": path.rpartition("/")[2]})
    window = {"subject_id": SUBJECT, "model": "toy", "start": "2020-01-01T00:00:00Z", "end": "2199-01-01T00:00:00Z"}
    report = {"window": window, "status": "occurred", "recorded_at": "2199-01-01T00:00:00Z"}
    api("POST", "/v1/outcomes", body=report, headers={"Idempotency-Key": "k"})
    bad = [{"subject_id": SUBJECT, "features": {TYPED: 1}}, {"subject_id": SUBJECT, "features": FEATURES, TYPED: 1}]
    run(deployed, api("POST", "/v1/batches", body={"model": "toy", "rows": bad})[1]["batch_id"])
    headless = api("POST", "/v1/batches", body={"model": "toy", "format": "csv"})[1]["batch_id"]
    content = f"{CSV_SUBJECT},40,II\n{SUBJECT},40,II\n"
    boto3.client("s3").put_object(Bucket="files", Key=f"uploads/acme/{headless}/input", Body=content.encode())
    run(deployed, headless)
    batch(api, deployed, "ndjson", SUBJECT, CSV_SUBJECT)
    batch(api, deployed, "csv", CSV_SUBJECT, SUBJECT)
    api("PUT", f"{person(CSV_SUBJECT)}/consent", body=declared | {"purposes": {"scoring": "withdrawn"}})
    batch(api, deployed, "ndjson", CSV_SUBJECT)
    used = {"specversion": "1.0", "type": "vigil.usage", "source": f"/{TYPED}", "id": SUBJECT, "data": {"emails": 1}}
    counted = api("POST", "/v1/usage-events", body=[used | {"time": process.now().isoformat()}])[1]
    assert counted["counted"] == 1
    api("GET", f"{path}/export")
    api("DELETE", path, headers={"Idempotency-Key": "k2"})


def publish_events():
    """Send the rows of the ledger through the function that publishes events."""
    from functions.events_publisher.handler import lambda_handler

    rows = boto3.client("dynamodb").scan(TableName="decisions")["Items"]
    records = [
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(n), "NewImage": row}} for n, row in enumerate(rows)
    ]
    assert rows
    assert lambda_handler({"Records": records}, Context()) == {"batchItemFailures": []}


def fill(sinks, api, deployed, capsys):
    plant(api, deployed)
    publish_events()
    for table in TABLES:
        for item in boto3.client("dynamodb").scan(TableName=table)["Items"]:
            sinks.note(f"table {table}", item)
    for item in boto3.client("dynamodb").scan(TableName="decisions")["Items"]:
        keys = {name: text for name, text in item.items() if name not in {"subject_id", "packed", "summary"}}
        sinks.note("table decisions", keys)
    s3 = boto3.client("s3")
    for stored in s3.list_objects_v2(Bucket="files", Prefix="results/")["Contents"]:
        if stored["Key"].rpartition("/")[2].startswith("errors"):
            sinks.note("errors file", s3.get_object(Bucket="files", Key=stored["Key"])["Body"].read().decode())
    out = capsys.readouterr()
    sinks.note("log", out.out + out.err)


def test_no_canary_leaves_the_places_where_subjects_belong(sinks, api, deployed, capsys):
    fill(sinks, api, deployed, capsys)
    assert sinks.leaks() == []
    kinds = {sink for sink, text in sinks.texts if len(text) > 4}
    needed = {
        "log",
        "event",
        "message",
        "s3 key and metadata",
        "trace segment",
        "problem",
        "table subjects",
        "errors file",
    }
    assert needed <= kinds
    assert any('"field":"features"' in text for sink, text in sinks.texts if sink == "errors file")


def test_events_name_no_model(sinks, api, deployed, capsys):
    fill(sinks, api, deployed, capsys)
    events = [text for sink, text in sinks.texts if sink == "event"]
    assert events
    assert not [text for text in events if "toy" in text or "explanation" in text]


@pytest.mark.parametrize("sink", ["log", "message", "event", "s3 key and metadata", "trace segment"])
def test_a_planted_leak_of_each_kind_is_found(sink):
    for canary in CANARIES:
        for form in spellings(canary):
            sinks = Sinks()
            sinks.note(sink, {"x": f"a{form}b"})
            assert sink in {found for found, _ in sinks.leaks()}


def test_an_unreadable_dead_letter_shrinks_after_a_week(clock, deployed, monkeypatch):
    from functions.dead_letters_redrive.handler import lambda_handler as redrive

    sqs = boto3.client("sqs")
    dead = create_queues(monkeypatch)["batch-chunks-dead"]
    process.forget()
    named = {"who": {"DataType": "String", "StringValue": TYPED}}
    sqs.send_message(QueueUrl=dead, MessageBody=f"score {SUBJECT}", MessageAttributes=named)

    def stored():
        redrive({"id": "run"}, Context(50_000))
        return json.dumps(boto3.client("dynamodb").scan(TableName="dead_letters")["Items"])

    assert SUBJECT in stored()
    clock.now += UNREADABLE_RETENTION / 2
    assert SUBJECT in stored()
    clock.now += UNREADABLE_RETENTION / 2
    text = stored()
    assert not [canary for canary in CANARIES if canary in text]
    assert hashlib.sha256(f"score {SUBJECT}".encode()).hexdigest() not in text
    assert '"unreadable"' in text
