"""Floods of wrong keys from one address, through the authorizer and the token endpoint."""

import json
from collections import Counter

import boto3
import pytest

from tests.support.aws_calls import record_calls
from tests.support.gateway import Context, event
from tests.support.templates import INFRA, functions, resources
from vigil.access.keys import failed_sign_ins
from vigil.access.keys.token import KeyToken
from vigil.bootstrap import access

CLINIC = "203.0.113.7"
ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/POST/v1/scores"
MAX = 20
"""Maximum of failures in these tests."""


@pytest.fixture
def calls(clock, published, monkeypatch):
    """Names of the AWS calls from now on."""
    monkeypatch.setattr(failed_sign_ins, "MAX_FAILURES", MAX)
    access.tenants().create("acme", "FREE")
    return record_calls(monkeypatch)


def authorize(token, address=CLINIC, **headers):
    """Return the role of a policy, or 401."""
    from functions.tokens_authorizer.handler import lambda_handler

    context = {"requestContext": {"identity": {"sourceIp": address}}}
    sent = {"Authorization": f"Bearer {token}"} | headers
    try:
        return lambda_handler({"methodArn": ARN, "headers": sent} | context, Context())["context"]["role"]
    except Exception as error:
        if str(error) != "Unauthorized":
            raise
        return 401


def sign_in(token, path="token", address=CLINIC, **headers):
    """Return status, body and headers of a request for a token, or for the end of a session."""
    from functions.tokens_api.handler import lambda_handler

    body = {"grant_type": "client_credentials", "client_id": token.key_id, "client_secret": str(token), "token": "x"}
    sent = event("POST", f"/v1/oauth/{path}", tenant=None, body=body, headers=headers)
    sent["requestContext"]["identity"]["sourceIp"] = address
    answer = lambda_handler(sent, Context())
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


def test_a_flood_at_the_authorizer_costs_bounded_calls(calls):
    assert {authorize(KeyToken.new("local")) for _ in range(10 * MAX)} == {401}
    assert Counter(calls) == {"GetItem": MAX, "UpdateItem": MAX, "GetSecretValue": 1}


@pytest.mark.parametrize("path", ["token", "revoke"])
def test_a_flood_of_sign_ins_gets_429_with_retry_after(calls, path):
    answers = [sign_in(KeyToken.new("local"), path) for _ in range(3 * MAX)]
    assert [status for status, _, _ in answers] == [401] * MAX + [429] * (2 * MAX)
    _, problem, headers = answers[-1]
    assert (problem["type"], problem["violated-policies"]) == (
        "urn:vigil:problem:sign-ins-refused",
        ["failed-sign-ins"],
    )
    assert headers["retry-after"] == "300"
    assert (calls.count("GetItem"), calls.count("UpdateItem")) == (MAX, MAX)


def test_malformed_keys_cost_no_call_and_are_never_refused(calls):
    text = str(KeyToken.new("local"))
    wrong = text[:-1] + ("a" if text[-1] != "a" else "b")
    for token in (wrong, KeyToken.new("prod"), "x", "a.b.c", ""):
        assert {authorize(token) for _ in range(2 * MAX)} == {401}
    assert calls == []
    assert authorize(access.keys().create("acme", by="operator").token) == "member"


def test_a_verified_key_of_a_refused_address_is_served(calls, clock):
    known, unknown = (access.keys().create("acme", by="operator").token for _ in range(2))
    assert authorize(known) == "member"
    for _ in range(2 * MAX):
        authorize(KeyToken.new("local"))
    clock.advance(seconds=45)  # its cached record has expired
    assert authorize(KeyToken.new("local")) == 401  # takes the look-up of this interval
    assert (authorize(known), authorize(unknown)) == ("member", 401)
    clock.advance(seconds=5)
    assert authorize(unknown) == "member"


def test_a_key_is_served_by_other_addresses_and_after_the_window(calls, clock):
    token = access.keys().create("acme", by="operator").token
    for _ in range(2 * MAX):
        authorize(KeyToken.new("local"))
    assert (authorize(token), authorize(token, "198.51.100.1")) == (401, "member")
    access.authenticator().clear_cache()
    clock.advance(seconds=300)
    assert authorize(token) == "member"


def test_a_header_with_another_address_changes_nothing(calls):
    for number in range(2 * MAX):
        forged = {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"}
        authorize(KeyToken.new("local"), **forged)
        sign_in(KeyToken.new("local"), **forged)
    assert calls.count("GetItem") <= 2 * MAX
    items = boto3.client("dynamodb").scan(TableName="limits")["Items"]
    assert len([item for item in items if item["pk"]["S"].startswith("SIGN_INS#")]) == 1


def test_the_address_is_neither_stored_nor_logged(calls, capsys, caplog):
    for _ in range(2 * MAX):
        authorize(KeyToken.new("local"))
        sign_in(KeyToken.new("local"))
    tables = boto3.client("dynamodb").list_tables()["TableNames"]
    stored = json.dumps([boto3.client("dynamodb").scan(TableName=table)["Items"] for table in tables], default=str)
    logged = capsys.readouterr().out + str([vars(record) for record in caplog.records])
    assert "SIGN_INS#" in stored
    assert "request" in logged
    assert CLINIC not in stored + logged


def test_a_count_expires_an_hour_after_its_window(calls, clock):
    authorize(KeyToken.new("local"))
    (item,) = boto3.client("dynamodb").scan(TableName="limits")["Items"]
    assert item["sk"]["S"] == "2026-03-01T12:00"
    assert int(item["expires_at"]["N"]) == int(clock.now.timestamp()) + 300 + 3_600


@pytest.mark.parametrize(
    ("flood", "function", "alarm"),
    [(authorize, "TokensAuthorizer", "SignInsRefused"), (sign_in, "TokensApi", "TokenSignInsRefused")],
)
def test_a_refusal_is_one_metric_with_an_alarm(calls, caplog, flood, function, alarm):
    for _ in range(3 * MAX):
        flood(KeyToken.new("local"))
    (line,) = (record for record in caplog.records if record.message == "SignInsRefused")
    (directive,) = vars(line)["_aws"]["CloudWatchMetrics"]
    assert (line.SignInsRefused, line.limit, directive["Dimensions"]) == (1, "failed-sign-ins", [["service", "limit"]])
    found = resources(INFRA / "functions" / "access.yaml", "AWS::CloudWatch::Alarm")[alarm]
    assert directive["Namespace"] == found["Namespace"]["Sub"].replace("${StackName}", "vigil")
    assert found["MetricName"] == "SignInsRefused"
    assert {each["Name"]: each["Value"] for each in found["Dimensions"]} == {
        "service": functions()[function]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"],
        "limit": "failed-sign-ins",
    }
