"""Imports that each kind of file may have, read from the source. `make check` runs import-linter for layers and cycles.

The kind of a file in a room is the suffix of its name: `signing_keys_service.py` is a service. A file without a known
suffix is part of the service. `own` is the room of the importing file, `near` its district.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {"vigil": ROOT / "layers/core/vigil", "functions": ROOT / "functions"}

AWS_PACKAGES = "aws_lambda_powertools aws_xray_sdk boto3 botocore snapshot_restore_py"
# Kind of file: files of vigil that it may import, and packages outside the standard library.
RULES = {
    "handler": ("bootstrap", ""),
    "routes": ("technical kernel errors model own.routes own.schemas own.service", "fastapi pydantic starlette"),
    "schemas": ("technical kernel errors model near.schemas own.service", "pydantic pydantic_core"),
    "authorizer": ("technical kernel errors model own.service", ""),
    "schedule": ("technical kernel errors model own.service", ""),
    "stream": ("technical kernel errors model own.service own.ports", ""),
    "steps": ("technical kernel errors model own.service", ""),
    "service": ("kernel errors model ports own.schemas near.service", "cryptography jwt pydantic pydantic_core"),
    "ports": ("kernel errors model ports", ""),
    "model": ("kernel errors model", ""),
    # Readers turn files of other formats into values, in a process of their own.
    "reader": ("kernel errors model ports own.reader", "pypdf"),
    # Only `vigil.aws.errors` translates failures of AWS, so a store does not need botocore.
    "store": ("technical kernel errors model ports own.store", "aws_lambda_powertools"),
    # The layers of import-linter say which files of vigil these may import.
    "bootstrap": ("any", ""),
    "technical": ("any", f"{AWS_PACKAGES} cryptography fastapi mangum pydantic pydantic_core starlette"),
    "kernel": ("any", ""),
    "errors": ("any", ""),
}
OUTSIDE_ROOMS = {name: name for name in ("bootstrap", "errors", "kernel")}
OUTSIDE_ROOMS |= dict.fromkeys(("aws", "outbound", "runtime", "web", "workers"), "technical")
ROLES = RULES.keys() - {"handler", *OUTSIDE_ROOMS.values()}
# Values that carry the name of their concept, so they count as models.
VALUES = {
    *("contract", "ensemble", "feature_spec", "file_limits"),
    *("group_attributes", "quantities", "row_encoder", "votes"),
}
PURE = (
    *(["outbound", name] for name in ("destinations", "guarded_https", "ports", "requests", "webhook_signatures")),
    *(["runtime", name] for name in ("last_known_cache", "native_libraries", "parallel")),
    *(["runtime", name] for name in ("retries", "sized_cache", "ttl_cache")),
    *(["workers", "cpu_limit"], ["outbound", "breakers", "model"]),
)
"""Technical modules without input or output, which services may use. C libraries are part of the code."""
SDKS = {"vigil.outbound.openai_calls": {"httpx2", "openai"}}
"""Modules that import the SDK of a vendor, or its HTTP client. Only functions that call the vendor import them."""
NEVER = {"lightgbm", "numpy", "pandas", "rich", "scipy", "sklearn", "typer"}
AT_IMPORT = ("os.environ", "os.getenv", "boto3.client", "boto3.resource", "boto3.Session", "boto3.session.Session")

BY_NAME = {"__import__", "import_module", "importlib", "pkgutil", "resolve_name", "runpy", "vigil"}
"""Names that load modules by a text, or all of vigil by its bare name. Submodules of importlib are other names."""


def kind(module):
    """Return the kind of a first-party module, and its district and room if it is in a room."""
    package, *parts = module.split(".")
    if package == "functions":
        return "handler", ()
    if parts in PURE:
        return "kernel", ()
    if not parts or (parts[0] in OUTSIDE_ROOMS and parts[:2] != ["workers", "sweeps"]):
        return OUTSIDE_ROOMS[parts[0]] if parts else "errors", ()
    if parts[0] == "prediction" and parts[-1] in VALUES:
        return "model", tuple(parts[:2])
    suffix = parts[-1].rpartition("_")[2] if len(parts) > 2 else "service"
    return (suffix if suffix in ROLES else "service"), tuple(parts[:2])


def violations(module, source):
    """Return each broken rule of a file as a sentence."""
    tree = ast.parse(source)
    mine, room = kind(module)
    inside, outside = (set(allowed.split()) for allowed in RULES[mine])
    for name in imported(tree):
        first = name.partition(".")[0]
        if first in NEVER:
            yield f"{module} imports {name}, which no function may import"
        elif first in SOURCES:
            if not ways(name, room) & inside:
                yield f"{module} imports {name}: a {mine} may import {', '.join(sorted(inside))}"
        elif first not in sys.stdlib_module_names | outside | SDKS.get(module, set()):
            yield f"{module} imports {name}: a {mine} may import {', '.join(sorted(outside)) or 'the standard library'}"
    for name in sorted(BY_NAME & {*names(tree)}):
        yield f"{module} uses {name}, which loads modules that no rule sees"
    for expression in run_at_import(tree):
        if expression.startswith(AT_IMPORT):
            yield f"{module} runs {expression} when it is imported"


def ways(name, room):
    """Return the names by which the rules of a room allow a module."""
    other, other_room = kind(name)
    found = {other, "any"} if name.startswith("vigil") else {other}
    found |= {f"near.{other}"} if other_room[:1] == room[:1] != () else set()
    return found | ({f"own.{other}"} if other_room == room != () else set())


def imported(tree):
    """Return the modules that a file imports at run time: `from vigil.aws import clients` is vigil.aws.clients."""
    for node in walk(tree, skip=is_typing_only):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            first_party = node.module.partition(".")[0] in SOURCES
            yield from {
                f"{node.module}.{alias.name}" if first_party and is_module(node.module, alias.name) else node.module
                for alias in node.names
            }


def names(tree):
    """Return the bare modules, functions and methods that a file imports or calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2]


