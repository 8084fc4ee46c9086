"""The authorizer function, wired as deployed."""

import pytest

from tests.support.gateway import Context
from vigil.bootstrap import access

ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/POST/v1/scores"


@pytest.fixture
def authorize(published):
    from functions.tokens_authorizer.handler import lambda_handler

    return lambda token: lambda_handler({"methodArn": ARN, "headers": {"Authorization": f"Bearer {token}"}}, Context())


def test_only_an_active_key_is_authorized(authorize, capsys):
    access.tenants().create("acme", "FREE")
    new = access.keys().create("acme", by="operator")
    token = new.token
    limits = '{"predictions_per_month":1000,"per_minute":60,"per_hour":1000,"storage_gb":10}'
    who = {"tenant_id": "acme", "key_id": token.key_id, "tier": "FREE", "role": "member"}
    limits = {"limits": limits, "tenant_rates": '{"per_minute":300,"per_hour":5000}'}
    origin = {"key_origins": token.key_id, "key_created_at": new.key.created_at}
    assert authorize(token)["context"] == who | limits | origin | {"consents": "false"}
    access.keys().revoke("acme", token.key_id, by="operator")
    access.authenticator().clear_cache()
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorize(token)
    assert token.secret not in capsys.readouterr().out


def test_the_context_contains_the_operator_role(authorize):
    access.tenants().create("acme", "FREE")
    token = access.keys().create("acme", "operator", by="operator").token
    assert authorize(token)["context"]["role"] == "operator"
