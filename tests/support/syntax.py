"""Python sources of the project and their syntax trees, read once in a process."""

import ast
import gc
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("layers", "functions", "cli", "models", "benchmarks", "tests")
"""Folders with Python sources."""


@cache
def sources() -> Mapping[str, str]:
    """Return the text of each Python file by its path in the checkout."""
    files = (file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py")))
    return {str(file.relative_to(ROOT)): file.read_text() for file in files}


@cache
def trees() -> Mapping[str, ast.Module]:
    """Return the syntax tree of each Python file by its path in the checkout.

    Garbage collection finds nothing in trees and would take longer than the parser.
    """
    gc.disable()
    try:
        return {path: ast.parse(text) for path, text in sources().items()}
    finally:
        gc.freeze()
        gc.enable()
