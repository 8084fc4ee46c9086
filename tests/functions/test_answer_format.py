"""Rows of every earlier answer format are read and replayed, and new rows name the present format.

`first_format.json` to `third_format.json` have the rows of every table, the model package and the requests of a
deployment of that format. Rows of the first format have no attribute `answer_format`.
"""

import base64
import json
import os
import re
from datetime import datetime
from importlib import import_module
from pathlib import Path

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.access.keys.token import KeyToken
from vigil.bootstrap import access, decisions, privacy, process
from vigil.errors import Unavailable
from vigil.kernel.rows import ANSWER_FORMAT
from vigil.money.usage.store import DynamoUsage

FORMATS = {
    number: json.loads((Path(__file__).parent / f"{name}_format.json").read_text())
    for number, name in enumerate(("first", "second", "third"), 1)
}
"""Deployments of earlier formats, by format."""
LATER = {"N": "4000000000"}
"""Expiry of a stored response, in epoch seconds: in the tests its window has not ended."""


def requests(path, number=None):
    """Return the requests of a path with their format: those of one format, or of all."""
    chosen = FORMATS if number is None else {number: FORMATS[number]}
    return [(each, request) for each, of in chosen.items() for request in of["requests"] if request["path"] == path]


SCORES = requests("/v1/scores")
SCORE_NAMES = [f"{number}-{request['body']['subject_id']}" for number, request in SCORES]
KEYED = [(n, r) for path in ("/v1/scores", "/v1/outcomes") for n, r in requests(path) if r["headers"]]
KEYED_NAMES = [f"{number}-{request['headers']['Idempotency-Key']}" for number, request in KEYED]


@pytest.fixture
def store(clock, published):
    """Function that gives the deployment the rows and the model package of a format."""

    def fill(number):
        stored = FORMATS[number]
        clock.now = datetime.fromisoformat(stored["recorded_at"])
        dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
        for table, items in stored["tables"].items():
            for item in items:
                dynamodb.put_item(TableName=table, Item=item | ({"expiration": LATER} if "expiration" in item else {}))
        for key, content in stored["packages"].items():
            s3.put_object(Bucket="packages", Key=key, Body=base64.b64decode(content))
        if number == 1:
            dynamodb.delete_item(TableName="tenant_keys", Key={"pk": {"S": "acme"}})
            process.forget()
            privacy.conversion().run("acme")
        else:
            store_tenant_key(base64.b64decode(stored["tenant_secret"]), stored.get("keyed_ids", False))
        process.forget()
        return stored

    return fill


def store_tenant_key(secret, keyed_ids):
    """Store the key that the tenant of a deployment had. From format 3 on, ids are keyed too."""
    context = {"tenant_id": "acme"}
    arn = os.environ["VIGIL_DATA_KEY_ARN"]
    wrapped = boto3.client("kms").encrypt(KeyId=arn, Plaintext=secret, EncryptionContext=context)["CiphertextBlob"]
    item = {"pk": {"S": "acme"}, "wrapped": {"B": wrapped}, "state": {"S": "ready"}}
    item |= {"keyed_ids": {"BOOL": True}} if keyed_ids else {}
    boto3.client("dynamodb").put_item(TableName="tenant_keys", Item=item)


def send(function, method, path, **arguments):
    answer = import_module(f"functions.{function}.handler").lambda_handler(event(method, path, **arguments), Context())
    return answer["statusCode"], answer["body"]


def repeat(request):
    names = ("function", "method", "path", "body", "headers", "role")
    return send(**{name: request[name] for name in names})


@pytest.mark.parametrize(("number", "request_"), SCORES, ids=SCORE_NAMES)
def test_a_decision_of_an_earlier_format_replays_to_its_bytes(store, number, request_):
    store(number)
    body = request_["answer"]["body"]
    row, replayed = decisions.scoring().replay("acme", json.loads(body)["decision_id"])
    assert (row.body, replayed, row.answer_format) == (body, body, number)


