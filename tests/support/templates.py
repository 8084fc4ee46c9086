"""Templates as data, each read once; CloudFormation's short tags are one-entry mappings."""

import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

INFRA = Path(__file__).parents[2] / "infra"
ROOT = INFRA.parent / "template.yaml"
DISTRICTS = tuple(sorted((INFRA / "functions").glob("*.yaml")))
"""The templates of functions with their roles, log groups and alarms."""
TEMPLATES = (ROOT, *sorted(INFRA.rglob("*.yaml")))
"""Every template, the root first."""
_INTEGRATION = re.compile(r"\$\{Integrations\}-([a-z-]+):live/invocations")


@dataclass(frozen=True)
class Route:
    """The folder of the function that serves a path, and whether a caller needs a credential."""

    function: str
    guarded: bool


class _Loader(yaml.CSafeLoader):
    """YAML with the short tags."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.SequenceNode():
            return {suffix: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {suffix: loader.construct_mapping(node, deep=True)}
        case yaml.ScalarNode():
            return {suffix: loader.construct_scalar(node)}
    raise TypeError(f"unknown YAML node {node}")


_Loader.add_multi_constructor("!", _tag)


@cache
def template(path: Path) -> dict[str, Any]:
    """Return a template."""
    found: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader with inert tags
    return found


def resources(path: Path, kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of a template's resources of a type, by logical id; `_` is the resource itself."""
    found = template(path)["Resources"].items()
    return {name: one.get("Properties", {}) | {"_": one} for name, one in found if one["Type"] == kind}


@cache
def functions() -> dict[str, dict[str, Any]]:
    """Return the properties of every function, with those that its district shares, by logical id."""
    return {
        name: _shared(template(path)["Globals"]["Function"], own)
        for path in DISTRICTS
        for name, own in resources(path, "AWS::Serverless::Function").items()
    }


@cache
def roles() -> dict[str, dict[str, Any]]:
    """Return the properties of the role of every function, by the logical id of the function."""
    found = [resources(path, "AWS::IAM::Role") for path in DISTRICTS]
    return {name.removesuffix("Role"): role for district in found for name, role in district.items()}


def lint(*paths: Path) -> str:
    """Return the findings of cfn-lint about templates; empty if there are none."""
    tool = str(Path(sys.executable).with_name("cfn-lint"))
    command = [tool, "--regions", "us-east-1", "eu-west-1", "--", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = done.stdout + done.stderr
    assert found or done.returncode == 0
    return found


@cache
def routes() -> dict[str, Route]:
    """Return the routes of the API, by path."""
    (api,) = resources(INFRA / "api.yaml", "AWS::Serverless::Api").values()
    return {path: _route(item) for path, item in api["DefinitionBody"]["paths"].items()}


def _shared(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return properties merged as SAM merges globals: mappings by key, lists one after the other."""
    merged = shared | own
    for name in shared.keys() & own.keys():
        if isinstance(own[name], dict):
            merged[name] = _shared(shared[name], own[name])
        elif isinstance(own[name], list):
            merged[name] = shared[name] + own[name]
    return merged


def _route(item: dict[str, Any]) -> Route:
    """Return the route of a path item, whose one method is ANY."""
    ((method, operation),) = item.items()
    assert method == "x-amazon-apigateway-any-method"
    called = _INTEGRATION.fullmatch(operation["x-amazon-apigateway-integration"]["uri"]["Sub"])
    assert called is not None
    return Route(called[1].replace("-", "_"), operation.get("security") != [{"NONE": []}])
