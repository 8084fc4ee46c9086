"""Packs a LightGBM model into the table that `layers/scoring/trees` walks, if the table can express the model.

Format, little-endian: magic, SHA-256 of the model text, numbers of features, slots, trees and nodes. Then follow the
nodes, the slots, the nodes per tree, and the training rows that passed each node. `trees.h` describes nodes and slots.
"""

import hashlib
import math
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

MAGIC = b"VGLTREE1"
CATEGORICAL = 1
DEFAULT_LEFT = 2
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
SLOT_MISSING_LEFT, SLOT_ZERO_IS_MISSING = 1, 2
MAX_FEATURES = 1 << 16
MAX_NODES, MAX_NODES_PER_TREE = 1 << 22, (1 << 16) - 1
MAX_SPLITS, MAX_DISTINCT_FEATURES = 512, 32

Refusal = Literal["not_binary", "linear", "categorical", "not_finite", "covers", "too_large", "too_deep", "differs"]


class NotPacked(Exception):
    """The model does not fit the format of packed tables and is served by LightGBM; `reason` is the cause."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Refusal = reason


@dataclass(slots=True)
class _Packing:
    """Sections of the table while trees are packed."""

    slots: dict[tuple[int, int], int] = field(default_factory=dict)
    nodes: bytearray = field(default_factory=bytearray)
    sizes: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


def pack_table(model_text: bytes) -> bytes:
    """Return the table of a model in LightGBM's text format (v4); raise NotPacked if it cannot be expressed."""
    fields, trees = _read(model_text)
    if fields.get("objective") != "binary sigmoid:1" or fields.get("num_tree_per_iteration") != "1":
        raise NotPacked("not_binary", "only a single sum of trees with binary log-odds can be packed")
    if "average_output" in fields:
        raise NotPacked("not_binary", "random forests, which average their trees, cannot be packed")
    packing = _Packing()
    for number, tree in enumerate(trees):
        _pack_tree(_Tree.parse(number, tree), packing)
    width = len(fields["feature_names"].split(" "))
    if width > MAX_FEATURES or len(packing.slots) > MAX_FEATURES or len(packing.rows) > MAX_NODES:
        raise NotPacked("too_large", f"more than {MAX_FEATURES} features or {MAX_NODES} nodes")
    counts = width, max(len(packing.slots), 1), len(packing.sizes), len(packing.rows)
    slots = list(packing.slots) or [(0, 0)]
    return b"".join(
        (
            struct.pack("<8s32s4I", MAGIC, hashlib.sha256(model_text).digest(), *counts),
            packing.nodes,
            *(struct.pack("<2H", feature, missing) for feature, missing in slots),
            struct.pack(f"<{len(packing.sizes)}I", *packing.sizes),
            struct.pack(f"<{len(packing.rows)}I", *packing.rows),
        )
    )


def split_thresholds(model_text: bytes) -> dict[int, list[float]]:
    """Return the thresholds of each feature on which a model splits."""
    found = defaultdict[int, set[float]](set)
    for number, fields in enumerate(_read(model_text)[1]):
        tree = _Tree.parse(number, fields)
        for feature, threshold in zip(tree.feature, tree.threshold, strict=True):
            found[feature].add(threshold)
    return {feature: sorted(values) for feature, values in found.items()}


