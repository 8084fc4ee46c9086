"""Test modules are independent of each other and of Vigil's private names."""

import ast
import re

import pytest

from tests.support import syntax

PLANTED = "tests/faults/planted"
"""Start of the paths that may use private names: planted bugs override private methods."""
MAX_NAME_CHARACTERS = 70
FOREIGN = {
    *("_make_api_call", "_getframe", "_exit"),
    *("_serialize_type_structure", "_serialize_type_map", "_make_op_condition", "_make_operand", "_processing_map"),
}
"""Private names of botocore, moto and the standard library, which some tests need."""
SEAM = {"tests/support/aws_calls.py", "tests/support/faultbed/virtual_queues.py"}
"""Modules that may replace calls of AWS clients. A patch elsewhere would miss one of the two kinds of clients."""


def imported(tree, package):
    """Return the dotted path of each name that is imported from a package."""
    nodes = list(ast.walk(tree))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    origins = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = [f"{node.module}.{alias.name}" for node in origins for alias in node.names]
    return [path for path in [*modules, *names] if path.startswith(f"{package}.")]


def imported_tests(tree):
    """Return the imports of test modules and conftests."""
    paths = imported(tree, "tests")
    return [path for path in paths if any(part == "conftest" or part.startswith("test_") for part in path.split("."))]


def is_private(path):
    name = path.rpartition(".")[2]
    return name.startswith("_") and not name.startswith("__") and name not in {"_", *FOREIGN}


def is_own(owner):
    """Return True for `self`, `cls` and `super()`."""
    if isinstance(owner, ast.Call):
        return isinstance(owner.func, ast.Name) and owner.func.id == "super"
    return isinstance(owner, ast.Name) and owner.id in {"self", "cls"}


def private_names(tree):
    """Return the private names that are imported from Vigil, read from another object, or patched by name."""
    nodes = list(ast.walk(tree))
    read = [node.attr for node in nodes if isinstance(node, ast.Attribute) and not is_own(node.value)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setattr")]
    patched = [each.value for call in calls for each in call.args[:2] if isinstance(each, ast.Constant)]
    return [name for name in [*imported(tree, "vigil"), *read, *patched] if is_private(str(name))]


def replaced_calls(tree):
    """Return the names in a module with which a test replaces calls of AWS clients."""
    used = [getattr(node, "attr", getattr(node, "value", None)) for node in ast.walk(tree)]
    return {each for each in used if isinstance(each, str)} & {"_make_api_call", "before-send", "before-call"}


@pytest.fixture(scope="module")
def trees():
    """The syntax trees of all modules of tests by their paths."""
    return {path: tree for path, tree in syntax.trees().items() if path.startswith("tests/")}


def test_a_module_imports_no_test_module(trees):
    found = {name: imported_tests(tree) for name, tree in trees.items()}
    assert {name: imports for name, imports in found.items() if imports} == {}


def test_a_module_uses_no_private_name_of_vigil(trees):
    found = {name: private_names(tree) for name, tree in trees.items() if not name.startswith(PLANTED)}
    assert {name: names for name, names in found.items() if names} == {}


def test_calls_of_aws_clients_are_replaced_in_one_place(trees):
    found = {name: replaced_calls(tree) for name, tree in trees.items() if name not in SEAM and "/style/" not in name}
    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import tests.unit.web.test_app",
        "from tests.unit.web import test_app",
        "from tests.unit.web.test_app import api",
        "from tests.functions.conftest import deployment",
    ],
)
def test_an_import_of_a_test_module_is_found(code):
    assert len(imported_tests(ast.parse(code))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "from vigil.decisions.batches.store import _key",
        "store._table",
        "service()._clock",
        "monkeypatch.setattr(service, '_clock', now)",
        "monkeypatch.setattr('vigil.web.app._handler', None)",
    ],
)
def test_a_private_name_of_vigil_is_found(code):
    assert len(private_names(ast.parse(code))) == 1


def test_public_and_own_names_are_not_reported():
    code = "from vigil.web.app import build\nself._a = super()._b\nclient._make_api_call\n_, x = __name__, app.__dict__"
    assert private_names(ast.parse(code)) == []


def test_names_of_tests_have_at_most_70_characters():
    modules = [source for path, source in syntax.sources().items() if path.startswith("tests/")]
    names = [name for source in modules for name in re.findall(r"def (test_\w+)", source)]
    assert [name for name in names if len(name) > MAX_NAME_CHARACTERS] == []
