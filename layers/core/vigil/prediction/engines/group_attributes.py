"""Attributes by which fairness is measured, such as sex or region. They are never features of a model."""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

MAX_ATTRIBUTES = 8
"""Maximum attributes of a model."""
MAX_VALUES = 32
"""Maximum values of an attribute."""
MAX_INTERSECTIONS = 8
"""Maximum intersections of a model."""
MAX_GROUPS = 256
"""Maximum groups of a new package: values of attributes, and pairs of values of intersections.

A health report of so many groups has at most 1 MB. Lambda refuses answers above 6 MB.
"""
NOT_GIVEN = "not given"
"""Value of an attribute that a request has omitted. Fairness counts it among the others and does not judge it."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_VALUE = re.compile(r"[^=&\x00-\x1f\x7f]{1,40}")


@dataclass(frozen=True, slots=True)
class GroupAttribute:
    """An attribute of a subject, declared in the manifest.

    A caller gives one of `values`. A derived attribute has the name of a feature in `source` instead, and rising `cuts`
    of this feature. Value `i` of `values`, from 0 on, means `cuts[i - 1] <= x < cuts[i]`. So there is one value more
    than cuts. A sealed attribute is stored encrypted and appears only in counts. Raises ValueError for a declaration
    that breaks these rules.
    """

    name: str
    values: tuple[str, ...]
    source: str | None = None
    cuts: tuple[float, ...] = ()
    is_sealed: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"the attribute {self.name[:40]!r} must have 1 to 32 lower-case letters, digits and underscores, a "
                "letter first"
            )
        if not 2 <= len(set(self.values)) == len(self.values) <= MAX_VALUES:
            raise ValueError(f"values of {self.name} must be 2 to {MAX_VALUES} different ones")
        if NOT_GIVEN in self.values or not all(map(_VALUE.fullmatch, self.values)):
            raise ValueError(
                f"values of {self.name} must have 1 to 40 characters other than = and &, and not be {NOT_GIVEN!r}"
            )
        if self.source is None and self.cuts:
            raise ValueError(f"cuts of {self.name} need a source, the name of a number among the features")
        if self.source is not None and len(self.cuts) != len(self.values) - 1:
            raise ValueError(f"cuts of {self.name} must be one fewer than its {len(self.values)} values")
        if not all(map(math.isfinite, self.cuts)) or any(low >= high for low, high in pairwise(self.cuts)):
            raise ValueError(f"cuts of {self.name} must be finite and rise")

    @property
    def is_given(self) -> bool:
        """True if callers give the value; False if it is derived from a feature."""
        return self.source is None


def lacks_value(value: str) -> bool:
    """Return True if a value is `NOT_GIVEN`, or has it as a part: `female&not given` of an intersection."""
    return NOT_GIVEN in value.split("&")


def check_groups(
    groups: Sequence[GroupAttribute], intersections: Sequence[tuple[str, ...]], numbers: Collection[str]
) -> None:
    """Raise ValueError unless the group attributes and intersections of a model are valid.

    There are at most 8 of each. Names differ, and sources are among `numbers`, the features that are numbers. Each
    intersection has two different declared attributes. (a, b) and (b, a) are the same one, and each occurs once.
    """
    names = [group.name for group in groups]
    if len(groups) > MAX_ATTRIBUTES or len(intersections) > MAX_INTERSECTIONS:
        raise ValueError(
            f"a model must have at most {MAX_ATTRIBUTES} group attributes and {MAX_INTERSECTIONS} intersections"
        )
    if len(set(names)) != len(names):
        raise ValueError("the names of group attributes must differ")
    for group in groups:
        if group.source is not None and group.source not in numbers:
            raise ValueError(f"the source of {group.name} must be a number or an integer among the features")
    for pair in intersections:
        if len(set(pair)) != 2 or len(pair) != 2 or not set(pair) <= set(names):
            raise ValueError(f"the intersection of {', '.join(pair)[:80]} must have two different declared attributes")
    if len({frozenset(pair) for pair in intersections}) != len(intersections):
        raise ValueError("intersections must differ")


def judged_intersections(
    groups: Sequence[GroupAttribute], intersections: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Return the first intersections with which a model has at most `MAX_GROUPS` groups, in their order.

    Both values of a pair can be `NOT_GIVEN`. The values of attributes alone are at most `MAX_GROUPS`.
    """
    values = {group.name: len(group.values) for group in groups}
    total, judged = sum(values.values()), []
    for pair in intersections:
        total += math.prod(values[name] + 1 for name in pair)
        if total > MAX_GROUPS:
            break
        judged.append(pair)
    return tuple(judged)


def check_number_of_groups(groups: Sequence[GroupAttribute], intersections: Sequence[tuple[str, ...]]) -> None:
    """Raise ValueError for a model with more than `MAX_GROUPS` groups; new packages only, so that older ones serve."""
    judged = judged_intersections(groups, intersections)
    if len(judged) < len(intersections):
        first = "&".join(intersections[len(judged)])
        raise ValueError(
            f"a model must have at most {MAX_GROUPS} groups, and the intersection {first} makes more; "
            "leave it out, or declare fewer values"
        )