@dataclass(frozen=True, slots=True)
class _Tree:
    """One tree as written by LightGBM: a negative kid is the leaf `~kid`."""

    number: int
    feature: Sequence[int]
    threshold: Sequence[float]
    decision: Sequence[int]
    kids: Sequence[tuple[int, int]]
    leaf: Sequence[float]
    split_rows: Sequence[int]
    leaf_rows: Sequence[int]

    @classmethod
    def parse(cls, number: int, fields: Mapping[str, str]) -> "_Tree":
        if fields.get("is_linear", "0") != "0":
            raise NotPacked("linear", f"tree {number} has linear leaves")
        left, right = _integers(fields, "left_child"), _integers(fields, "right_child")
        leaf = _numbers(fields, "leaf_value")
        return cls(
            number=number,
            feature=_integers(fields, "split_feature"),
            threshold=_numbers(fields, "threshold"),
            decision=_integers(fields, "decision_type"),
            kids=list(zip(left, right, strict=True)),
            leaf=leaf,
            split_rows=_integers(fields, "internal_count"),
            leaf_rows=_integers(fields, "leaf_count") if left else [1],
        )

    def rows(self, kid: int) -> int:
        """Return the number of training rows that passed a node."""
        return self.split_rows[kid] if kid >= 0 else self.leaf_rows[~kid]

    def levels(self) -> Iterator[int]:
        """Yield the nodes level by level, which is their order in the table."""
        level = [0 if self.kids else ~0]
        for depth in range(MAX_SPLITS + 2):
            yield from level
            level = [kid for node in level if node >= 0 for kid in self.kids[node]]
            if not level:
                return
            if depth > MAX_SPLITS:
                break
        raise NotPacked("too_deep", f"tree {self.number} has a path of more than {MAX_SPLITS} splits")


def _pack_tree(tree: _Tree, packing: _Packing) -> None:
    order = list(tree.levels())
    if len(order) > MAX_NODES_PER_TREE:
        raise NotPacked("too_large", f"tree {tree.number} has more than {MAX_NODES_PER_TREE} nodes")
    position = {node: i for i, node in enumerate(order)}
    distinct = {order[0]: frozenset[int]()}
    for here, node in enumerate(order):
        packing.rows.append(_checked_rows(tree, node))
        if node < 0:
            packing.nodes += _node(tree, tree.leaf[~node], 0, here, here)
            continue
        slot = packing.slots.setdefault(_slot(tree, node), len(packing.slots))
        left, right = tree.kids[node]
        for kid in (left, right):
            distinct[kid] = distinct[node] | {tree.feature[node]}
        if len(distinct[left]) > MAX_DISTINCT_FEATURES:
            raise NotPacked("too_deep", f"a path of tree {tree.number} has more than {MAX_DISTINCT_FEATURES} features")
        packing.nodes += _node(tree, tree.threshold[node], slot, position[right], position[left])
    packing.sizes.append(len(order))


def _slot(tree: _Tree, node: int) -> tuple[int, int]:
    """Return the feature of a split and the split's meaning of a missing value."""
    decision = tree.decision[node]
    if decision & CATEGORICAL:
        raise NotPacked("categorical", f"tree {tree.number} splits on categories")
    kind = decision >> 2
    if kind == MISSING_NONE:  # LightGBM then treats NaN as 0
        return tree.feature[node], SLOT_MISSING_LEFT if tree.threshold[node] >= 0 else 0
    missing = SLOT_MISSING_LEFT if decision & DEFAULT_LEFT else 0
    return tree.feature[node], missing | (SLOT_ZERO_IS_MISSING if kind == MISSING_ZERO else 0)


def _node(tree: _Tree, value: float, slot: int, right: int, left: int) -> bytes:
    if math.isnan(value):
        raise NotPacked("not_finite", f"tree {tree.number} has a threshold or leaf that is not a number")
    if slot >= MAX_FEATURES:
        raise NotPacked("too_large", f"more than {MAX_FEATURES} features")
    return struct.pack("<d4H", value, slot, right, left, 0)


def _checked_rows(tree: _Tree, node: int) -> int:
    rows = tree.rows(node)
    if not 0 < rows < 1 << 32 or (node >= 0 and sum(map(tree.rows, tree.kids[node])) != rows):
        raise NotPacked("covers", f"the training rows of tree {tree.number} do not add up")
    return rows


def _read(model_text: bytes) -> tuple[dict[str, str], list[dict[str, str]]]:
    header, *trees = model_text.split(b"\nend of trees", 1)[0].decode().split("\nTree=")
    return _fields(header), [_fields(tree) for tree in trees]


def _fields(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in text.split("\n"))}


def _integers(fields: Mapping[str, str], name: str) -> list[int]:
    return [int(x) for x in fields.get(name, "").split()]


def _numbers(fields: Mapping[str, str], name: str) -> list[float]:
    return [float(x) for x in fields.get(name, "").split()]
