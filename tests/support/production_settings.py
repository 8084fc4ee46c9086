"""The variables of each function in a deployment of the templates, with placeholders for the names that AWS creates."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from cli.release import stage_parameters
from functions import build
from tests.support.templates import DISTRICTS, ROOT, functions, resources, template

MODEL_KEYS = json.dumps({"0123456789abcdef": "Uovwz5rf68PiKz1wIPIIA+uV9G2YEfIjHxxRr3tS5Nc="})
"""A pinned key like that of a deployment. Its private key was not stored."""
OWN_PARAMETERS = {
    "OperatorsEmail": "operators@vigil-operations.net",
    "MailSender": "alerts@vigil-operations.net",
    "ApiAddress": "https://api.vigil-operations.net",
    "TenantDomain": "vigil-operations.net",
    "OutboundAllow": "vectors.internal:8443",
}
"""Parameters that an operator adds to those of samconfig.toml."""
RUNTIME = {
    "AWS_ACCESS_KEY_ID": "ASIAQWERTYUIOPASDFGH",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "vigil-prod-function",
    "AWS_REGION": "eu-west-1",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64",
    "PYTHONPATH": "/var/runtime",
    "TZ": ":UTC",
}
"""Variables that Lambda sets."""
_ID = "1A2B3C4D5E6F7"
_PLACE = "eu-west-1:123456789012"
_PARAMETER = re.compile(r"\$\{(\w+)\}")


@cache
def parameters(stage: str) -> Mapping[str, str]:
    """Return the parameters of the root template for a stage of samconfig.toml, as an operator deploys it."""
    defaults = {name: str(one["Default"]) for name, one in template(ROOT)["Parameters"].items() if "Default" in one}
    return defaults | stage_parameters(stage, MODEL_KEYS, OWN_PARAMETERS)


def environment(function: str, stage: str = "prod") -> dict[str, str]:
    """Return the variables of a function, by the name of its folder, in a deployment of a stage."""
    (name,) = (each for each in functions() if build.folder(each) == function)
    (district,) = (path for path in DISTRICTS if name in resources(path, "AWS::Serverless::Function"))
    given = resources(ROOT, "AWS::Serverless::Application")[district.stem.capitalize()]["Parameters"]
    passed = {parameter: _resolve(value, parameters(stage)) for parameter, value in given.items()}
    own = functions()[name]["Environment"]["Variables"]
    return RUNTIME | {variable: _resolve(value, passed) for variable, value in own.items()}


def _resolve(value: Any, known: Mapping[str, str]) -> str:
    """Return the text of a value of a template, on a stage other than `local`."""
    if not isinstance(value, dict):
        return str(value)
    ((function, argument),) = value.items()
    if function == "Ref":
        return known.get(argument) or _PSEUDO.get(argument, "")
    if function == "If":
        assert argument[0] == "OnAws"
        return _resolve(argument[1], known)
    if function == "Sub":
        return _PARAMETER.sub(lambda found: known[found[1]] if found[1] in known else found[0], argument)
    assert function == "GetAtt"
    return _attribute(argument)


_PSEUDO = {"AWS::StackName": "vigil-prod"}


def _attribute(path: str) -> str:
    """Return a value in the form of an output of a nested stack, different for each path."""
    name = path.replace(".Outputs.", "-")
    if name.endswith("Url"):
        return f"https://sqs.eu-west-1.amazonaws.com/123456789012/vigil-prod-{name}"
    if name.endswith("SecretArn"):
        return f"arn:aws:secretsmanager:{_PLACE}:secret:{name}-{_ID}"
    return f"arn:aws:any:{_PLACE}:{name}" if name.endswith("Arn") else f"vigil-prod-{name}-{_ID}"
