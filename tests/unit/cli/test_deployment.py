"""The CLI works on the deployment that the environment names, else on the local one."""

import json

import pytest

from cli import deployment
from vigil.errors import NotFound

LOCAL = {
    "api_url": "http://127.0.0.1:4566/api",
    "endpoint_url": "http://127.0.0.1:4566",
    "region": "eu-west-1",
    "tables": {"registry": "vigil-registry"},
    "buckets": {"packages": "vigil-packages"},
    "secrets": {"access": "arn:access"},
    "stack_name": "vigil-local",
}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGIL_HOME", str(tmp_path))
    for name in ("VIGIL_REGISTRY_TABLE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


def test_without_any_deployment_the_command_to_run_is_named():
    with pytest.raises(NotFound, match="make up"):
        deployment.current()


def test_the_local_deployment_is_read_from_its_file(tmp_path):
    (tmp_path / "local.json").write_text(json.dumps(LOCAL))
    found = deployment.current()
    assert (found.tables["registry"], found.buckets["packages"]) == ("vigil-registry", "vigil-packages")
    assert found.dynamodb().meta.endpoint_url == LOCAL["endpoint_url"]
    assert found.s3().meta.region_name == "eu-west-1"


def test_real_credentials_are_never_sent_to_an_emulator(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    (tmp_path / "local.json").write_text(json.dumps(LOCAL))
    signer = deployment.current().secretsmanager()._request_signer
    assert signer._credentials.access_key == "local"


def test_the_environment_names_another_deployment(tmp_path, monkeypatch):
    (tmp_path / "local.json").write_text(json.dumps(LOCAL))
    for name, value in {"VIGIL_REGISTRY_TABLE": "prod-registry", "VIGIL_PACKAGES_BUCKET": "prod-packages"}.items():
        monkeypatch.setenv(name, value)
    found = deployment.current()
    assert (found.tables["registry"], found.buckets["packages"]) == ("prod-registry", "prod-packages")
    assert found.endpoint_url is None