def is_module(package, name):
    first, *parts = package.split(".")
    folder = SOURCES[first].joinpath(*parts)
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def run_at_import(tree):
    """Return the dotted names that a module reads when it is imported, which excludes the bodies of functions."""
    body = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    for node in walk(tree, skip=lambda node: isinstance(node, body)):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, body):
            decorators = getattr(node, "decorator_list", [])
            defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            inner = (part for each in (*decorators, *defaults) for part in ast.walk(each))
            yield from (ast.unparse(part) for part in inner if isinstance(part, ast.Attribute))


def walk(tree, skip):
    """Yield nodes like ast.walk, without the children of the nodes that `skip` selects."""
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


def test_every_file_obeys_the_rules():
    checked = dict(files())
    assert len(checked) > 30
    assert [broken for module, file in checked.items() for broken in violations(module, file.read_text())] == []


def test_every_folder_has_several_modules_or_rooms():
    vigil = SOURCES["vigil"]
    rooms = {file.parent for file in vigil.glob("*/**/*.py")}
    sizes = {room: sum(file.stem != "__init__" for file in room.glob("*.py")) for room in rooms}
    districts = {room for room in rooms if room.parent == vigil and any(other.parent == room for other in rooms)}
    assert [room.name for room, size in sizes.items() if size == 1 and room not in districts] == []


