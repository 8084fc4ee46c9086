"""`vigil doctor` reads the live version of every function of a stack and prints its faults."""

from types import SimpleNamespace

import boto3
import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.preflight import OTHER_EXECUTIONS, worker_executions
from tests.support.production_settings import environment

FUNCTIONS = ("scoring_api", "tokens_authorizer", "usage_sweeps")
STACK = "vigil-prod"


class DeployedStack:
    """Clients of an AWS account with one stack of three functions, and a function of another stack."""

    def __init__(self):
        self.variables = {name.replace("_", "-"): environment(name) for name in FUNCTIONS}
        self.time_limit, self.retention, self.concurrency = 10, 365, worker_executions() + OTHER_EXECUTIONS
        self.readers = [("sqs", "arn:aws:sns:queue"), ("email", "arn:aws:sns:mail")]

    def client(self, service, **_):
        return {
            "cloudformation": SimpleNamespace(describe_stacks=self._stacks),
            "lambda": SimpleNamespace(
                get_account_settings=self._account,
                get_function_configuration=self._function,
                get_paginator=lambda _: SimpleNamespace(paginate=self._functions),
            ),
            "logs": SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=self._log_groups)),
            "sns": SimpleNamespace(list_subscriptions_by_topic=self._readers),
        }[service]

    def _stacks(self, **named):
        assert named == {"StackName": STACK}
        return {"Stacks": [{"Outputs": [{"OutputKey": "PagesTopic", "OutputValue": "arn:pages"}]}]}

    def _account(self):
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.concurrency}}

    def _functions(self):
        own = [f"{STACK}-{name}" for name in self.variables]
        names = [*own, "other-stack-scoring-api", f"{STACK}-own-tool", f"{STACK}-blue-scoring-api"]
        return [{"Functions": [{"FunctionName": name}]} for name in names]

    def _function(self, **named):
        assert named.pop("Qualifier") == "live"
        return {
            "Environment": {"Variables": self.variables[named["FunctionName"].removeprefix(f"{STACK}-")]},
            "Timeout": self.time_limit,
            "LoggingConfig": {"LogGroup": f"/aws/lambda/{STACK}-logs"},
        }

    def _log_groups(self, **named):
        assert named == {"logGroupNamePrefix": f"/aws/lambda/{STACK}-"}
        return [{"logGroups": [{"logGroupName": f"/aws/lambda/{STACK}-logs", "retentionInDays": self.retention}]}]

    def _readers(self, **named):
        assert named == {"TopicArn": "arn:pages"}
        return {"Subscriptions": [{"Protocol": kind, "SubscriptionArn": arn} for kind, arn in self.readers]}


@pytest.fixture
def stack(monkeypatch):
    deployed = DeployedStack()
    monkeypatch.setattr(boto3, "client", deployed.client)
    return deployed


def examined():
    done = CliRunner().invoke(app, ["doctor", "--stack", STACK])
    return done.exit_code, done.output


def test_stack_without_faults_passes(stack):
    assert examined() == (0, "3 functions of vigil-prod have all their settings, and may start.\n")


def test_each_fault_is_printed_once_with_its_functions(stack):
    stack.variables["scoring-api"]["LOG_LEVEL"] = "canary"
    del stack.variables["scoring-api"]["VIGIL_DECISIONS_TABLE"]
    for variables in stack.variables.values():
        variables["AWS_ENDPOINT_URL"] = "http://canary"
    code, printed = examined()
    assert code == 1
    assert printed.startswith("Refused:\n")
    assert "  * VIGIL_DECISIONS_TABLE is not set (scoring-api)\n" in printed
    assert "would go to another service than AWS (all functions)\n" in printed
    assert printed.count("AWS_ENDPOINT_URL") == printed.count("LOG_LEVEL must be INFO") == 1
    assert "canary" not in printed


@pytest.mark.parametrize(
    ("attribute", "value", "sentence"),
    [
        ("time_limit", 1, "VIGIL_AWS_READ_TIMEOUT_MS must leave time for 2 attempts"),
        ("retention", 14, "LogRetentionDays must be at least 30 (all functions)"),
        ("readers", [("sqs", "arn:aws:sns:queue"), ("email", "PendingConfirmation")], "its address must confirm"),
        ("readers", [], "OperatorsEmail must be set"),
        ("concurrency", 10, "The account grants 10 concurrent executions"),
    ],
)
def test_fault_that_no_function_can_see_is_printed(stack, attribute, value, sentence):
    setattr(stack, attribute, value)
    code, printed = examined()
    assert code == 1
    assert sentence in printed


def test_development_needs_no_operators_and_no_long_logs(stack):
    stack.variables = {name.replace("_", "-"): environment(name, "dev") for name in FUNCTIONS}
    stack.retention, stack.readers = 14, []
    assert examined()[0] == 0


def test_staging_needs_long_logs_and_no_operators(stack):
    stack.variables = {name.replace("_", "-"): environment(name, "staging") for name in FUNCTIONS}
    stack.readers = []
    assert examined()[0] == 0
    stack.retention = 14
    assert examined()[0] == 1


def test_stage_local_on_aws_is_refused_with_an_emulator_among_its_settings(stack):
    for variables in stack.variables.values():
        variables |= {"VIGIL_STAGE": "local", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_SAM_LOCAL": "true"}
    code, printed = examined()
    assert code == 1
    assert (
        "  * VIGIL_STAGE must not be local on AWS, because that stage allows unsafe settings (all functions)" in printed
    )


def test_unknown_stack_is_an_expected_error(stack):
    stack.variables = {}
    assert examined() == (1, "this stack has no functions: check its name and region\n")


def test_without_a_stack_the_error_names_the_command_to_run(monkeypatch, tmp_path):
    monkeypatch.setenv("VIGIL_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 1
    assert "make up" in done.output
