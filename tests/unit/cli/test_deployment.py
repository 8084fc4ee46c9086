"""The CLI uses the deployment in the environment variables, otherwise the embedded stack."""

import base64
import json
import os

import pytest
from typer.testing import CliRunner

from cli import deployment
from cli.embedded import Embedded
from cli.main import app
from vigil.aws.connections import Connections
from vigil.aws.http_answers import Answer
from vigil.bootstrap import process
from vigil.errors import NotFound

LOCAL = Embedded(
    api_url="http://127.0.0.1:4566/local",
    docs_url="http://127.0.0.1:4566/local/docs",
    endpoint_url="http://127.0.0.1:4566",
    stack_name="vigil-local",
    tables={
        "decisions": "vigil-decisions",
        "registry": "vigil-registry",
        "access": "vigil-access",
        "outcomes": "vigil-outcomes",
        "limits": "vigil-limits",
        "usage": "vigil-usage",
        "idempotency": "vigil-idempotency",
        "flags": "vigil-flags",
    },
    buckets={"packages": "vigil-packages", "batches": "vigil-batches"},
    secrets={"access": "arn:access", "alerting": "arn:alerting", "cursor": "arn:cursor", "signing": "arn:signing"},
    data_key_arn="arn:data",
    model_keys=json.dumps({"sample": base64.b64encode(bytes(32)).decode()}),
)


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    before = dict(os.environ)
    monkeypatch.setenv("VIGIL_HOME", str(tmp_path))
    monkeypatch.delenv("VIGIL_STAGE", raising=False)
    yield
    os.environ.clear()
    os.environ.update(before)
    process.forget()


def test_without_a_deployment_the_error_names_the_command_to_run():
    with pytest.raises(NotFound, match="make up"):
        deployment.activate()


def test_the_embedded_deployment_is_read_from_its_record(tmp_path):
    LOCAL.save(tmp_path)
    deployment.activate()
    assert process.settings().registry_table == "vigil-registry"
    assert process.client("dynamodb").meta.endpoint_url == LOCAL.endpoint_url


def test_real_credentials_are_not_sent_to_the_emulator(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_PROFILE", "real")
    LOCAL.save(tmp_path)
    deployment.activate()
    heads = []

    def answered(_, head, *__):
        heads.append(head)
        return Answer(200, {}, b"{}")

    monkeypatch.setattr(Connections, "exchange", answered)
    process.client("secretsmanager").get_secret_value(SecretId="access")
    assert "Credential=local/" in heads[0]
    assert "x-amz-security-token" not in heads[0]


def test_environment_variables_select_another_deployment(tmp_path, monkeypatch):
    LOCAL.save(tmp_path)
    monkeypatch.setenv("VIGIL_STAGE", "prod")
    monkeypatch.setenv("VIGIL_REGISTRY_TABLE", "prod-registry")
    deployment.activate()
    assert process.settings().registry_table == "prod-registry"
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_a_command_names_a_missing_variable_and_the_remedy(monkeypatch):
    monkeypatch.setenv("VIGIL_STAGE", "prod")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    process.forget()
    done = CliRunner().invoke(app, ["tenants", "show", "acme"])
    assert done.exit_code == 1
    assert "VIGIL_ACCESS_TABLE is not set" in done.output
    assert "make up" in done.output
