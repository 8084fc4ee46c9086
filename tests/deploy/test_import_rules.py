"""Who may import whom (design, section 1), read from the source without running it.

`own` is the room that the file is in, `any` is every room. A file of a room without a line of its own in the table
(`registry/package.py`, `registry/gates.py`) is part of its service.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {"vigil": ROOT / "layers/core/vigil", "functions": ROOT / "functions"}

# what a file is: what it may import of vigil, and from outside the standard library
RULES = {
    "handler": ("bootstrap platform", ""),
    "bootstrap": ("bootstrap platform errors any.*", ""),
    "routes": ("errors platform any.model own.routes own.schemas own.service", "fastapi pydantic starlette"),
    "schemas": ("errors platform any.model own.schemas own.service", "pydantic pydantic_core"),
    "authorizer": ("errors platform any.model own.service", ""),
    "schedule": ("errors platform any.model own.service", ""),
    "stream": ("errors platform any.model own.service own.ports", ""),
    "steps": ("errors platform any.model own.service", ""),
    "service": ("errors any.model any.ports own.schemas own.service", "cryptography jwt pydantic pydantic_core"),
    "ports": ("errors any.model any.ports", ""),
    "model": ("errors any.model", ""),
    # Failures of AWS are translated in one place, `platform.asking`, so no store has a use for botocore.
    "store": ("errors platform any.model any.ports own.store", "aws_lambda_powertools"),
    "platform": (
        # Who is asking and what they may do is known to every route, so it is tenancy's model that the guards read.
        # How deep a document may be is the same for bodies, messages and files.
        "errors platform tenancy.model documents.model",
        "aws_lambda_powertools boto3 botocore cryptography fastapi mangum pydantic pydantic_core starlette",
    ),
    "errors": ("", ""),
}
NO_ROOM = {"bootstrap", "errors", "platform"}
NEVER = {"lightgbm", "numpy", "pandas", "rich", "scipy", "sklearn", "typer"}
AT_IMPORT = ("os.environ", "os.getenv", "boto3.client", "boto3.resource", "boto3.Session", "boto3.session.Session")


def kind(module):
    """Return the line of the table for a dotted first-party module, and its room."""
    package, *parts = module.split(".")
    if package == "functions":
        return "handler", None
    if not parts or parts[0] in NO_ROOM:
        return (parts or ["errors"])[0], None  # vigil itself is as bare as its errors
    leaf = parts[-1] if len(parts) > 1 else "service"
    return (leaf if leaf in RULES and leaf not in NO_ROOM else "service"), parts[0]


def violations(module, source):
    """Return each broken rule of a file as a sentence."""
    tree = ast.parse(source)
    mine, room = kind(module)
    inside, outside = (set(allowed.split()) for allowed in RULES[mine])
    for name in imported(tree):
        first = name.partition(".")[0]
        if first in NEVER:
            yield f"{module} imports {name}: the serving path never does"
        elif first in SOURCES:
            other, other_room = kind(name)
            ways = {other} if other_room is None else {f"any.{other}", "any.*"}
            ways |= {f"{other_room}.{other}"} if other_room else set()
            ways |= {f"own.{other}"} if other_room == room else set()
            if first == "functions" or not ways & inside:
                yield f"{module} imports {name}: a {mine} may import {', '.join(sorted(inside)) or 'nothing'}"
        elif first not in sys.stdlib_module_names | outside:
            yield f"{module} imports {name}: a {mine} may import {', '.join(sorted(outside)) or 'the standard library'}"
    for expression in run_at_import(tree):
        if expression.startswith(AT_IMPORT):
            yield f"{module} runs {expression} when it is imported"


def imported(tree):
    """Return the modules that a file imports at run time: for `from vigil.platform import aws`, vigil.aws.clients."""
    for node in walk(tree, skip=is_typing_only):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            first_party = node.module.partition(".")[0] in SOURCES
            yield from (f"{node.module}.{a.name}" if first_party and is_module(node.module, a.name) else node.module
                        for a in node.names)  # fmt: skip


def is_module(package, name):
    first, *parts = package.split(".")
    folder = SOURCES[first].joinpath(*parts)
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def run_at_import(tree):
    """Return the dotted names that are read while a module is imported: all but the insides of functions."""
    body = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    for node in walk(tree, skip=lambda node: isinstance(node, body)):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, body):
            yield from (ast.unparse(inner) for default in defaults(node) for inner in ast.walk(default)
                        if isinstance(inner, ast.Attribute))  # fmt: skip


def defaults(function):
    decorators = getattr(function, "decorator_list", [])
    return [*decorators, *filter(None, [*function.args.defaults, *function.args.kw_defaults])]


def walk(tree, skip):
    """Like ast.walk, but does not enter the nodes that `skip` names, though it returns them."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not skip(node):
            waiting.extend(ast.iter_child_nodes(node))


