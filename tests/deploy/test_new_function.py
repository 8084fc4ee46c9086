"""A new function changes at most seven files. The test adds one to a copy of the sources and runs the checks there."""

import hashlib
import os
import re
import shutil
import subprocess
import sys

import pytest

from cli.checkout import ROOT
from tests.support.templates import lint

LEFT_OUT = shutil.ignore_patterns(".*", "docs")
CHECKS = (
    *("tests/deploy/test_template.py", "tests/deploy/test_api_template.py", "tests/deploy/test_function_variables.py"),
    *("tests/deploy/test_policies.py", "tests/deploy/test_routes.py", "tests/deploy/test_failure_sources.py"),
)
MOST_FILES = 7

HANDLER = '''"""A function that a test adds."""

from typing import Any

from vigil.bootstrap import money_dummy


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return money_dummy.api()(event, context)
'''
WIRING = '''"""Wiring of the function that a test adds."""

from collections.abc import Callable
from typing import Any


def api() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return the application."""
    return lambda event, context: {"statusCode": 204, "body": ""}
'''
DISTRICT = """
  MoneyDummy:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      FunctionName: !Sub ${StackName}-money-dummy
      AutoPublishCodeSha256: !Ref Release
      Description: A function that a test adds.
      SnapStart: {ApplyOn: PublishedVersions}
      Role: !GetAtt MoneyDummyRole.Arn
      MemorySize: 512
      Timeout: 10
      LoggingConfig: {LogGroup: !Ref MoneyDummyLogs}
      Environment:
        Variables:
          POWERTOOLS_SERVICE_NAME: money-dummy

  MoneyDummyRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: *assumed-by-lambda
      Policies:
        - PolicyName: money-dummy
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - *use-data-key
              - Sid: WriteLogs
                Effect: Allow
                Action: [logs:CreateLogStream, logs:PutLogEvents]
                Resource: !GetAtt MoneyDummyLogs.Arn
              - *write-traces

  MoneyDummyLogs:
    Type: AWS::Logs::LogGroup
    DeletionPolicy: Delete
    UpdateReplacePolicy: Retain
    Properties:
      LogGroupName: !Sub /aws/lambda/${StackName}-money-dummy
      RetentionInDays: !Ref LogRetentionDays
"""
SUBSCRIPTION = """
  FromMoneyDummy:
    Type: AWS::Logs::SubscriptionFilter
    DependsOn: MayInvoke
    Properties:
      <<: *to-the-intake
      LogGroupName: !Sub /aws/lambda/${StackName}-money-dummy
"""
ROUTE = r"""\1:
            x-amazon-apigateway-any-method:
              x-amazon-apigateway-integration:
                <<: *by-proxy
                uri: !Sub ${Integrations}-money-dummy:live/invocations
"""
PERMISSION = """  CallMoneyDummy:
    Type: AWS::Lambda::Permission
    Properties: {<<: *by-gateway, FunctionName: !Sub "${Functions}-money-dummy:live"}

Outputs:
"""
TEST = """from functions.money_dummy.handler import lambda_handler


def test_an_event_is_answered():
    assert lambda_handler({}, None)["statusCode"] == 204
"""


@pytest.fixture
def tree(tmp_path):
    """Return a copy of the sources and of their bytecode, which the checks would otherwise compile three times."""
    copy = shutil.copytree(ROOT, tmp_path / "tree", ignore=LEFT_OUT)
    (copy / ".venv").symlink_to(ROOT / ".venv")  # location of the tools of the checks
    return copy


def state(tree):
    """Return the digest of each file by its path."""
    paths = [path for path in tree.rglob("*") if path.is_file() and not {".venv", "__pycache__"} & {*path.parts}]
    return {path.relative_to(tree): hashlib.sha256(path.read_bytes()).digest() for path in paths}


def add_function(tree):
    """Add a function that takes over a route of another function."""
    written = {
        "functions/money_dummy/handler.py": HANDLER,
        "layers/core/vigil/bootstrap/money_dummy.py": WIRING,
        "events/money_dummy.json": "{}\n",
        "tests/functions/test_money_dummy.py": TEST,
    }
    for name, text in written.items():
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text)
    with (tree / "infra/functions/money.yaml").open("a") as district:
        district.write(DISTRICT)
    with (tree / "infra/failure_sources.yaml").open("a") as sources:
        sources.write(SUBSCRIPTION)
    api = tree / "infra/api.yaml"
    # This path refers to the integration of an earlier path.
    routed, routes = re.subn(r"^( {10}/\S+): \*[\w-]+\n", ROUTE, api.read_text(), count=1, flags=re.MULTILINE)
    before, outputs, after = routed.partition("Outputs:\n")
    assert (routes, outputs) == (1, "Outputs:\n")
    api.write_text(before + PERMISSION + after)


def check(tree, *options):
    """Run pytest in a tree with the modules of that tree."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    paths = os.pathsep.join(map(str, (tree, tree / "layers" / "core")))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = kept | {"PYTHONPATH": paths}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def test_a_new_function_changes_seven_files_and_passes_every_check(tree):
    before = state(tree)
    add_function(tree)
    after = state(tree)
    touched = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert len(touched) <= MOST_FILES, touched
    assert lint(*(tree / path for path in touched if path.suffix == ".yaml")) == ""
    # `sam validate` reads only the root template, which does not change.
    done = check(tree, "-vv", "-k", "not sam_accepts and not cfn_lint", *CHECKS, "tests/functions/test_money_dummy.py")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "[MoneyDummy]" in done.stdout


def test_a_new_function_without_its_permission_is_refused(tree):
    add_function(tree)
    api = tree / "infra/api.yaml"
    api.write_text(api.read_text().replace(PERMISSION, "Outputs:\n"))
    done = check(tree, "-k", "may_call_exactly", CHECKS[1])
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-1000:]
