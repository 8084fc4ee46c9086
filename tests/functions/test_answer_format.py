"""Rows that were stored without `answer_format` are read and replayed, and new rows have the attribute.

`first_format.json` has the rows of every table, the model package and the requests of a deployment of the first format.
"""

import base64
import json
import re
from datetime import datetime
from importlib import import_module
from pathlib import Path

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.access.keys.model import KeyToken
from vigil.bootstrap import access, decisions, privacy, process
from vigil.errors import Unavailable
from vigil.kernel.rows import ANSWER_FORMAT
from vigil.money.usage.store import DynamoUsage

FIRST = json.loads((Path(__file__).parent / "first_format.json").read_text())
SCORES = [request for request in FIRST["requests"] if request["path"] == "/v1/scores"]
KEY_ID = KeyToken.parse(FIRST["token"]).key_id
LATER = {"N": "4000000000"}
"""Expiry of a stored response, in epoch seconds: in the tests its window has not ended."""


@pytest.fixture
def stored(clock, published):
    """Deployment with the rows and the model package of the first format."""
    clock.now = datetime.fromisoformat(FIRST["recorded_at"])
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    for table, items in FIRST["tables"].items():
        for item in items:
            dynamodb.put_item(TableName=table, Item=item | ({"expiration": LATER} if "expiration" in item else {}))
    for key, content in FIRST["packages"].items():
        s3.put_object(Bucket="packages", Key=key, Body=base64.b64decode(content))
    dynamodb.delete_item(TableName="tenant_keys", Key={"pk": {"S": "acme"}})
    process.forget()
    privacy.conversion().run("acme")
    process.forget()


def send(function, method, path, **arguments):
    answer = import_module(f"functions.{function}.handler").lambda_handler(event(method, path, **arguments), Context())
    return answer["statusCode"], answer["body"]


def repeat(request):
    names = ("function", "method", "path", "body", "headers", "role")
    return send(**{name: request[name] for name in names})


@pytest.mark.parametrize("request_", SCORES, ids=[score["body"]["subject_id"] for score in SCORES])
def test_a_decision_of_the_first_format_replays_to_its_bytes(stored, request_):
    body = request_["answer"]["body"]
    row, replayed = decisions.scoring().replay("acme", json.loads(body)["decision_id"])
    assert (row.body, replayed, row.answer_format) == (body, body, 1)


@pytest.mark.parametrize("request_", SCORES, ids=[score["body"]["subject_id"] for score in SCORES])
def test_a_decision_of_the_first_format_is_read(stored, request_):
    body = request_["answer"]["body"]
    assert send("scoring_api", "GET", f"/v1/scores/{json.loads(body)['decision_id']}") == (200, body)


@pytest.mark.parametrize("request_", SCORES, ids=[score["body"]["subject_id"] for score in SCORES])
def test_a_decision_of_the_first_format_has_no_second_id(stored, request_):
    """New ids have a hyphen. The same Idempotency-Key leads to the old decision, whose id stays as it is."""
    body = request_["answer"]["body"]
    decision_id = json.loads(body)["decision_id"]
    assert decision_id.startswith("dec_")
    assert send("scoring_api", "GET", f"/v1/scores/{decision_id.replace('_', '-', 1)}") == (200, body)


KEYED = [request for request in FIRST["requests"] if "Idempotency-Key" in request["headers"]]


@pytest.mark.parametrize("request_", KEYED, ids=[request["headers"]["Idempotency-Key"] for request in KEYED])
def test_a_key_of_the_first_format_returns_its_answer(stored, request_):
    assert repeat(request_)[1] == request_["answer"]["body"]


def test_an_event_of_the_first_format_is_counted_once(stored):
    (report,) = (request for request in FIRST["requests"] if request["path"] == "/v1/usage-events")
    assert json.loads(report["answer"]["body"])["counted"] == 1
    assert json.loads(repeat(report)[1])["counted"] == 0


def test_an_api_key_of_the_first_format_authenticates(stored):
    authorize = import_module("functions.tokens_authorizer.handler").lambda_handler
    arn = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/"
    policy = authorize({"methodArn": arn, "headers": {"Authorization": f"Bearer {FIRST['token']}"}}, Context())
    assert policy["context"]["tenant_id"] == "acme"


STORES = {"access": "KEY#", "decisions": "acme#", "idempotency": "acme", "usage": "acme#evt_"}
"""Tables with versioned rows, by the start of the rows' partition keys."""


@pytest.mark.parametrize("table", STORES)
def test_a_new_row_has_its_answer_format(stored, table):
    def rows():
        return [item for item in boto3.client("dynamodb").scan(TableName=table)["Items"] if is_versioned(item)]

    def is_versioned(item):
        return item["pk"]["S"].startswith(STORES[table])

    before = rows()
    for request in FIRST["requests"]:
        repeat(json.loads(re.sub('"(score|outcome|call)-', '"new-', json.dumps(request))))
    send("tenants_api", "POST", "/v1/tenants/acme/keys", body={}, role="admin", headers={"Idempotency-Key": "new"})
    formats = [item.get("answer_format") for item in rows() if item not in before]
    assert formats
    assert formats == [{"N": str(ANSWER_FORMAT)}] * len(formats)


READS = {
    "access": lambda: access.keys().get("acme", KEY_ID),
    "decisions": lambda: decisions.scoring().replay("acme", json.loads(SCORES[0]["answer"]["body"])["decision_id"]),
    "idempotency": lambda: repeat(KEYED[-1]),
    "usage": lambda: list(DynamoUsage(boto3.client("dynamodb"), "usage").reported_entries("acme", "2026-11-29")),
}


@pytest.mark.parametrize("table", STORES)
def test_a_row_of_a_later_format_is_not_read(stored, table):
    dynamodb, later = boto3.client("dynamodb"), {"answer_format": {"N": str(ANSWER_FORMAT + 1)}}
    assert READS[table]()
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.put_item(TableName=table, Item=item | later)
    process.forget()
    if table == "idempotency":
        assert READS[table]()[0] == 503
        return
    with pytest.raises(Unavailable, match="newer release"):
        READS[table]()