def is_typing_only(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def files():
    for package, folder in SOURCES.items():
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            yield ".".join([package, *(part for part in parts if part != "__init__")]), file


def test_every_file_keeps_the_rules():
    checked = dict(files())
    assert len(checked) > 30
    assert [broken for module, file in checked.items() for broken in violations(module, file.read_text())] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("vigil.decisions.scoring.model", "import pydantic"),
        ("vigil.decisions.scoring.model", "from vigil.decisions.scoring.ports import Ledger"),
        ("vigil.decisions.scoring.model", "from vigil.platform import aws"),
        ("vigil.decisions.scoring.ports", "from vigil.decisions.scoring.service import Scoring"),
        ("vigil.decisions.scoring.service", "from vigil.decisions.scoring.store import DynamoLedger"),
        ("vigil.decisions.scoring.service", "from vigil.scoring import store"),
        ("vigil.decisions.scoring.service", "from vigil.prediction.packages.service import Registry"),
        ("vigil.decisions.scoring.service", "import boto3"),
        ("vigil.decisions.scoring.service", "def f():\n    from vigil.runtime.telemetry import Telemetry"),
        ("vigil.decisions.scoring.store", "from vigil.prediction.packages.store import S3PackageStore"),
        ("vigil.decisions.scoring.store", "from vigil.decisions.scoring.service import Scoring"),
        ("vigil.decisions.scoring.routes", "from vigil.prediction.packages.routes import router"),
        ("vigil.decisions.scoring.routes", "from vigil.decisions.scoring.store import DynamoLedger"),
        ("vigil.decisions.scoring.routes", "from vigil.bootstrap.scoring import service"),
        ("vigil.access.tokens.authorizer", "from vigil.access.tenants.store import DynamoAccess"),
        ("vigil.web.app", "from vigil.decisions.scoring.model import Decision"),
        ("vigil.prediction.engines.lightgbm", "import lightgbm"),
        ("vigil.prediction.engines.lightgbm", "def f():\n    import numpy as np"),
        ("vigil.errors", "from vigil.platform import problems"),
        ("functions.scoring_api.handler", "from vigil.decisions.scoring.service import Scoring"),
        ("functions.scoring_api.handler", "from functions.tokens_authorizer import handler"),
        ("functions.scoring_api.handler", "import boto3"),
        ("vigil.decisions.scoring.store", "from botocore.exceptions import ClientError"),
        ("vigil.aws.clients", "import boto3\nTABLE = boto3.resource('dynamodb')"),
        ("vigil.aws.clients", "import boto3\nclass Store:\n    client = boto3.client('s3')"),
        ("vigil.aws.clients", "import boto3\ndef f(client=boto3.client('s3')): ..."),
        ("vigil.runtime.settings", "import os\nSTAGE = os.environ['VIGIL_STAGE']"),
        ("vigil.runtime.settings", "import os\nSTAGE = os.getenv('VIGIL_STAGE')"),
        ("vigil.runtime.settings", "from os import environ"),
    ],
)
def test_a_broken_rule_is_caught(module, source):
    assert len(list(violations(module, source))) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "vigil.decisions.scoring.model",
            "from vigil.prediction.packages.model import FeatureSpec\nfrom vigil.errors import NotFound",
        ),
        ("vigil.decisions.scoring.service", "from vigil.prediction.packages.ports import Engine"),
        ("vigil.decisions.scoring.routes", "from vigil.decisions.scoring.schemas import ScoreBody"),
        (
            "vigil.prediction.packages.store",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mypy_boto3_s3",
        ),
        ("vigil.aws.clients", "import boto3\ndef client():\n    return boto3.client('s3')"),
        ("vigil.bootstrap", "def f():\n    from vigil.decisions.scoring.store import DynamoLedger"),
    ],
)
def test_what_the_rules_allow_passes(module, source):
    assert list(violations(module, source)) == []
