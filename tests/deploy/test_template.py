"""Guarantees of all templates, functions and roles, read from the templates."""

import json
import subprocess
import tomllib
from importlib import import_module

import pytest

from cli.checkout import ROOT, tool_python
from functions.build import folder
from tests.support.templates import DISTRICTS, TEMPLATES, functions, lint, resources, roles, routes, template

STAGES = ("local", "dev", "staging", "prod")
FUNCTIONS = functions()
ROLES = roles()
ROUTES = routes()
SHARED = [*resources(TEMPLATES[0], "AWS::Serverless::Application")["Decisions"]["Parameters"]]
WITHOUT_RESOURCES = {
    *("xray:PutTraceSegments", "xray:PutTelemetryRecords", "lambda:ListEventSourceMappings"),
    *(
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:ListMetrics",
    ),
}
"""Actions that IAM grants without the name of a resource: traces, and reads of lists and metrics.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""


def test_cfn_lint_has_nothing_to_say():
    assert lint(*TEMPLATES) == ""


def test_sam_accepts_the_template(tmp_path):
    command = [tool_python("sam"), "-m", "samcli", "validate", "--lint", "--config-env", "local"]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0", "AWS_ACCESS_KEY_ID": "none"}
    env |= {"AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1", "__SAM_CLI_APP_DIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_handler_and_a_sample_event(name):
    module = import_module(f"functions.{folder(name)}.handler")
    assert callable(module.lambda_handler)
    assert isinstance(json.loads((ROOT / "events" / f"{folder(name)}.json").read_text()), dict)


def test_every_folder_and_event_belongs_to_a_function():
    known = {folder(name) for name in FUNCTIONS}
    assert {path.parent.name for path in ROOT.glob("functions/*/handler.py")} == known
    assert {path.name.split(".")[0] for path in ROOT.glob("events/*.json")} == known


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_limits_and_those_with_callers_have_snapshots(name):
    function = FUNCTIONS[name]
    assert {"MemorySize", "Timeout", "Role", "LoggingConfig"} <= function.keys()
    waited_for = folder(name) in {route.function for route in ROUTES.values()}
    asked_first = name == "TokensAuthorizer"
    # Snapshots of Python are billed: nobody waits for workers and schedules.
    assert ("SnapStart" in function) is (waited_for or asked_first)
    assert function.get("SnapStart", {"ApplyOn": "PublishedVersions"}) == {"ApplyOn": "PublishedVersions"}
    assert (function["AutoPublishAlias"], function["Runtime"], function["Tracing"]) == ("live", "python3.13", "Active")
    assert template(TEMPLATES[0])["Parameters"]["Architecture"]["Default"] == "arm64"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_role_and_log_group_stand_beside_their_function(name):
    function = FUNCTIONS[name]
    kebab = folder(name).replace("_", "-")
    (district,) = [template(path)["Resources"] for path in DISTRICTS if name in template(path)["Resources"]]
    assert function["FunctionName"] == {"Sub": f"${{StackName}}-{kebab}"}
    assert function["Role"] == {"GetAtt": f"{name}Role.Arn"}
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}
    logs = district[f"{name}Logs"]
    assert logs["Properties"]["LogGroupName"] == {"Sub": f"/aws/lambda/${{StackName}}-{kebab}"}
    assert logs["DeletionPolicy"] == "Delete"
    (policy,) = district[f"{name}Role"]["Properties"]["Policies"]
    (writing,) = [one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "WriteLogs"]
    assert writing["Resource"] == {"GetAtt": f"{name}Logs.Arn"}


@pytest.mark.parametrize("district", DISTRICTS, ids=lambda path: path.stem)
def test_districts_share_their_parameters_and_globals(district):
    first, own = template(DISTRICTS[0]), template(district)
    shared = [name for name in first["Parameters"] if name in SHARED][: SHARED.index("BatchAssembliesUrl") + 1]
    assert [*own["Parameters"]][: len(shared)] == shared
    assert {name: own["Parameters"][name] for name in shared} == {name: first["Parameters"][name] for name in shared}
    assert (own["Globals"], own["Conditions"]) == (first["Globals"], first["Conditions"])
    given = resources(TEMPLATES[0], "AWS::Serverless::Application")[district.stem.capitalize()]
    assert given["Location"] == f"infra/functions/{district.name}"
    assert given["Parameters"].keys() == own["Parameters"].keys()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_small_enough_to_be_sent_inline(path):
    assert path.stat().st_size < 51_200
    assert len(template(path)["Resources"]) <= 500
    assert len(template(path).get("Parameters", {})) <= 200


def test_every_function_has_a_role_of_its_own():
    assert ROLES.keys() == FUNCTIONS.keys()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_grants_named_actions_on_named_resources(role):
    properties = ROLES[role]
    assert "ManagedPolicyArns" not in properties
    for statement in properties["Policies"][0]["PolicyDocument"]["Statement"]:
        assert not [action for action in statement["Action"] if "*" in action]
        assert statement["Resource"] != "*" or set(statement["Action"]) <= WITHOUT_RESOURCES


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_its_deployment_settings(stage):
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    deploy = config[stage]["deploy"]["parameters"]
    assert config[stage]["validate"]["parameters"]["lint"] is True
    assert deploy["capabilities"] == "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"
    if stage != "local":
        assert f"Stage={stage} Architecture=arm64" in deploy["parameter_overrides"]
        assert f"stage={stage}" in deploy["tags"]
    if stage == "prod":
        assert deploy["confirm_changeset"] is True


def test_a_changed_layer_changes_every_function(monkeypatch, tmp_path):
    build = import_module("functions.build")
    (tmp_path / "layers").mkdir()
    (tmp_path / "uv.lock").write_text("")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    source = tmp_path / "layers" / "a.py"
    source.write_text("1")
    before = build.fingerprint()
    assert build.fingerprint() == before
    source.write_text("2")
    assert build.fingerprint() != before
