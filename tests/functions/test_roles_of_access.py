"""The role of each tenant, key and token function grants exactly the actions it calls."""

import json
import os

import boto3
import pytest

from tests.functions.rights import ID, KEY, TRANSACTION, answers, granted
from tests.support.gateway import Context, event
from vigil.access.keys.token import KeyToken
from vigil.bootstrap import access, process


def test_the_authorizer_calls_exactly_the_granted_actions(called):
    from functions.tokens_authorizer.handler import lambda_handler

    actions, token = called
    arn = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/v1/models"
    lambda_handler({"methodArn": arn, "headers": {"Authorization": f"Bearer {token}"}}, Context())
    wrong = {"headers": {"Authorization": f"Bearer {KeyToken.new('local')}"}}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        lambda_handler(
            {"methodArn": arn, "requestContext": {"identity": {"sourceIp": "203.0.113.7"}}} | wrong, Context()
        )
    assert actions == granted("TokensAuthorizer")


def test_the_token_functions_call_exactly_the_granted_actions(called):
    from functions.tokens_api.handler import lambda_handler
    from functions.tokens_rotation.handler import lambda_handler as rotate

    actions, key = called
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        rotate({"Step": step, "SecretId": os.environ["VIGIL_SIGNING_SECRET_ARN"], "ClientRequestToken": ID}, Context())
    assert actions == granted("TokensRotation")
    actions.clear()
    process.forget()
    sign_in = {"grant_type": "client_credentials", "client_id": key.key_id, "client_secret": str(key)}
    granted_token = lambda_handler(event("POST", "/v1/oauth/token", tenant=None, body=sign_in), Context())
    refresh_token = json.loads(granted_token["body"])["refresh_token"]
    refresh = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    requests = [
        ("GET", "/.well-known/jwks.json", {}, 200),
        ("POST", "/v1/oauth/token", {"body": refresh}, 200),
        ("POST", "/v1/oauth/token", {"body": refresh}, 400),
    ]
    assert answers(lambda_handler, requests, tenant=None) == requests
    assert actions == granted("TokensApi")


def test_the_tenants_api_calls_exactly_the_granted_actions(called):
    from functions.tenants_api.handler import lambda_handler

    actions, token = called
    key = f"/v1/tenants/acme/keys/{token.key_id}"
    requests = [
        ("POST", "/v1/tenants", {"body": {"tenant_id": "acme"}, "headers": KEY}, 409),
        ("POST", "/v1/tenants", {"body": {"tenant_id": "globex"}}, 201),
        ("GET", "/v1/tenants", {"query": {"limit": "1"}}, 200),
        ("PATCH", "/v1/tenants/acme", {"body": {"status": "suspended"}, "tenant": "ops"}, 200),
        ("POST", "/v1/tenants/acme/keys", {"body": {}}, 201),
        ("GET", "/v1/tenants/acme/keys", {"query": {"limit": "1"}}, 200),
        ("POST", f"{key}/rotate", {"body": {}}, 201),
        ("DELETE", key, {}, 204),
        ("PATCH", "/v1/tenants/acme", {"body": {"status": "offboarding"}, "tenant": "ops"}, 200),
    ]
    assert answers(lambda_handler, requests, role="operator") == requests
    assert TRANSACTION in actions
    assert actions - {TRANSACTION} == granted("TenantsApi")


def test_the_offboarding_calls_exactly_the_granted_actions(called):
    from functions.tenants_offboarding.handler import lambda_handler
    from vigil.access.tenants.service import TenantChange

    actions, _ = called
    access.tenants().change("acme", TenantChange(status="offboarding"))
    boto3.client("s3").put_object(Bucket="files", Key="uploads/acme/bat_1/input", Body=b"{}")
    process.forget()
    actions.clear()
    assert lambda_handler({}, Context()) == {"closed": ["acme"]}
    files = {"s3:ListObjectVersions": "s3:ListBucketVersions", "s3:DeleteObjects": "s3:DeleteObject"}
    assert {TRANSACTION, "kms:Sign"} <= actions
    rights = {files.get(action, action) for action in actions} | {"s3:DeleteObjectVersion"}
    assert rights - {TRANSACTION, "kms:Sign"} == granted("TenantsOffboarding")
