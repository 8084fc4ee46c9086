"""Credentials of calls: plain variables without botocore's providers, and renewed ones from a function's address."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest
from botocore.exceptions import InvalidConfigError, NoCredentialsError

from tests.support.scripted_server import answer, serving
from vigil.aws import credentials
from vigil.aws.credentials import Keys

NAMES = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE",
    "AWS_CREDENTIAL_EXPIRATION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for file in ("CONFIG", "SHARED_CREDENTIALS"):
        monkeypatch.setenv(f"AWS_{file}_FILE", str(tmp_path / file))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    credentials.reset()
    yield monkeypatch
    credentials.reset()


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"},
        {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "t"},
        {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SECURITY_TOKEN": "old"},
        {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t", "AWS_SECURITY_TOKEN": "o"},
        {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CREDENTIAL_EXPIRATION": "2999-01-01T00:00:00Z"},
    ],
)
def test_variables_are_read_as_by_botocore(environment, variables):
    for name, value in variables.items():
        environment.setenv(name, value)
    expected = botocore.session.get_session().get_credentials().get_frozen_credentials()
    assert credentials.current_keys() == Keys(expected.access_key, expected.secret_key, expected.token or "")


def test_files_are_read_outside_of_lambda(environment, tmp_path):
    text = "[other]\naws_access_key_id = id\naws_secret_access_key = secret\n"
    (tmp_path / "SHARED_CREDENTIALS").write_text(text)
    environment.setenv("AWS_PROFILE", "other")
    assert credentials.current_keys() == Keys("id", "secret")
    credentials.reset()
    environment.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    with pytest.raises(NoCredentialsError):
        credentials.current_keys()


def test_a_process_without_credentials_raises(environment):
    with pytest.raises(NoCredentialsError):
        credentials.current_keys()


def container_answer(number, lifetime):
    ends = datetime.now(UTC) + lifetime
    found = {"AccessKeyId": f"id-{number}", "SecretAccessKey": "secret", "Token": f"token-{number}"}
    return answer(200, json.dumps(found | {"Expiration": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}).encode())


def test_a_function_with_snapstart_renews_its_credentials(environment):
    environment.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    soon, later = timedelta(minutes=5), timedelta(hours=6)  # botocore renews in the last ten minutes at the latest
    with serving(container_answer(1, soon), container_answer(2, soon), container_answer(3, later)) as server:
        environment.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.address}/2021-04-14/credentials")
        environment.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "authorized")
        found = [credentials.current_keys() for _ in range(4)]
        assert found == [Keys(f"id-{number}", "secret", f"token-{number}") for number in (2, 3, 3, 3)]
        assert len(server.requests) == 3
        assert all("Authorization: authorized" in head for head, _ in server.requests)
    assert credentials.session.cache_info().currsize == 0


def test_a_function_loads_neither_session_nor_client_of_botocore():
    code = (
        "import sys; from vigil.aws import clients, credentials; from vigil.runtime.settings import Settings\n"
        "settings = Settings('prod', traced=False, packages_bucket='b')\n"
        "for service in ('dynamodb', 'sqs', 'kms', 'secretsmanager', 'events', 'dynamodbstreams'):\n"
        "    clients.create_client(settings, service)\n"
        "clients.create_object_client(settings, 'b', object)\n"
        "credentials.current_keys()\n"
        "print(sorted(name for name in sys.modules if name.startswith(('boto', 'aws_xray', 'urllib3.conn'))))"
    )
    environment = {
        "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "t",
        "AWS_DEFAULT_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_NAME": "f",
    }  # fmt: skip
    run = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    loaded = run.stdout.replace("'", "").strip("[]\n").split(", ")
    assert "botocore.exceptions" in loaded
    heavy = ("session", "client", "credentials", "endpoint", "loaders", "model", "httpsession", "config")
    assert not {f"botocore.{name}" for name in heavy} & set(loaded)
    assert not {"boto3", "aws_xray_sdk", "urllib3.connectionpool"} & set(loaded)


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize("end", ["\n", "\r\nx-evil: 1", "\u00e9"])
def test_credentials_that_would_end_a_header_are_refused(environment, variable, end):
    plain = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    for name, value in plain.items():
        environment.setenv(name, value + end if name == variable else value)
    credentials.reset()
    with pytest.raises(InvalidConfigError):
        credentials.current_keys()
