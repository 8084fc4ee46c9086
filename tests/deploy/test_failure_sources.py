"""Errors of every function reach the intake of failures, except those of the intake itself and of alerting."""

import ast

import pytest

from cli.ministack_logs import matches
from functions.build import folder
from tests.support.log_lines import (
    KILLED,
    PATTERN,
    RESTORE_EXITED,
    RESTORE_TIMED_OUT,
    START_EXITED,
    START_TIMED_OUT,
    TIMED_OUT,
    UNHANDLED,
)
from tests.support.patterns import CORE
from tests.support.templates import DISTRICTS, INFRA, ROOT, functions, resources

SOURCES = INFRA / "failure_sources.yaml"
FUNCTIONS = functions()
FILTERS = resources(SOURCES, "AWS::Logs::SubscriptionFilter")
MAX_FILTERS_PER_GROUP = 2
PIPELINE = {"FailuresIntake", "AlertingApi", "AlertingIntake", "AlertingDelivery", "AlertingSweep"}
"""Functions without a subscription: their errors would raise alerts about alerts."""


def handlers_in(path):
    """Return the `except` blocks of a file."""
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler)]


def _records_and_raises(handler):
    inner = [node for statement in handler.body for node in ast.walk(statement)]
    records = any(isinstance(node, ast.Attribute) and node.attr == "record_error" for node in inner)
    return records and any(isinstance(node, ast.Raise) for node in inner)


def test_every_function_is_subscribed_except_the_intake_and_alerting():
    assert FILTERS.keys() == {f"From{name}" for name in FUNCTIONS.keys() - PIPELINE}


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - PIPELINE))
def test_a_subscription_reads_the_log_group_of_its_function(name):
    found = FILTERS[f"From{name}"]
    assert found["LogGroupName"] == {"Sub": f"/aws/lambda/${{StackName}}-{folder(name).replace('_', '-')}"}
    assert found["DestinationArn"] == {"Ref": "IntakeArn"}
    assert found["_"]["DependsOn"] == "MayInvoke"  # AWS refuses a destination that it may not call


def test_a_log_group_has_at_most_two_subscriptions():
    groups = [
        str(each["LogGroupName"])
        for path in (SOURCES, *DISTRICTS)
        for each in resources(path, "AWS::Logs::SubscriptionFilter").values()
    ]
    assert max(map(groups.count, groups)) <= MAX_FILTERS_PER_GROUP


def test_the_pattern_finds_lines_of_the_telemetry_and_of_lambda():
    patterns = {each["FilterPattern"] for each in FILTERS.values()}
    assert patterns == {PATTERN}
    for line in (TIMED_OUT, KILLED, UNHANDLED, START_TIMED_OUT, START_EXITED, RESTORE_TIMED_OUT, RESTORE_EXITED):
        assert matches(PATTERN, line, lambda *_: False), line
    assert not matches(PATTERN, "INIT_REPORT Init Duration: 9.07 ms\tPhase: init\tStatus: success", lambda *_: False)


def test_every_function_writes_its_logs_as_text():
    # The forms of the lines of Lambda are those of the text format. JSON has others.
    assert all({*each["LoggingConfig"]} == {"LogGroup"} for each in FUNCTIONS.values())


def test_an_error_that_is_recorded_leaves_no_subscribed_function():
    # The line of the telemetry and the line of Lambda would both count. SQS's helper catches the errors of the worker.
    root = CORE / "vigil"
    raising = {
        str(path.relative_to(root)) for path in root.rglob("*.py") if any(map(_records_and_raises, handlers_in(path)))
    }
    assert raising == {"workers/worker_loop.py", "operations/failures/stream.py"}


def test_only_log_groups_of_the_stack_may_call_the_intake():
    (permission,) = resources(SOURCES, "AWS::Lambda::Permission").values()
    assert (permission["Principal"], permission["FunctionName"]) == ("logs.amazonaws.com", {"Ref": "IntakeArn"})
    assert permission["SourceArn"]["Sub"].endswith(":log-group:/aws/lambda/${StackName}-*:*")
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_subscriptions_follow_the_districts_that_own_the_log_groups():
    nested = resources(ROOT, "AWS::Serverless::Application")
    sources = nested["FailureSources"]
    districts = {name for name, each in nested.items() if each["Location"].startswith("infra/functions/")}
    assert set(sources["_"]["DependsOn"]) == districts
    assert sources["Parameters"]["IntakeArn"]["Sub"].endswith(":function:${AWS::StackName}-failures-intake:live")


def test_the_functions_without_subscription_have_alarms_that_page():
    paging = [
        str(properties.get("Dimensions")) + str(properties.get("MetricName"))
        for path in (*DISTRICTS, INFRA / "alert_sources.yaml")
        for properties in resources(path, "AWS::CloudWatch::Alarm").values()
        if {"Ref": "PagesTopic"} in properties["AlarmActions"]
    ]
    for watched in ("FailuresIntake", "AlertsName", "AlertDeliveriesName", "AlertingAlive"):
        assert [each for each in paging if watched in each]
