"""Nested stacks on MiniStack. Its original code does not transform them and loses unchanged attributes on updates."""

import json

import pytest

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
def upload(bed):
    """Return a function that uploads a template and returns its address."""
    s3, bucket = bed.client("s3"), bed.bucket()

    def put(name, template):
        s3.put_object(Bucket=bucket, Key=name, Body=json.dumps(template))
        return f"https://s3.amazonaws.com/{bucket}/{name}"

    return put


def parent(upload, name, child, **parameters):
    """Upload a template and return a parent template that nests it with these parameters."""
    url = upload(name, child)
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": parameters}}
    outputs = {name: {"Value": {"Fn::GetAtt": ["Nested", f"Outputs.{name}"]}} for name in child["Outputs"]}
    return {"TemplateBody": json.dumps({"Resources": {"Nested": nested}, "Outputs": outputs})}


def outputs(cloudformation, stack_name):
    """Return the outputs of a stack."""
    (stack,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_a_nested_stack_is_transformed_and_updates_preserve_attributes(bed, upload):
    cloudformation, quick = bed.client("cloudformation"), {"Delay": 0.2, "MaxAttempts": 100}
    call = {"StackName": "transformed", "Capabilities": CAPABILITIES}
    cloudformation.create_stack(**call, **parent(upload, "first", CHILD))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="transformed", WaiterConfig=quick)
    created = outputs(cloudformation, "transformed")
    assert created["Table"]
    assert ":log-group:kept" in created["Logs"]
    changed = CHILD | {"Resources": CHILD["Resources"] | ADDED}
    cloudformation.update_stack(**call, **parent(upload, "second", changed))
    cloudformation.get_waiter("stack_update_complete").wait(StackName="transformed", WaiterConfig=quick)
    assert outputs(cloudformation, "transformed") == created


def test_a_new_release_moves_the_alias_of_a_nested_function(bed, upload):
    cloudformation, quick = bed.client("cloudformation"), {"Delay": 0.2, "MaxAttempts": 100}
    call = {"StackName": "released", "Capabilities": CAPABILITIES}
    cloudformation.create_stack(**call, **parent(upload, "child", RELEASED, Release="1111111111111111"))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="released", WaiterConfig=quick)
    first = outputs(cloudformation, "released")["Version"]
    cloudformation.update_stack(**call, **parent(upload, "child", RELEASED, Release="2222222222222222"))
    cloudformation.get_waiter("stack_update_complete").wait(StackName="released", WaiterConfig=quick)
    assert outputs(cloudformation, "released")["Version"] != first
