"""Files and functions are short (CONTRIBUTING.md, "How we write")."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("layers", "functions", "cli", "models", "benchmarks", "tests")
PATHS = {str(path.relative_to(ROOT)): path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))}
MAX_FILE_LINES, MAX_FUNCTION_LINES = 300, 40


def long_functions(source):
    """Return name and lines of each function with too many lines; decorators do not count, inner functions do."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    lines = {node.name: node.end_lineno - node.lineno + 1 for node in found}
    return {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES}


def test_a_file_has_at_most_300_lines():
    lines = {name: len(path.read_text().splitlines()) for name, path in PATHS.items()}
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_a_function_has_at_most_40_lines():
    found = {name: long_functions(path.read_text()) for name, path in PATHS.items()}
    assert {name: functions for name, functions in found.items() if functions} == {}


@pytest.mark.parametrize(("lines", "found"), [(MAX_FUNCTION_LINES, {}), (MAX_FUNCTION_LINES + 1, {"f": 41})])
def test_a_function_above_the_limit_is_found(lines, found):
    assert long_functions("class A:\n    def f(self):\n" + "        a = 1\n" * (lines - 1)) == found
