"""Rules of AWS that the local stage does not enforce, for every function, stream and table of the templates."""

from collections import Counter
from itertools import product

import boto3
import pytest
import yaml
from botocore.stub import Stubber
from typer.testing import CliRunner

from cli import preflight
from cli.checkout import ROOT
from cli.main import app
from cli.stack import architecture
from layers import build
from tests.support.templates import DISTRICTS, INFRA, functions, resources, roles, template

FUNCTIONS, ROLES = functions(), roles()
ROOT_TEMPLATE = ROOT / "template.yaml"
STAGES = template(ROOT_TEMPLATE)["Parameters"]["Stage"]["AllowedValues"]
ARCHITECTURES = template(ROOT_TEMPLATE)["Parameters"]["Architecture"]["AllowedValues"]
READERS_PER_STREAM = 2
"""Readers per shard that DynamoDB serves without throttling."""


def event_sources(name, kind):
    """Return the parameters that name the queues or streams of a function."""
    property_name = {"SQS": "Queue", "DynamoDB": "Stream"}[kind]
    events = FUNCTIONS[name].get("Events", {}).values()
    return [event["Properties"][property_name]["Ref"] for event in events if event["Type"] == kind]


def destinations(name):
    """Return the parameters that name the queues to which the role of a function may send."""
    for statement in ROLES[name]["Policies"][0]["PolicyDocument"]["Statement"]:
        if "sqs:SendMessage" in statement["Action"]:
            found = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            yield from (resource["Ref"] for resource in found)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_exactly_functions_that_feed_their_own_queue_may_loop(name):
    own = {*event_sources(name, "SQS")} & {*destinations(name)}
    # Lambda stops the chain of any other function after 16 calls. This protects against endless loops.
    assert FUNCTIONS[name].get("RecursiveLoop") == ("Allow" if own else None)


def test_six_functions_feed_their_own_queue():
    found = {name for name in FUNCTIONS if {*event_sources(name, "SQS")} & {*destinations(name)}}
    batches = {"BatchesSplit", "BatchesChunk", "BatchesAssembly"}
    assert found == {*batches, "AlertingDelivery", "IncidentsSteps", "WebhooksDelivery"}


def test_a_stopped_loop_raises_an_alarm():
    alarm = resources(INFRA / "observability.yaml", "AWS::CloudWatch::Alarm")["LoopsStopped"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "RecursiveInvocationsDropped")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert "Dimensions" not in alarm  # the sum over all functions of the account


def test_a_stream_has_at_most_two_readers():
    readers = Counter(stream for name in FUNCTIONS for stream in event_sources(name, "DynamoDB"))
    assert readers
    assert max(readers.values()) <= READERS_PER_STREAM, readers


def rule_of_the_architecture():
    return template(ROOT_TEMPLATE)["Rules"]["LibrariesFitTheFunctions"]


def holds(condition, parameters):
    """Evaluate a condition of a rule."""
    ((function, arguments),) = condition.items()
    if function == "Not":
        return not holds(arguments[0], parameters)
    assert function == "Equals"
    left, right = (parameters[side["Ref"]] if isinstance(side, dict) else side for side in arguments)
    return left == right


@pytest.mark.parametrize(("stage", "target"), [*product(STAGES, ARCHITECTURES)])
def test_functions_get_libraries_of_their_architecture(stage, target):
    rule, parameters = rule_of_the_architecture(), {"Stage": stage, "Architecture": target}
    refused = holds(rule["RuleCondition"], parameters) and not all(
        holds(assertion["Assert"], parameters) for assertion in rule["Assertions"]
    )
    # `make build-aws` builds for arm64, `make up` for this machine.
    built = {"aarch64": "arm64"}[build.AWS_PLATFORM.partition("-")[0]]
    assert refused is (stage != "local" and target != built)
    assert architecture() in ARCHITECTURES


@pytest.mark.parametrize("district", DISTRICTS, ids=lambda path: path.stem)
def test_every_layer_is_built_for_the_platform_of_the_build(district):
    for layer in resources(district, "AWS::Serverless::LayerVersion").values():
        assert layer["_"]["Metadata"]["BuildArchitecture"] == "arm64"
        assert layer["CompatibleArchitectures"] == [{"Ref": "Architecture"}]


def test_tables_are_protected_from_the_second_deployment_on():
    data, root = template(INFRA / "data.yaml"), template(ROOT_TEMPLATE)
    # A first deployment that fails deletes its tables; protected tables would block that.
    assert root["Parameters"]["Protect"]["Default"] == "false"
    assert data["Conditions"]["Protected"] == {"Equals": [{"Ref": "Protect"}, "true"]}
    given = resources(ROOT_TEMPLATE, "AWS::Serverless::Application")["Data"]["Parameters"]
    assert given["Protect"] == {"Ref": "Protect"}
    tables = resources(INFRA / "data.yaml", "AWS::DynamoDB::Table").values()
    assert {yaml.safe_dump(table["DeletionProtectionEnabled"]) for table in tables} == {
        yaml.safe_dump({"If": ["Protected", True, False]})
    }


def account(granted):
    """Return a Lambda client whose account grants this many concurrent executions."""
    client = boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    stub = Stubber(client)
    answer = {"ConcurrentExecutions": granted + 100, "UnreservedConcurrentExecutions": granted}
    stub.add_response("get_account_settings", {"AccountLimit": answer})
    stub.activate()
    return client


def test_the_preflight_counts_every_queue_worker():
    wanted = [
        event["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        for function in FUNCTIONS.values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    ]
    assert preflight.worker_executions() == sum(wanted)


@pytest.mark.parametrize(("granted", "code"), [(10, 1), (1000, 0)])
def test_the_preflight_refuses_a_small_account(monkeypatch, granted, code):
    client = account(granted)
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    done = CliRunner().invoke(app, ["deployment", "preflight", "--region", "eu-west-1"])
    assert done.exit_code == code, done.output
    assert f"grants {granted} concurrent executions" in done.output
    # The remedy is a command that can be copied.
    assert ("request-service-quota-increase" in done.output) is bool(code)


def test_the_preflight_needs_room_for_workers_and_requests():
    needed = preflight.worker_executions() + preflight.OTHER_EXECUTIONS
    assert preflight.check_concurrency(account(needed)).is_enough
    assert not preflight.check_concurrency(account(needed - 1)).is_enough


def test_an_account_that_cannot_be_read_is_an_expected_error(monkeypatch):
    client = boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    stub = Stubber(client)
    stub.add_client_error("get_account_settings", "AccessDeniedException")
    stub.activate()
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    done = CliRunner().invoke(app, ["deployment", "preflight"])
    assert done.exit_code == 1
    assert "AccessDenied" in done.output
