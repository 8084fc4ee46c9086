"""A function starts with exactly the settings that its entry names, and refuses to start without any of them."""

import os

import boto3
import pytest

from tests.support import entries
from tests.support.deployments import deployment
from tests.support.fakes.clock import Clock
from vigil.bootstrap import process
from vigil.errors import Unavailable
from vigil.runtime.settings import Settings, SettingsError

MALFORMED_SECRETS = {
    "not JSON": {"SecretString": "{"},
    "too deep": {"SecretString": "[" * 100_000},
    "a list": {"SecretString": '["key"]'},
    "a number": {"SecretString": '{"key": 1}'},
    "binary": {"SecretBinary": b"{}"},
}


@pytest.fixture(scope="module")
def _deployed(trained):
    with pytest.MonkeyPatch.context() as environment, deployment(trained, environment):
        yield


@pytest.fixture
def named_only(_deployed, monkeypatch):
    """Return a function that reduces the environment to the settings of an entry and returns the entry."""

    def reduce(function):
        entry = entries.entry(function)
        named = {Settings.variable(name) for name in ("stage", *entry.needs)}
        for variable in [name for name in os.environ if name.startswith("VIGIL_") and name not in named]:
            monkeypatch.delenv(variable)
        assert named <= os.environ.keys()
        process.forget()
        return entry

    yield reduce
    process.forget()


@pytest.mark.parametrize("function", entries.NAMES)
def test_function_starts_with_the_settings_that_it_names(named_only, function):
    assert callable(named_only(function)())


@pytest.mark.parametrize("function", entries.NAMES)
def test_function_refuses_to_start_without_any_of_its_settings(named_only, monkeypatch, function):
    entry = named_only(function)
    for name in ("stage", *entry.needs):
        with monkeypatch.context() as missing:
            missing.delenv(Settings.variable(name))
            with pytest.raises(SettingsError, match=f"^{Settings.variable(name)} is not set$"):
                entry()


def test_function_names_all_missing_and_malformed_settings_at_once(named_only, monkeypatch):
    entry = named_only("scoring_api")
    monkeypatch.delenv("VIGIL_LIMITS_TABLE")
    monkeypatch.setenv("VIGIL_USAGE_TABLE", "")
    monkeypatch.setenv("VIGIL_MODEL_KEYS", "{")
    with pytest.raises(SettingsError) as raised:
        entry()
    assert set(str(raised.value).split("; ")) == {
        "VIGIL_LIMITS_TABLE is not set",
        "VIGIL_USAGE_TABLE is not set",
        "VIGIL_MODEL_KEYS must be a JSON object",
    }


def test_function_of_a_production_refuses_the_settings_of_a_test(named_only, monkeypatch):
    entry = named_only("scoring_api")
    monkeypatch.setenv("VIGIL_STAGE", "prod")
    with pytest.raises(SettingsError) as raised:
        entry()
    refused = {sentence.split(" ")[0] for sentence in str(raised.value).split("; ")}
    assert {"AWS_ACCESS_KEY_ID", "POWERTOOLS_TRACE_DISABLED", "VIGIL_MODEL_KEYS"} <= refused


@pytest.mark.usefixtures("_deployed")
def test_secret_that_can_be_guessed_is_not_used_by_a_production(monkeypatch, caplog):
    monkeypatch.setenv("VIGIL_STAGE", "prod")
    process.forget()
    with pytest.raises(Unavailable, match=r"^The secret of VIGIL_CURSOR_SECRET_ARN has fields that can be guessed\."):
        process.secret("cursor_secret_arn").values()
    (line,) = (record for record in caplog.records if record.message == "UnsafeSecret")
    assert (line.secret, line.weak_fields) == ("VIGIL_CURSOR_SECRET_ARN", ["key"])
    monkeypatch.setenv("VIGIL_STAGE", "local")
    process.forget()
    assert process.secret("cursor_secret_arn").field("key") == b"c"
    process.forget()


@pytest.mark.usefixtures("_deployed")
@pytest.mark.parametrize("malformed", MALFORMED_SECRETS)
def test_malformed_secret_leaves_the_last_known_value_in_use(monkeypatch, caplog, malformed):
    client, clock = boto3.client("secretsmanager"), Clock()
    arn = client.create_secret(Name=malformed, SecretString='{"key": "a"}')["ARN"]
    monkeypatch.setenv("VIGIL_CURSOR_SECRET_ARN", arn)
    monkeypatch.setattr(process, "now", clock)
    process.forget()
    secret = process.secret("cursor_secret_arn")
    assert secret.field("key") == b"a"
    client.put_secret_value(SecretId=arn, **MALFORMED_SECRETS[malformed])
    clock.advance(minutes=5)
    assert secret.field("key") == b"a"
    (line,) = (record for record in caplog.records if record.message == "UnsafeSecret")
    assert (line.secret, line.malformed) == ("VIGIL_CURSOR_SECRET_ARN", True)
    with pytest.raises(Unavailable, match=r"^The secret of VIGIL_CURSOR_SECRET_ARN must be a JSON object"):
        process.secret("cursor_secret_arn").values()
    process.forget()
