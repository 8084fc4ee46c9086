"""Nested stacks on MiniStack. Its original code does not transform them and loses unchanged attributes on updates."""

import json

import pytest

from tests.support.faultbed.bed import running

BUCKET = "templates"
CHILD = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Table": {"Type": "AWS::Serverless::SimpleTable"},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "kept"}},
    },
    "Outputs": {"Table": {"Value": {"Ref": "Table"}}, "Logs": {"Value": {"Fn::GetAtt": ["Logs", "Arn"]}}},
}
RELEASED = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Release": {"Type": "String"}},
    "Resources": {
        "Released": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "FunctionName": "released",
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "InlineCode": "def handler(event, context): pass",
                "AutoPublishAlias": "live",
                "AutoPublishCodeSha256": {"Ref": "Release"},
                "Environment": {"Variables": {"VIGIL_RELEASE": {"Ref": "Release"}}},
            },
        },
    },
    "Outputs": {"Version": {"Value": {"Ref": "Released.Version"}}},
}
ADDED = {"Added": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "added"}}}
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


@pytest.fixture
def clients():
    """Return S3 and CloudFormation clients of a separate MiniStack."""
    with running("nested") as bed:
        yield bed.client("s3"), bed.client("cloudformation")


def parent(s3, name, child, **parameters):
    """Upload a template and return a parent template that nests it with these parameters."""
    s3.put_object(Bucket=BUCKET, Key=name, Body=json.dumps(child))
    url = f"https://s3.amazonaws.com/{BUCKET}/{name}"
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": parameters}}
    outputs = {name: {"Value": {"Fn::GetAtt": ["Nested", f"Outputs.{name}"]}} for name in child["Outputs"]}
    return {"TemplateBody": json.dumps({"Resources": {"Nested": nested}, "Outputs": outputs})}


def outputs(cloudformation):
    """Return the outputs of the stack."""
    (stack,) = cloudformation.describe_stacks(StackName="outer")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_a_nested_stack_is_transformed_and_updates_preserve_attributes(clients):
    s3, cloudformation = clients
    s3.create_bucket(Bucket=BUCKET)
    quick = {"Delay": 0.2, "MaxAttempts": 100}
    cloudformation.create_stack(StackName="outer", Capabilities=CAPABILITIES, **parent(s3, "first", CHILD))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="outer", WaiterConfig=quick)
    created = outputs(cloudformation)
    assert created["Table"]
    assert ":log-group:kept" in created["Logs"]
    changed = CHILD | {"Resources": CHILD["Resources"] | ADDED}
    cloudformation.update_stack(StackName="outer", Capabilities=CAPABILITIES, **parent(s3, "second", changed))
    cloudformation.get_waiter("stack_update_complete").wait(StackName="outer", WaiterConfig=quick)
    assert outputs(cloudformation) == created


def test_a_new_release_moves_the_alias_of_a_nested_function(clients):
    s3, cloudformation = clients
    s3.create_bucket(Bucket=BUCKET)
    quick = {"Delay": 0.2, "MaxAttempts": 100}
    call = {"StackName": "outer", "Capabilities": CAPABILITIES}
    cloudformation.create_stack(**call, **parent(s3, "child", RELEASED, Release="1111111111111111"))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="outer", WaiterConfig=quick)
    first = outputs(cloudformation)["Version"]
    cloudformation.update_stack(**call, **parent(s3, "child", RELEASED, Release="2222222222222222"))
    cloudformation.get_waiter("stack_update_complete").wait(StackName="outer", WaiterConfig=quick)
    assert outputs(cloudformation)["Version"] != first
