"""Files and functions are short (CONTRIBUTING.md, "How we write")."""

import ast

import pytest

from tests.support.syntax import sources, trees

MAX_FILE_LINES, MAX_FUNCTION_LINES = 300, 40


def long_functions(tree):
    """Return name and lines of each function with too many lines; decorators do not count, inner functions do."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    lines = {node.name: node.end_lineno - node.lineno + 1 for node in found}
    return {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES}


def test_a_file_has_at_most_300_lines():
    lines = {path: len(source.splitlines()) for path, source in sources().items()}
    assert {path: count for path, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_a_function_has_at_most_40_lines():
    found = {path: long_functions(tree) for path, tree in trees().items()}
    assert {path: functions for path, functions in found.items() if functions} == {}


@pytest.mark.parametrize(("lines", "found"), [(MAX_FUNCTION_LINES, {}), (MAX_FUNCTION_LINES + 1, {"f": 41})])
def test_a_function_above_the_limit_is_found(lines, found):
    source = "class A:\n    def f(self):\n" + "        a = 1\n" * (lines - 1)
    assert long_functions(ast.parse(source)) == found