@pytest.mark.parametrize(("number", "request_"), SCORES, ids=SCORE_NAMES)
def test_a_decision_of_an_earlier_format_is_read(store, number, request_):
    store(number)
    body = request_["answer"]["body"]
    assert send("scoring_api", "GET", f"/v1/scores/{json.loads(body)['decision_id']}") == (200, body)


@pytest.mark.parametrize("request_", [request for number, request in SCORES if number == 1])
def test_a_decision_of_the_first_format_has_no_second_id(store, request_):
    """New ids have a hyphen. The same Idempotency-Key leads to the old decision, whose id stays as it is."""
    store(1)
    body = request_["answer"]["body"]
    decision_id = json.loads(body)["decision_id"]
    assert decision_id.startswith("dec_")
    assert send("scoring_api", "GET", f"/v1/scores/{decision_id.replace('_', '-', 1)}") == (200, body)


def test_a_package_of_an_earlier_format_makes_answers_of_the_present_one(store):
    store(2)
    ((_, request), *_) = requests("/v1/scores", 2)
    earlier = json.loads(request["answer"]["body"])
    body = json.loads(repeat(request | {"headers": {}})[1])
    assert body["model"] == earlier["model"]
    age, earlier_age = (
        next(reason for reason in each["explanation"] if reason["feature"] == "age") for each in (body, earlier)
    )
    assert age.pop("text") == "Age: 80.1 years; raises the chance of trouble."
    assert earlier_age.pop("text") == "Age: 80.1235 years; raises the chance of trouble."
    assert age == earlier_age


@pytest.mark.parametrize(("number", "request_"), KEYED, ids=KEYED_NAMES)
def test_a_key_of_an_earlier_format_returns_its_answer(store, number, request_):
    store(number)
    assert repeat(request_)[1] == request_["answer"]["body"]


@pytest.mark.parametrize("number", FORMATS)
def test_an_event_of_an_earlier_format_is_counted_once(store, number):
    store(number)
    ((_, report),) = requests("/v1/usage-events", number)
    assert json.loads(report["answer"]["body"])["counted"] == 1
    assert json.loads(repeat(report)[1])["counted"] == 0


@pytest.mark.parametrize("number", FORMATS)
def test_an_api_key_of_an_earlier_format_authenticates(store, number):
    token = store(number)["token"]
    authorize = import_module("functions.tokens_authorizer.handler").lambda_handler
    arn = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/"
    policy = authorize({"methodArn": arn, "headers": {"Authorization": f"Bearer {token}"}}, Context())
    assert policy["context"]["tenant_id"] == "acme"


STORES = {"access": "KEY#", "decisions": "acme#", "idempotency": "acme", "usage": "acme#evt_"}
"""Tables with versioned rows, by the start of the rows' partition keys."""


@pytest.mark.parametrize("table", STORES)
def test_a_new_row_has_its_answer_format(store, table):
    def rows():
        return [item for item in boto3.client("dynamodb").scan(TableName=table)["Items"] if is_versioned(item)]

    def is_versioned(item):
        return item["pk"]["S"].startswith(STORES[table])

    stored, before = store(1), rows()
    for request in stored["requests"]:
        repeat(json.loads(re.sub('"(score|outcome|call)-', '"new-', json.dumps(request))))
    send("tenants_api", "POST", "/v1/tenants/acme/keys", body={}, role="admin", headers={"Idempotency-Key": "new"})
    formats = [item.get("answer_format") for item in rows() if item not in before]
    assert formats
    assert formats == [{"N": str(ANSWER_FORMAT)}] * len(formats)


((_, SCORE), *_), ((_, OUTCOME),) = requests("/v1/scores", 1), requests("/v1/outcomes", 1)
READS = {
    "access": lambda: access.keys().get("acme", KeyToken.parse(FORMATS[1]["token"]).key_id),
    "decisions": lambda: decisions.scoring().replay("acme", json.loads(SCORE["answer"]["body"])["decision_id"]),
    "idempotency": lambda: repeat(OUTCOME),
    "usage": lambda: list(DynamoUsage(boto3.client("dynamodb"), "usage").reported_entries("acme", "2026-11-29")),
}


@pytest.mark.parametrize("table", STORES)
def test_a_row_of_a_later_format_is_not_read(store, table):
    store(1)
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
