"""Updates and conditions of moto without repeated work: moto parses an expression for each call, twice for updates."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from moto.dynamodb.comparisons import AttributeValue, ConditionExpressionParser
from moto.dynamodb.parsing.ast_nodes import (  # type: ignore[attr-defined]
    DepthFirstTraverser,
    Expression,
    Node,
    UpdateExpressionFunction,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.validators import (
    ActionCountValidator,
    OverlappingPathsValidator,
    UpdateExpressionValidator,
    UpdateHashRangeKeyValidator,
)

Kinds = tuple[type, ...]
CHECKS = (ActionCountValidator, OverlappingPathsValidator, UpdateHashRangeKeyValidator)
"""Processors that only check an expression, with its names and the keys of its table."""
_known: dict[tuple[type, Kinds], bool] = {}
_first_kind: dict[tuple[type, type], type | None] = {}
_checked: set[Any] = set()
_conditions: dict[Any, tuple[Any, list[str], list[str]]] = {}


@contextmanager
def quick_updates() -> Iterator[None]:
    """Parse each expression once, since moto changes only copies of it, and remember the kinds of nodes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UpdateExpressionParser, "make", staticmethod(cache(_tree)))
        patch.setattr(UpdateExpressionValidator, "validate", _validated)
        patch.setattr(DepthFirstTraverser, "traverse_node_recursively", _traverse)
        patch.setattr(Node, "find_clauses", _find_clauses)
        patch.setattr(Node, "__deepcopy__", _copied, raising=False)
        patch.setattr(ConditionExpressionParser, "parse", _parsed_once(ConditionExpressionParser.parse))
        patch.setattr(ConditionExpressionParser, "_make_operand", _bound(ConditionExpressionParser._make_operand))  # noqa: SLF001 - moto has no setting for it
        yield


_make = UpdateExpressionParser.make


def _tree(expression: str) -> Any:
    """Return the tree of an update expression, which remembers the expression."""
    tree = _make(expression)
    tree.expression = expression
    return tree


def _validated(validator: Any) -> Any:
    """Return the tree with the values of an update. An expression that has passed its checks is not checked again."""
    tree = validator.node_to_validate
    names = frozenset((validator.expression_attribute_names or {}).items())
    key = tree.expression, names, tuple(validator.table.table_key_attrs)
    for processor in validator.processors:
        if key not in _checked or not isinstance(processor, CHECKS):
            tree = processor.traverse(tree)
    _checked.add(key)
    return tree


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
        if type(child) is not str:
            _traverse(traverser, child, number)
    key = type(traverser), type(node)
    if key not in _first_kind:
        kinds = traverser.nodes_to_be_processed()
        _first_kind[key] = next((kind for kind in kinds if isinstance(node, kind)), None)
    if (kind := _first_kind[key]) is not None:
        node = traverser._processing_map()[kind](node)  # noqa: SLF001 - `process` of the class tests each kind anew
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
        elif type(child) is not str and _is_kind(child, (Expression, UpdateExpressionFunction)):
            found.extend(_find_clauses(child, kinds))
    return found


def _copied(node: Any, _memo: Any) -> Any:
    """Return a copy of a tree. The leaves of a parsed tree are texts."""
    copied = object.__new__(type(node))
    copied.__dict__.update(node.__dict__)
    if node.children:
        copied.children = [_copied(child, None) if _is_kind(child, (Node,)) else child for child in node.children]
        for child in copied.children:
            if _is_kind(child, (Node,)):
                child.parent = copied
    return copied


def _parsed_once(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a parser of conditions that remembers trees. The values of a condition are not part of its tree."""

    def parsed(parser: Any) -> Any:
        if not parser.condition_expression:
            return parse(parser)
        names = (parser.expression_attribute_names or {}).items()
        key = parser.condition_expression, frozenset(names), frozenset(parser.expression_attribute_values or ())
        if key not in _conditions:
            trees: list[Any] = []
            parser._make_op_condition = trees.append  # noqa: SLF001 - the tree is no result of the parser
            parse(parser)
            del parser._make_op_condition  # noqa: SLF001 - see above
            _conditions[key] = trees[0], [*parser.expr_attr_names_found], [*parser.expr_attr_values_found]
        tree, names_found, values_found = _conditions[key]
        parser.expr_attr_names_found, parser.expr_attr_values_found = [*names_found], [*values_found]
        return parser._make_op_condition(tree)  # noqa: SLF001 - see above

    return parsed


def _bound(make_operand: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a maker of operands that takes a value by its name from the call, not from the tree."""

    def made(parser: Any, node: Any) -> Any:
        if node.kind == parser.Kind.EXPRESSION_ATTRIBUTE_VALUE:
            return AttributeValue(parser.expression_attribute_values[node.text])
        return make_operand(parser, node)

    return made
