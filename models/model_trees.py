"""Trees of a LightGBM model in text format (v4), as the packer reads them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

CATEGORICAL = 1
DEFAULT_LEFT = 2
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
MAX_SPLITS = 512

Refusal = Literal["not_binary", "linear", "categorical", "not_finite", "covers", "too_large", "too_deep", "differs"]
Codes: TypeAlias = int
"""Set of category codes as an integer: bit `c` is 1 if the set contains the code `c`."""

_WORD = 32


class NotPacked(Exception):
    """The model does not fit the format of packed tables and is served by LightGBM; `reason` is the cause."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Refusal = reason


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree as written by LightGBM: a negative kid is the leaf `~kid`.

    `sets` are the codes that go left, by the split's threshold, which is an index in a categorical split.
    """

    number: int
    feature: Sequence[int]
    threshold: Sequence[float]
    decision: Sequence[int]
    kids: Sequence[tuple[int, int]]
    leaf: Sequence[float]
    split_rows: Sequence[int]
    leaf_rows: Sequence[int]
    sets: Sequence[Codes]

    @classmethod
    def parse(cls, number: int, fields: Mapping[str, str]) -> "Tree":
        """Return the tree of these fields; raise NotPacked for linear leaves and inconsistent sets."""
        if fields.get("is_linear", "0") != "0":
            raise NotPacked("linear", f"tree {number} has linear leaves")
        left, right = _integers(fields, "left_child"), _integers(fields, "right_child")
        return cls(
            number=number,
            feature=_integers(fields, "split_feature"),
            threshold=_numbers(fields, "threshold"),
            decision=_integers(fields, "decision_type"),
            kids=list(zip(left, right, strict=True)),
            leaf=_numbers(fields, "leaf_value"),
            split_rows=_integers(fields, "internal_count"),
            leaf_rows=_integers(fields, "leaf_count") if left else [1],
            sets=list(_sets(number, fields)),
        )

    def rows(self, kid: int) -> int:
        """Return the number of training rows that passed a node."""
        return self.split_rows[kid] if kid >= 0 else self.leaf_rows[~kid]

    def codes(self, node: int) -> Codes | None:
        """Return the codes that a split sends to the left, or None for a numeric split."""
        if not self.decision[node] & CATEGORICAL:
            return None
        place = self.threshold[node]
        if not (0 <= place < len(self.sets) and place.is_integer()):
            raise NotPacked("categorical", f"tree {self.number} has a split without a set of categories")
        return self.sets[int(place)]

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


def read_model(model_text: bytes) -> tuple[dict[str, str], list[Tree]]:
    """Return the fields before the first tree, and the trees; raise NotPacked as `Tree.parse` does."""
    header, *trees = model_text.split(b"\nend of trees", 1)[0].decode().split("\nTree=")
    return _fields(header), [Tree.parse(number, _fields(tree)) for number, tree in enumerate(trees)]


def _sets(number: int, fields: Mapping[str, str]) -> Iterator[Codes]:
    bounds, words = _integers(fields, "cat_boundaries"), _integers(fields, "cat_threshold")
    if bounds != sorted(bounds) or (bounds and (bounds[0], bounds[-1]) != (0, len(words))):
        raise NotPacked("categorical", f"the sets of categories of tree {number} are inconsistent")
    for start, end in pairwise(bounds):
        yield sum(word << _WORD * place for place, word in enumerate(words[start:end]))


def _fields(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in text.split("\n"))}


def _integers(fields: Mapping[str, str], name: str) -> list[int]:
    return [int(x) for x in fields.get(name, "").split()]


def _numbers(fields: Mapping[str, str], name: str) -> list[float]:
    return [float(x) for x in fields.get(name, "").split()]
