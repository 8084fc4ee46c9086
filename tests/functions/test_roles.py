"""What a function calls is what its role grants: nothing is refused, and nothing is granted in vain."""

from pathlib import Path

import pytest
import yaml
from botocore.client import BaseClient

from tests.gateway import Context, event
from tests.tables import _Loader
from vigil import bootstrap

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
DATA_SERVICES = {"dynamodb", "s3", "secretsmanager"}
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}


def granted(role):
    resources = yaml.load(TEMPLATE.read_text(), _Loader)["Resources"]  # noqa: S506 - a SafeLoader with inert tags
    statements = resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    return {action for action in actions if action.split(":")[0] in DATA_SERVICES}


@pytest.fixture
def called(published, monkeypatch):
    """The IAM actions behind every AWS call from here on."""
    actions, original = set(), BaseClient._make_api_call

    def recording(client, operation, arguments):
        actions.add(f"{client.meta.service_model.endpoint_prefix}:{operation}")
        return original(client, operation, arguments)

    access = bootstrap.access()
    access.create_tenant("acme", "FREE")
    token = access.create_key("acme")
    bootstrap.forget()
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
    assert actions == granted("ScoringApiRole")


def test_the_authorizer_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_authorizer.handler import lambda_handler

    actions, token = called
    arn = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/v1/models"
    lambda_handler({"methodArn": arn, "headers": {"Authorization": f"Bearer {token}"}}, Context())
    assert actions == granted("TenancyAuthorizerRole")
