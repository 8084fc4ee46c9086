"""The small client's calls have the X-Ray subsegments that the X-Ray SDK records for botocore's."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.traced_calls import CALLS, STEPS

REQUEST = "7d1e6f0a-3c52-4b1e-9a57-0c2f4d8e6b11"
FUNCTIONS = ("api", "worker", "stream", "intake")


def run_on_lambda(module, *arguments):
    """Run a module in a process with the variables of Lambda; return the document that it prints."""
    environment = {"PATH": os.defpath, "AWS_LAMBDA_FUNCTION_NAME": "f", "LAMBDA_TASK_ROOT": "/var/task"}
    command = [sys.executable, "-m", module, *arguments]
    run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def test_subsegments_and_trace_headers_equal_those_of_botocore():
    small, reference = (run_on_lambda("tests.support.traced_calls", kind) for kind in ("small", "botocore"))
    assert small == reference
    assert [len(found) for found in small] == [len(STEPS)] * len(CALLS) + [1]
    document, exceptions, parents = small[0][0]
    assert (document["name"], document["namespace"], document["aws"]["table_name"]) == ("dynamodb", "aws", "t")
    assert document["aws"]["operation"] == "GetItem"
    assert (exceptions, parents) == ([], [True])
    assert small[0][2][2] == [True, True]  # both attempts


@pytest.fixture(scope="module")
def journey():
    """Subsegments, lines and trace headers of each function on the way of one request."""
    return run_on_lambda("tests.support.traced_journey")


def test_a_request_and_the_worker_of_its_message_are_one_trace(journey):
    roots = {name: {segment["trace_id"] for segment in journey[name]["segments"]} for name in FUNCTIONS}
    assert [len(found) for found in roots.values()] == [1] * len(FUNCTIONS)
    assert roots["api"] == roots["worker"]
    assert roots["stream"] == roots["intake"]
    assert roots["api"] != roots["stream"]  # Lambda starts a new trace for the records of a stream


@pytest.mark.parametrize(("sender", "service"), [("api", "sqs"), ("stream", "events")])
def test_a_call_names_its_subsegment_as_the_parent_of_the_next_function(journey, sender, service):
    (call,) = [segment for segment in journey[sender]["segments"] if segment["name"] == service]
    assert journey[sender]["headers"] == [f"Root={call['trace_id']};Parent={call['id']};Sampled=1"]


@pytest.mark.parametrize("function", ["api", "worker", "intake"])
def test_one_correlation_id_finds_every_trace_of_a_request(journey, function):
    found = [segment["annotations"] for segment in journey[function]["segments"] if "annotations" in segment]
    assert [each["correlation_id"] for each in found] == [REQUEST]
    assert {line["correlation_id"] for line in journey[function]["lines"]} == {REQUEST}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_log_line_names_the_trace_of_its_function(journey, function):
    roots = {segment["trace_id"] for segment in journey[function]["segments"]}
    assert {line["xray_trace_id"] for line in journey[function]["lines"]} == roots


def test_no_trace_has_a_text_of_the_request(journey):
    texts = json.dumps([journey[name]["segments"] for name in FUNCTIONS])
    assert "/v1/orders" not in texts
    assert "acme#s" not in texts
