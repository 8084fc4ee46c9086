"""Checks of a function's environment, before its first request."""

from collections.abc import Collection, Mapping

from vigil.runtime import snapshots
from vigil.runtime.settings import Settings, SettingsError
from vigil.runtime.unsafe_settings import is_local_endpoint, unsafe_settings

LOCAL = "local"
"""Stage of the stack on a developer's machine. Only its settings may be unsafe."""
_FUNCTION = "AWS_LAMBDA_FUNCTION_NAME"
_LOG_STREAM, _EMULATED_STREAM = "AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST"
"""Variable of a function's log stream, and its value in the SAM CLI. On AWS a stream begins with a day."""


def check_environment(environment: Mapping[str, str], needs: Collection[str] = ()) -> None:
    """Raise SettingsError that names all faults: missing, malformed and unsafe settings. It contains no value."""
    if problems := faults(environment, needs):
        raise SettingsError("; ".join(problems))


def faults(environment: Mapping[str, str], needs: Collection[str] = ()) -> list[str]:
    """Return one sentence per fault for which a function refuses to start, or an empty list.

    `needs` are the names of the settings without which the function cannot start.
    """
    found, problems = Settings.read(environment, needs)
    if "stage" not in found:
        return problems  # the stage decides which settings are unsafe
    if found["stage"] == LOCAL:
        if is_on_aws(environment) or (_FUNCTION in environment and not is_local_endpoint(environment)):
            problems.append("VIGIL_STAGE must not be local on AWS, because that stage allows unsafe settings")
        return problems
    return [*problems, *unsafe_settings(environment, found)]


def is_on_aws(environment: Mapping[str, str]) -> bool:
    """Return True in the environment of AWS Lambda, whatever variables the deployment sets.

    Lambda reserves both variables, so a deployment cannot set them. MiniStack sets no initialization type. The SAM CLI
    and its emulator may set one, but their log stream is `$LATEST`. With SnapStart, Lambda sets no log stream. Sources:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html and
    https://github.com/aws/aws-sam-cli/blob/develop/samcli/local/lambdafn/env_vars.py
    """
    return snapshots.VARIABLE in environment and environment.get(_LOG_STREAM) != _EMULATED_STREAM


def allowances(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each unsafe setting that the stage `local` allows. Other stages give an empty list."""
    found, _ = Settings.read(environment)
    return list(unsafe_settings(environment, found)) if found.get("stage") == LOCAL else []
