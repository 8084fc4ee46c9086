"""Parameters that CloudFormation refuses before it creates anything, checked with the parameters of the template."""

import json

import pytest
from botocore.exceptions import ClientError

from cli.checkout import ROOT
from tests.support.templates import template

TEMPLATE = template(ROOT / "template.yaml")
NAMES = (
    *("Stage", "Architecture", "Release", "Protect"),
    *("LogRetentionDays", "ModelKeys", "OperatorsEmail", "TenantDomain"),
)
GOOD = {
    "Stage": "dev", "Architecture": "arm64", "Release": "0123456789abcdef", "Protect": "false", "ModelKeys": "{0}"
}  # fmt: skip
PROD = GOOD | {"Stage": "prod", "OperatorsEmail": "operators@vigil-operations.net"}


def plain(value):
    """Return a part of the template with long function names, as JSON needs them."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    long_names = {name: f"Fn::{name}" for name in ("Contains", "Equals", "Not", "Or")}
    return {long_names.get(name, name): plain(each) for name, each in value.items()}


@pytest.fixture(scope="module")
def create(bed):
    """Return a function that creates a stack with these parameters, the rules of the template, and a log group."""
    logs = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "Stage"}}}
    parameters = {name: plain(TEMPLATE["Parameters"][name]) for name in NAMES}
    body = {"Parameters": parameters, "Rules": plain(TEMPLATE["Rules"]), "Resources": {"Logs": logs}}

    def call(name, values):
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        cloudformation = bed.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body), Parameters=given)

    return call


@pytest.mark.parametrize("stage", ["dev", "local"])
def test_good_parameters_are_accepted(create, stage):
    create(f"good-{stage}", GOOD | {"Stage": stage})


@pytest.mark.parametrize("release", [None, "missing", ""])
def test_a_deployment_without_a_release_is_refused(create, release):
    values = {name: value for name, value in (GOOD | {"Release": release}).items() if value is not None}
    with pytest.raises(ClientError, match="Release"):
        create("unreleased", values)


def test_another_architecture_than_that_of_the_libraries_is_refused(create):
    with pytest.raises(ClientError, match="Architecture must be arm64"):
        create("foreign", GOOD | {"Architecture": "x86_64"})


def test_the_embedded_stack_has_the_architecture_of_its_machine(create):
    create("local", GOOD | {"Stage": "local", "Architecture": "x86_64"})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("OperatorsEmail", PROD | {"OperatorsEmail": ""}),
        ("LogRetentionDays", PROD | {"LogRetentionDays": "14"}),
        ("LogRetentionDays", GOOD | {"Stage": "staging", "LogRetentionDays": "7"}),
        ("ModelKeys", PROD | {"ModelKeys": "{}"}),
        ("TenantDomain", PROD | {"TenantDomain": "localhost"}),
    ],
)
def test_an_unsafe_parameter_of_a_deployment_is_refused(create, name, values):
    with pytest.raises(ClientError, match=f"{name} must"):
        create("unsafe", values)


def test_a_production_with_safe_parameters_is_accepted(create):
    create("prod", PROD | {"LogRetentionDays": "365", "TenantDomain": "vigil-operations.net"})
    create("staging", GOOD | {"Stage": "staging"})
    create("dev", GOOD | {"LogRetentionDays": "14", "TenantDomain": ""})
