"""Functions under Lambda's own Runtime Interface Emulator, on the layers that are deployed and nothing else."""

import base64
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from cli.checkout import ROOT, tool_python
from cli.stack import architecture

INVOKE = "2015-03-31/functions/function/invocations"
DEAD = "http://127.0.0.1:9"  # nothing listens there: AWS is away


@pytest.fixture(scope="module")
def emulator_binary(tmp_path_factory):
    """The emulator that the SAM CLI carries for its containers, which runs as well without one."""
    if platform.system() != "Linux":
        pytest.fail("the emulator is a Linux program")
    where = "import samcli, pathlib; print(pathlib.Path(samcli.__file__).parent)"
    package = subprocess.run([tool_python("sam"), "-c", where], capture_output=True, text=True, check=True).stdout
    binary = Path(package.strip(), "local", "rapid", f"aws-lambda-rie-{architecture()}")
    runnable = tmp_path_factory.mktemp("rie") / "aws-lambda-rie"
    shutil.copy(binary, runnable)
    runnable.chmod(0o755)
    return runnable


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """Both layers as they are built for this machine."""
    folders = []
    for layer in ("core", "scoring"):
        folder = tmp_path_factory.mktemp(layer)
        environment = os.environ | {"VIGIL_BUILD": "local"}
        subprocess.run([sys.executable, ROOT / "layers/build.py", layer, folder], env=environment, check=True)
        folders.append(str(folder / "python"))
    return os.pathsep.join(folders)


@pytest.fixture
def invoke(emulator_binary, layers, tmp_path):
    """Start a function and return what invokes it with an event file; its output goes to `log`."""
    started = []

    def start(function):
        front, back = _free_port(), _free_port()
        addresses = ["--runtime-interface-emulator-address", front, "--runtime-api-address", back]
        handler = [tool_python("runtime"), "-P", "-m", "awslambdaric", "handler.lambda_handler"]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [emulator_binary, *addresses, *handler],
                cwd=ROOT / "functions" / function,
                env=_environment(function, layers),
                stdout=log,
                stderr=log,
            )
        started.append(process)
        _wait_for(front)
        return lambda event: httpx.post(
            f"http://{front}/{INVOKE}", content=(ROOT / "events" / f"{event}.json").read_bytes(), timeout=60
        ).json()

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def test_the_api_answers(invoke):
    answer = invoke("scoring_api")("scoring_api.liveness")
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "up"})
    headers = {name.lower() for name in answer.get("headers") or answer["multiValueHeaders"]}
    assert {"x-correlation-id", "strict-transport-security"} <= headers


def test_the_api_says_so_when_aws_is_away(invoke):
    answer = invoke("scoring_api")("scoring_api")
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["type"] == "urn:vigil:problem:unavailable"


def test_the_authorizer_opens_to_nobody_when_aws_is_away(invoke, tmp_path):
    answer = invoke("tenancy_authorizer")("tenancy_authorizer")
    assert "policyDocument" not in answer
    assert answer["errorType"] == "Unavailable"
    token = json.loads((ROOT / "events/tenancy_authorizer.json").read_text())["headers"]["Authorization"]
    assert token.split("_")[-1] not in (tmp_path / "log").read_text()


def _environment(function, layers):
    return {
        "PATH": os.defpath,
        "PYTHONPATH": f"{layers}{os.pathsep}{ROOT / 'functions' / function}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": DEAD,
        "VIGIL_STAGE": "local",
        "VIGIL_DECISIONS_TABLE": "decisions",
        "VIGIL_REGISTRY_TABLE": "registry",
        "VIGIL_ACCESS_TABLE": "access",
        "VIGIL_PACKAGES_BUCKET": "packages",
        "VIGIL_ACCESS_SECRET_ARN": "access",
        "VIGIL_CURSOR_SECRET_ARN": "cursor",
        "VIGIL_MODEL_KEYS": json.dumps({"sample": base64.b64encode(bytes(32)).decode()}),
        "POWERTOOLS_TRACE_DISABLED": "true",
    }


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def _wait_for(address):
    host, port = address.split(":")
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the emulator did not start")
