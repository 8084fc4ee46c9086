"""Forests as they are written in packages: JSON of nodes in arrays."""

from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from vigil.errors import ModelRefused

LEAF = -1


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
    """Return the forest of a file in JSON, after checking that every walk ends and every feature exists.

    Raises ModelRefused (`malformed`).
    """
    try:
        forest = _forests().validate_json(content, strict=True)
    except ValidationError as error:
        raise ModelRefused("malformed", f"{file} is not a valid forest") from error
    _check(forest, file)
    return forest


def _check(forest: Forest, file: str) -> None:
    """Check that every walk ends and every feature exists: children come after their parents."""
    count = len(forest.feature)
    sizes = {len(forest.threshold), len(forest.left), len(forest.right), len(forest.missing_left), len(forest.length)}
    valid = sizes == {count} and forest.roots and forest.normal > 0
    valid = valid and all(0 <= root < count for root in forest.roots)
    inner = (node for node in range(count) if forest.feature[node] != LEAF) if valid else ()
    if not valid or not all(
        0 <= forest.feature[node] < len(forest.features)
        and node < forest.left[node] < count
        and node < forest.right[node] < count
        for node in inner
    ):
        raise ModelRefused("malformed", f"the trees of {file} are incomplete or inconsistent")


@cache
def _forests() -> TypeAdapter[Forest]:
    return TypeAdapter(Forest)
