"""Forests as they are written in packages: JSON of nodes in arrays."""

from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from vigil.errors import ModelRefused

LEAF = -1
_INCONSISTENT = "the trees of {} are incomplete or inconsistent"


@dataclass(frozen=True, slots=True)
class Forest:
    """All trees in one sequence of nodes; each node has a feature (-1 in a leaf), a threshold and two child positions.

    `missing_left` is true if a missing value goes left. `length` is a leaf's path length, including the expected rest
    of an unfinished branch. `roots` are the positions of the trees' first nodes. `normal` is the mean path length that
    gives a score of one half. Values are compared in single precision, as in training.
    """

    features: tuple[str, ...]
    roots: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    missing_left: tuple[bool, ...]
    length: tuple[float, ...]
    normal: float


def read_forest(content: bytes, file: str) -> Forest:
    """Return the forest of a file in JSON; the children of its nodes are not checked yet.

    Raises ModelRefused (`malformed`) unless every node has all its values.
    """
    try:
        forest = _forests().validate_json(content, strict=True)
    except ValidationError as error:
        raise ModelRefused("malformed", f"{file} is not a valid forest") from error
    count = len(forest.feature)
    sizes = {len(forest.threshold), len(forest.left), len(forest.right), len(forest.missing_left), len(forest.length)}
    if sizes != {count} or not forest.roots or not forest.normal > 0:
        raise ModelRefused("malformed", _INCONSISTENT.format(file))
    return forest


def check_nodes(forest: Forest, file: str) -> None:
    """Raise ModelRefused (`malformed`) unless every walk ends and every feature exists.

    The C library makes the same check: children come after their parents.
    """
    count = len(forest.feature)
    inner = (node for node in range(count) if forest.feature[node] != LEAF)
    if not all(0 <= root < count for root in forest.roots) or not all(
        0 <= forest.feature[node] < len(forest.features)
        and node < forest.left[node] < count
        and node < forest.right[node] < count
        for node in inner
    ):
        raise ModelRefused("malformed", _INCONSISTENT.format(file))


@cache
def _forests() -> TypeAdapter[Forest]:
    return TypeAdapter(Forest)
