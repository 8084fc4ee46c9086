"""The stage `local` starts under the SAM CLI and on MiniStack, and is refused in every environment of AWS Lambda."""

import pytest

from tests.support.production_settings import environment
from vigil.runtime.start_up import faults, is_on_aws

NAME = {"AWS_LAMBDA_FUNCTION_NAME": "vigil-local-scoring-api", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST"}
SAM = NAME | {"AWS_SAM_LOCAL": "true", "AWS_LAMBDA_LOG_STREAM_NAME": "$LATEST", "AWS_ACCESS_KEY_ID": "defaultkey"}
EMULATORS = {
    "SAM CLI since 1.125": SAM | {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_ACCOUNT_ID": "123456789012"},
    "SAM CLI before 1.125": SAM,
    "SAM CLI with the credentials of a sign-in": SAM
    | {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_ACCESS_KEY_ID": "ASIAQWERTYUIOPASDFGH"},
    "emulator of the SAM CLI": {
        "AWS_LAMBDA_FUNCTION_NAME": "scoring_api",
        "AWS_LAMBDA_LOG_STREAM_NAME": "$LATEST",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    },
    "MiniStack": NAME
    | {
        "AWS_LAMBDA_LOG_STREAM_NAME": "8b1c6a52-4d0e-4f43-9f0e-2b0c8a7f5d11",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ACCESS_KEY_ID": "test",
    },
    "MiniStack in Docker": NAME
    | {
        "AWS_LAMBDA_LOG_STREAM_NAME": "8b1c6a52-4d0e-4f43-9f0e-2b0c8a7f5d11",
        "AWS_ENDPOINT_URL": "http://host.docker.internal:4566",
    },
}
"""The variables that each emulator sets, and those by which Vigil knows it."""
STREAM = "2026/03/01/[7]425d2a3419de4db38f86fc1896cc1cc1"
ON_AWS = {
    "on demand": {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_STREAM_NAME": STREAM},
    "provisioned": {"AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency", "AWS_LAMBDA_LOG_STREAM_NAME": STREAM},
    "snapshot": {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"},
    "log group of its own": {
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/03/01/vigil-prod-scoring-api[7]425d2a3419de4db38f86fc1896cc1cc1",
    },
}
"""The reserved variables that AWS Lambda sets, which a deployment cannot set."""
DISGUISES = (
    {},
    {"AWS_SAM_LOCAL": "true"},
    {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
    {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_SAM_LOCAL": "1"},
)
"""Variables that a deployment can set, and that emulators have."""


@pytest.mark.parametrize("name", EMULATORS)
def test_stage_local_starts_in_an_emulator(name):
    assert faults(environment("scoring_api") | {"VIGIL_STAGE": "local"} | EMULATORS[name]) == []
    assert not is_on_aws(EMULATORS[name])


@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda disguise: " ".join(disguise) or "none")
@pytest.mark.parametrize("name", ON_AWS)
def test_stage_local_is_refused_on_aws_in_every_disguise(name, disguise):
    (fault,) = faults(environment("scoring_api") | ON_AWS[name] | disguise | {"VIGIL_STAGE": "local"})
    assert fault.startswith("VIGIL_STAGE must not be local on AWS")


@pytest.mark.parametrize("name", ON_AWS)
def test_other_stages_start_on_aws(name):
    assert faults(environment("scoring_api") | ON_AWS[name]) == []