def test_the_sdk_of_a_vendor_is_loaded_by_its_own_module_only():
    others = sorted(module for module, _ in files() if module.startswith("vigil.") and module not in SDKS)
    code = f"import sys; [__import__(name) for name in {others}]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "vigil.assistant.answers.openai_selector" in loaded
    assert {"openai", "pinecone", "httpx", "httpx2"}.isdisjoint(loaded)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("vigil.decisions.scoring.model", "import pydantic"),
        ("vigil.decisions.scoring.model", "from vigil.decisions.scoring.ports import Ledger"),
        ("vigil.decisions.scoring.model", "from vigil.aws import clients"),
        ("vigil.decisions.scoring.ports", "from vigil.decisions.scoring.service import Scoring"),
        ("vigil.decisions.scoring.service", "from vigil.decisions.scoring.store import DynamoLedger"),
        ("vigil.decisions.scoring.service", "from vigil.prediction.packages.service import Registry"),
        ("vigil.decisions.scoring.service", "import boto3"),
        ("vigil.assistant.answers.openai_selector", "import openai"),
        ("vigil.outbound.https", "def f():\n    import openai"),
        ("vigil.outbound.openai_calls", "import pinecone"),
        ("vigil.decisions.scoring.service", "def f():\n    from vigil.runtime.telemetry import Telemetry"),
        ("vigil.decisions.scoring.store", "from vigil.prediction.packages.store import S3PackageStore"),
        ("vigil.decisions.scoring.store", "from vigil.decisions.scoring.service import Scoring"),
        ("vigil.decisions.scoring.store", "from vigil.decisions.batches.done_chunks_store import SettledChunks"),
        ("vigil.decisions.scoring.store", "from botocore.exceptions import ClientError"),
        ("vigil.decisions.scoring.routes", "from vigil.prediction.packages.routes import router"),
        ("vigil.decisions.scoring.routes", "from vigil.decisions.scoring.store import DynamoLedger"),
        ("vigil.decisions.scoring.routes", "from vigil.bootstrap.decisions import scoring"),
        ("vigil.access.tokens.oauth_routes", "from vigil.access.tokens.oauth_store import DynamoSessions"),
        ("vigil.access.tokens.signing_keys_service", "from vigil.access.tokens.signing_keys_store import SecretKeys"),
        ("vigil.access.tokens.authorizer", "from vigil.access.tenants.store import DynamoTenants"),
        ("vigil.workers.sweeps.service", "from vigil.workers.sweeps.store import DynamoPlaces"),
        ("vigil.assistant.passages.pdf_reader", "from vigil.aws import clients"),
        ("vigil.assistant.passages.splitting_model", "from vigil.assistant.passages.pdf_reader import read_pdf"),
        ("vigil.kernel.time", "import pydantic"),
        ("vigil.prediction.engines.lightgbm", "import lightgbm"),
        ("vigil.prediction.engines.lightgbm", "def f():\n    import numpy as np"),
        ("functions.scoring_api.handler", "from vigil.decisions.scoring.service import Scoring"),
        ("functions.scoring_api.handler", "from functions.tokens_authorizer import handler"),
        ("functions.scoring_api.handler", "import boto3"),
        ("vigil.aws.clients", "import boto3\nTABLE = boto3.resource('dynamodb')"),
        ("vigil.aws.clients", "import boto3\nclass Store:\n    client = boto3.client('s3')"),
        ("vigil.aws.clients", "import boto3\ndef f(client=boto3.client('s3')): ..."),
        ("vigil.runtime.settings", "import os\nSTAGE = os.environ['VIGIL_STAGE']"),
        ("vigil.runtime.settings", "import os\nSTAGE = os.getenv('VIGIL_STAGE')"),
        ("vigil.runtime.settings", "from os import environ"),
        ("vigil.kernel.time", "import importlib"),
        ("vigil.kernel.time", "from importlib import import_module"),
        ("vigil.kernel.time", "import pkgutil"),
        ("vigil.kernel.time", "def f():\n    return __import__('vigil.aws.clients')"),
        ("vigil.kernel.time", "import vigil"),
    ],
)
def test_broken_rule_is_found(module, source):
    assert len(list(violations(module, source))) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("vigil.decisions.scoring.model", "from vigil.prediction.packages.model import TrainedModel"),
        ("vigil.decisions.scoring.model", "from vigil.prediction.features.feature_spec import FeatureSpec"),
        ("vigil.decisions.scoring.model", "from vigil.errors import NotFound\nfrom vigil.kernel.time import X"),
        ("vigil.decisions.scoring.service", "from vigil.prediction.packages.ports import Engine"),
        ("vigil.decisions.scoring.routes", "from vigil.decisions.scoring.schemas import ScoreBody"),
        (
            "vigil.prediction.packages.store",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mypy_boto3_s3",
        ),
        ("vigil.aws.clients", "import boto3\ndef client():\n    return boto3.client('s3')"),
        ("vigil.bootstrap.decisions", "def f():\n    from vigil.decisions.scoring.store import DynamoLedger"),
    ],
)
def test_allowed_import_passes(module, source):
    assert list(violations(module, source)) == []
