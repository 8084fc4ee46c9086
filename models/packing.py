"""Packs a LightGBM model into the table that `layers/scoring/trees` walks, if the table can express the model.

Format, little-endian: magic, SHA-256 of the model text, numbers of features, slots, trees and nodes. Then follow the
nodes, the slots, the nodes per tree, and the training rows that passed each node. `trees.h` describes nodes and slots.
Version 2 ends with the categories: the number of features with sets, then for each one its numbers of sets and codes,
and the sets as bits in words of 32. A model without categories has version 1.
"""

import hashlib
import math
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from models.model_trees import DEFAULT_LEFT, MISSING_NONE, MISSING_ZERO, Codes, NotPacked, Tree, read_model

NUMERIC, WITH_CATEGORIES = b"VGLTREE1", b"VGLTREE2"
SLOT_MISSING_LEFT, SLOT_ZERO_IS_MISSING = 1, 2
MAX_FEATURES = 1 << 16
MAX_NODES, MAX_NODES_PER_TREE = 1 << 22, (1 << 16) - 1
MAX_DISTINCT_FEATURES = 32
MAX_MEMBERS = 1 << 24
"""Maximum sum over all features of sets x (codes + 1), which is the loaded size of the sets in bytes."""

_Slot: TypeAlias = tuple[int, int, Codes | None]
"""Feature, meaning of a missing value, and the set of a categorical split."""
_Node: TypeAlias = tuple[float, _Slot | None, int, int]
"""Threshold or leaf value, slot of a split, and the positions of the right and the left kid."""


@dataclass(slots=True)
class _Packing:
    """Sections of the table while trees are packed."""

    nodes: list[_Node] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def slots(self) -> list[_Slot]:
        """Return the distinct slots: sets of categories by feature, then numeric slots in order of their first node."""
        used = dict.fromkeys(slot for _, slot, _, _ in self.nodes if slot)
        sets = sorted((slot for slot in used if slot[2] is not None), key=itemgetter(0))
        return [*sets, *(slot for slot in used if slot[2] is None)] or [(0, 0, None)]


def pack_table(model_text: bytes) -> bytes:
    """Return the table of a model in LightGBM's text format (v4); raise NotPacked if it cannot be expressed."""
    fields, trees = read_model(model_text)
    if fields.get("objective") != "binary sigmoid:1" or fields.get("num_tree_per_iteration") != "1":
        raise NotPacked("not_binary", "only a single sum of trees with binary log-odds can be packed")
    if "average_output" in fields:
        raise NotPacked("not_binary", "random forests, which average their trees, cannot be packed")
    packing = _Packing()
    for tree in trees:
        _pack_tree(tree, packing)
    slots, width = packing.slots(), len(fields["feature_names"].split(" "))
    if width > MAX_FEATURES or len(slots) > MAX_FEATURES or len(packing.rows) > MAX_NODES:
        raise NotPacked("too_large", f"more than {MAX_FEATURES} features or splits of a kind, or {MAX_NODES} nodes")
    categories = _categories(slots)
    magic = WITH_CATEGORIES if categories else NUMERIC
    counts = width, len(slots), len(packing.sizes), len(packing.rows)
    return b"".join(
        (
            struct.pack("<8s32s4I", magic, hashlib.sha256(model_text).digest(), *counts),
            *_nodes(packing, slots),
            *(struct.pack("<2H", feature, missing) for feature, missing, _ in slots),
            struct.pack(f"<{len(packing.sizes)}I", *packing.sizes),
            struct.pack(f"<{len(packing.rows)}I", *packing.rows),
            categories,
        )
    )


def split_values(model_text: bytes) -> dict[int, list[float]]:
    """Return the thresholds of each feature on which a model splits, or the codes of its sets and the next one."""
    found = defaultdict[int, set[float]](set)
    for tree in read_model(model_text)[1]:
        for node, (feature, threshold) in enumerate(zip(tree.feature, tree.threshold, strict=True)):
            codes = tree.codes(node)
            found[feature].update([threshold] if codes is None else map(float, range(codes.bit_length() + 1)))
    return {feature: sorted(values) for feature, values in found.items()}


def _pack_tree(tree: Tree, packing: _Packing) -> None:
    order = list(tree.levels())
    if len(order) > MAX_NODES_PER_TREE:
        raise NotPacked("too_large", f"tree {tree.number} has more than {MAX_NODES_PER_TREE} nodes")
    position = {node: i for i, node in enumerate(order)}
    distinct = {order[0]: frozenset[int]()}
    for here, node in enumerate(order):
        packing.rows.append(_checked_rows(tree, node))
        if node < 0:
            packing.nodes.append((_finite(tree, tree.leaf[~node]), None, here, here))
            continue
        left, right = tree.kids[node]
        for kid in (left, right):
            distinct[kid] = distinct[node] | {tree.feature[node]}
        if len(distinct[left]) > MAX_DISTINCT_FEATURES:
            raise NotPacked("too_deep", f"a path of tree {tree.number} has more than {MAX_DISTINCT_FEATURES} features")
        slot = _slot(tree, node)
        threshold = _finite(tree, tree.threshold[node]) if slot[2] is None else 0.0
        packing.nodes.append((threshold, slot, position[right], position[left]))
    packing.sizes.append(len(order))


def _slot(tree: Tree, node: int) -> _Slot:
    """Return the feature of a split with its set of categories or its meaning of a missing value."""
    feature, decision = tree.feature[node], tree.decision[node]
    if (codes := tree.codes(node)) is not None:  # a missing value is then in no set
        return feature, 0, codes
    kind = decision >> 2
    if kind == MISSING_NONE:  # LightGBM then treats NaN as 0
        return feature, SLOT_MISSING_LEFT if tree.threshold[node] >= 0 else 0, None
    missing = SLOT_MISSING_LEFT if decision & DEFAULT_LEFT else 0
    return feature, missing | (SLOT_ZERO_IS_MISSING if kind == MISSING_ZERO else 0), None


def _nodes(packing: _Packing, slots: list[_Slot]) -> Iterator[bytes]:
    place = {slot: i for i, slot in enumerate(slots)}
    for value, slot, right, left in packing.nodes:
        yield struct.pack("<d4H", value, place[slot] if slot else 0, right, left, 0)


def _categories(slots: list[_Slot]) -> bytes:
    """Return the section of the categories, or nothing for a model without them."""
    parts, members = list[bytes](), 0
    for _, run in groupby((slot for slot in slots if slot[2] is not None), key=itemgetter(0)):
        sets = [codes or 0 for _, _, codes in run]
        codes = max(1, *(one.bit_length() for one in sets))
        members += len(sets) * (codes + 1)
        words = -(-codes // 32)
        parts.append(struct.pack("<2I", len(sets), codes) + b"".join(one.to_bytes(4 * words, "little") for one in sets))
    if members > MAX_MEMBERS:
        raise NotPacked("too_large", f"sets of categories with more than {MAX_MEMBERS} places for codes")
    return b"".join((struct.pack("<I", len(parts)), *parts)) if parts else b""


def _finite(tree: Tree, value: float) -> float:
    if math.isnan(value):
        raise NotPacked("not_finite", f"tree {tree.number} has a threshold or leaf that is not a number")
    return value


def _checked_rows(tree: Tree, node: int) -> int:
    rows = tree.rows(node)
    if not 0 < rows < 1 << 32 or (node >= 0 and sum(map(tree.rows, tree.kids[node])) != rows):
        raise NotPacked("covers", f"the training rows of tree {tree.number} do not add up")
    return rows
