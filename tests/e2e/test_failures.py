"""Timeouts, kills and failed starts reach the API through the subscriptions of the embedded stack."""

import io
import json
import time
import zipfile
from uuid import uuid4

import pytest

from tests.support.log_lines import PATTERN

WITHIN_SECONDS = 60
"""Time in which a failure is a group."""
SOURCES = {
    "timeout": "import time\ndef handler(event, context):\n    time.sleep(30)\n",
    "out_of_memory": "import os\ndef handler(event, context):\n    os.kill(os.getpid(), 9)\n",
    "init": "import no_such_module_of_jane_roe\ndef handler(event, context):\n    pass\n",
}
"""Source of a function that fails in each way."""


def packed(source):
    """Return the archive of a function."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("failing.py", source)
    return archive.getvalue()


@pytest.fixture(scope="module")
def failing(stack, aws):
    """Create, subscribe and call a function for each way of failing; return their names by kind."""
    functions, logs = aws("lambda"), aws("logs")
    intake = functions.get_function(FunctionName=f"{stack.stack_name}-failures-intake")["Configuration"]
    names = {kind: f"failing-{kind}-{uuid4().hex[:8]}" for kind in SOURCES}
    for kind, name in names.items():
        functions.create_function(
            FunctionName=name, Runtime="python3.13", Handler="failing.handler", Role=intake["Role"], Timeout=1,
            Code={"ZipFile": packed(SOURCES[kind])},
        )  # fmt: skip
        group = f"/aws/lambda/{name}"
        logs.create_log_group(logGroupName=group)
        logs.put_subscription_filter(
            logGroupName=group, filterName="failures", filterPattern=PATTERN, destinationArn=intake["FunctionArn"]
        )
        assert "FunctionError" in functions.invoke(FunctionName=name)
    yield names
    for name in names.values():
        functions.delete_function(FunctionName=name)
        logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")


def found(operator, names):
    """Return the open groups of the functions, by kind."""
    groups = operator.get("/v1/failures", params={"limit": 100}).json()["items"]
    return {each["kind"]: each for each in groups if {*each["functions"]} & {*names.values()}}


def test_every_kind_of_failure_is_a_group_within_a_minute(failing, operator):
    deadline = time.monotonic() + WITHIN_SECONDS
    while (groups := found(operator, failing)).keys() != SOURCES.keys():
        assert time.monotonic() < deadline, groups
        time.sleep(0.5)
    assert {kind: (each["count"], [*each["functions"]]) for kind, each in groups.items()} == {
        kind: (1, [name]) for kind, name in failing.items()
    }
    (occurrence,) = operator.get(f"/v1/failures/{groups['timeout']['id']}").json()["occurrences"]
    assert len(occurrence["request_id"]) == len("8e4f0f3c-6a39-4c2e-9d0b-0c6a0d7d5b1e")
    assert "jane" not in json.dumps(groups)


def test_the_commands_show_and_resolve_a_failure(failing, operator, cli):
    failure = found(operator, failing)["init"]["id"]
    key = ("--key", operator.headers["Authorization"].removeprefix("Bearer "))
    assert failing["init"] in cli("failures", "list", *key)
    assert "resolved" in cli("failures", "resolve", failure, *key)
    assert failure in cli("failures", "list", "--state", "resolved", *key)


def test_the_log_groups_of_the_stack_are_subscribed(stack, aws):
    answer = aws("logs").describe_subscription_filters(logGroupName=f"/aws/lambda/{stack.stack_name}-scoring-api")
    (one,) = answer["subscriptionFilters"]
    assert one["filterPattern"] == PATTERN
    assert f"{stack.stack_name}-failures-intake" in one["destinationArn"]
