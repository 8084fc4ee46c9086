"""The functions of tokens and of their keys, wired as they are deployed."""

import json
import uuid
from urllib.parse import urlencode

import pytest

from tests.gateway import Context, event
from vigil import bootstrap

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/POST/v1/scores"


def rotate():
    from functions.tenancy_rotation.handler import lambda_handler

    arn, version = bootstrap.settings().signing_secret_arn, str(uuid.uuid4())
    for step in STEPS:
        lambda_handler({"Step": step, "SecretId": arn, "ClientRequestToken": version}, Context())


def post(path, headers=None, body="", **fields):
    from functions.tenancy_tokens.handler import lambda_handler

    sent = event(
        "POST", f"/v1/oauth/{path}", tenant=None, body=body or urlencode(fields), headers=FORM | (headers or {})
    )
    return lambda_handler(sent, Context())


def authorize(token):
    from functions.tenancy_authorizer.handler import lambda_handler

    return lambda_handler({"methodArn": ARN, "headers": {"Authorization": f"Bearer {token}"}}, Context())


@pytest.fixture
def key(published):
    rotate()
    access = bootstrap.access()
    access.create_tenant("acme", "FREE")
    return access.create_key("acme")


def sign_in(key):
    answer = post("token", grant_type="client_credentials", client_id=key.key_id, client_secret=str(key))
    assert answer["statusCode"] == 200, answer["body"]
    return json.loads(answer["body"])


def test_a_key_gets_a_token_that_opens_what_the_key_opens(key):
    granted = sign_in(key)
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 900)
    assert authorize(granted["access_token"])["context"] == authorize(str(key))["context"]
