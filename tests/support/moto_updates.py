"""Updates of moto without repeated work. moto parses an expression for each update and tests kinds of nodes slowly."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from moto.dynamodb.parsing.ast_nodes import (  # type: ignore[attr-defined]
    DepthFirstTraverser,
    Expression,
    Node,
    UpdateExpressionFunction,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]

Kinds = tuple[type, ...]
_processed: dict[type, Kinds] = {}
_known: dict[tuple[type, Kinds], bool] = {}


@contextmanager
def quick_updates() -> Iterator[None]:
    """Parse each update expression once, since moto changes only copies of it, and remember the kinds of nodes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UpdateExpressionParser, "make", staticmethod(cache(UpdateExpressionParser.make)))
        patch.setattr(DepthFirstTraverser, "traverse_node_recursively", _traverse)
        patch.setattr(Node, "find_clauses", _find_clauses)
        yield


def _is_kind(node: Any, kinds: Kinds) -> bool:
    """Return isinstance of a node, from memory. Classes of nodes are abstract, which is slow to test."""
    key = type(node), kinds
    if key not in _known:
        _known[key] = isinstance(node, kinds)
    return _known[key]


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:
    """Process the nodes of a tree bottom up; return the new tree."""
    if not _is_kind(node, (Node,)):
        return node
    parent = node.parent
    for number, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, number)
        _traverse(traverser, child, number)
    if type(traverser) not in _processed:
        _processed[type(traverser)] = traverser.nodes_to_be_processed()
    if _is_kind(node, _processed[type(traverser)]):
        node = traverser.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


def _find_clauses(node: Any, kinds: list[type]) -> list[Any]:
    """Return the clauses of these kinds below a node."""
    found = []
    for child in node.children or ():
        if type(child) in kinds:
            found.append(child)
        elif _is_kind(child, (Expression, UpdateExpressionFunction)):
            found.extend(_find_clauses(child, kinds))
    return found
