"""Errors of every function reach the intake of failures, except those of the intake itself and of alerting."""

import pytest

from functions.build import folder
from tests.support.templates import DISTRICTS, INFRA, ROOT, functions, resources

SOURCES = INFRA / "failure_sources.yaml"
FUNCTIONS = functions()
FILTERS = resources(SOURCES, "AWS::Logs::SubscriptionFilter")
MAX_FILTERS_PER_GROUP = 2
PIPELINE = {"FailuresIntake", "AlertingApi", "AlertingIntake", "AlertingDelivery", "AlertingSweep"}
"""Functions without a subscription: their errors would raise alerts about alerts."""


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
    assert patterns == {'?ERROR ?"Task timed out" ?"Runtime exited"'}


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
