"""The variables of each function fit into Lambda under a long stack name, and leave room for further tables."""

import re

import pytest

from tests.support.templates import functions

FUNCTIONS = functions()
LAMBDA_BYTES = 4_096
"""Maximum size of a function's variables, names and values together."""
HEAD_ROOM_BYTES = 520
"""Free space of each function: five more tables."""
STACK = "s" * 40
ID = "X" * 13
"""The unique part that CloudFormation adds to the name of a nested stack or resource."""
SQS = "https://sqs.ap-southeast-1.amazonaws.com/123456789012"
MAX_QUEUE_NAME, MAX_BUCKET_NAME, MAX_ARN = 80, 63, 128
LENGTHS = {
    "ApiAddress": 64,
    "Architecture": len("x86_64"),
    "EventBus": len(f"{STACK}-decisions"),
    "MailSender": 254,
    "ModelFloors": 10 * len('"a-model-name": 100, '),
    "ModelKeys": 2 * len(f'"a-key-of-2026": "{"k" * 44}", '),
    "OutboundAllow": 160,
    "Release": 16,
    "SentryDsn": 200,
    "StackName": len(STACK),
    "Stage": len("staging"),
    "TenantDomain": 64,
}
"""Length of the other parameters, in characters."""


def length(parameter):
    """Return the length of a parameter's value. An unknown parameter needs an entry in LENGTHS."""
    if parameter.endswith("Table"):
        return len(f"{STACK}-Data-{ID}-{parameter.removesuffix('Table')}-{ID}")
    if parameter.endswith("DeadLettersUrl"):
        return len(f"{SQS}/") + MAX_QUEUE_NAME
    if parameter.endswith("Url"):
        return len(f"{SQS}/{STACK}-{parameter.removesuffix('Url')}---")
    if parameter.endswith(("Ms", "Seconds", "Attempts")):
        return 6
    if parameter.endswith("Bucket"):
        return MAX_BUCKET_NAME
    return MAX_ARN if parameter.endswith("Arn") else LENGTHS[parameter]


def text(value):
    """Return the value of a variable with `x` for the characters of its parameters."""
    if not isinstance(value, dict):
        return str(value)
    ((function, argument),) = value.items()
    if function == "Ref":
        return "x" * length(argument)
    return re.sub(r"\$\{(\w+)\}", lambda found: "x" * length(found[1]), argument) if function == "Sub" else "false"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_variables_of_a_function_leave_room_for_more_tables(name):
    variables = FUNCTIONS[name]["Environment"]["Variables"]
    size = sum(len(variable) + len(text(value)) for variable, value in variables.items())
    assert size + HEAD_ROOM_BYTES <= LAMBDA_BYTES, f"{LAMBDA_BYTES - size} bytes are free"
