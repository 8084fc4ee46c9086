"""Functions under Lambda's Runtime Interface Emulator, with only the deployed layers."""

import json
from contextlib import ExitStack

import httpx
import pytest

from cli import runtime
from cli.checkout import ROOT
from tests.support import entries
from tests.support.emulated import ENVIRONMENT
from vigil.runtime.settings import Settings


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Both layers, built for this machine."""
    return runtime.build_layers(tmp_path_factory.mktemp("layers"), "core", "scoring")


@pytest.fixture
def invoke(path, tmp_path):
    """Return a function that starts a Lambda function and returns its invoker by event file. Output goes to `log`."""
    with ExitStack() as functions:

        def start(function, **changed):
            named = {Settings.variable(name): f"the-{name}" for name in entries.entry(function).needs}
            environment = {name: value for name, value in (named | ENVIRONMENT | changed).items() if value is not None}
            running = runtime.run_function(ROOT / "functions" / function, path, environment, tmp_path / "log")
            url = functions.enter_context(running)
            return lambda event: httpx.post(
                url, content=(ROOT / "events" / f"{event}.json").read_bytes(), timeout=60
            ).json()

        yield start


def test_the_api_answers_under_the_emulator(invoke):
    answer = invoke("scoring_api")("scoring_api.liveness")
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "up"})
    headers = {name.lower() for name in answer.get("headers") or answer["multiValueHeaders"]}
    assert {"x-correlation-id", "strict-transport-security"} <= headers


def test_the_api_returns_503_if_aws_is_unavailable(invoke):
    answer = invoke("scoring_api")("scoring_api")
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["type"] == "urn:vigil:problem:unavailable"


def test_the_authorizer_admits_no_caller_if_aws_is_unavailable(invoke, tmp_path):
    answer = invoke("tokens_authorizer")("tokens_authorizer")
    assert "policyDocument" not in answer
    assert answer["errorType"] == "Unavailable"
    token = json.loads((ROOT / "events/tokens_authorizer.json").read_text())["headers"]["Authorization"]
    assert token.split("_")[-1] not in (tmp_path / "log").read_text()


def test_a_function_without_its_settings_logs_their_names_once(invoke, tmp_path):
    changed = {"VIGIL_LIMITS_TABLE": None, "VIGIL_USAGE_TABLE": "", "VIGIL_MODEL_KEYS": "{hidden"}
    answer = invoke("scoring_api", **changed)("scoring_api.liveness")
    assert answer["errorType"] == "SettingsError"
    log = (tmp_path / "log").read_text()
    assert {name: log.count(name) for name in changed} == dict.fromkeys(changed, 1)
    assert "hidden" not in log
    assert "the-decisions_table" not in log
