"""The content of a PDF page: pieces of text, filled areas and rules, with their places in points. Pure values."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

Colour: TypeAlias = tuple[float, float, float]
"""Red, green and blue from 0 to 1."""
Rule: TypeAlias = tuple[float, float, float]
"""A horizontal line: left, right and height."""

_WHITE: Colour = (1.0, 1.0, 1.0)
_MAX_DIFFERENCE = 0.09
_BAND = 32.0
_MAX_BANDS = 100
MAX_FILLS = 5_000
"""Maximum filled areas of a page, without those that are smaller than letters."""


class Matrix(NamedTuple):
    """A transformation of points: `x' = a x + c y + e`, `y' = b x + d y + f`."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def then(self, other: "Matrix") -> "Matrix":
        """Return the transformation that applies this one first."""
        return Matrix(
            self.a * other.a + self.b * other.c,
            self.a * other.b + self.b * other.d,
            self.c * other.a + self.d * other.c,
            self.c * other.b + self.d * other.d,
            self.e * other.a + self.f * other.c + other.e,
            self.e * other.b + self.f * other.d + other.f,
        )

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f


class Box(NamedTuple):
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    def contains(self, x: float, y: float) -> bool:
        """Return True if a point is inside or on the edge."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def within(self, other: "Box") -> "Box":
        """Return the part of this box inside another one; it may be empty."""
        return Box(
            max(self.left, other.left),
            max(self.bottom, other.bottom),
            min(self.right, other.right),
            min(self.top, other.top),
        )


@dataclass(frozen=True, slots=True)
class Fragment:
    """Text that is shown in one step: its extent on the base line, the size of its font, and its place in the order.

    `is_turned` is True for text that does not run from left to right.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    colour: Colour | None = (0.0, 0.0, 0.0)
    order: int = 0
    is_bold: bool = False
    is_turned: bool = False


@dataclass(frozen=True, slots=True)
class Fill:
    """A filled area. An unknown colour, as of a picture, is None. `covers` is True for a full and opaque rectangle."""

    box: Box
    colour: Colour | None
    order: int
    covers: bool


@dataclass(slots=True)
class Page:
    """The content of a page. `hidden` is text that is not seen."""

    box: Box
    fragments: list[Fragment] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    shown_bytes: int = 0
    unreadable_bytes: int = 0
    """Shown bytes in fonts that do not tell which characters they are."""

    def visible_and_hidden(self) -> Iterator[tuple[Fragment, bool]]:
        """Yield each fragment, and True if it is outside the page, covered, or of the colour of its background."""
        bands: dict[int, list[Fill]] = defaultdict(list)
        for fill in self.fills:
            box = fill.box.within(self.box)
            first, last = int(box.bottom // _BAND), int(box.top // _BAND)
            for band in range(first, min(last, first + _MAX_BANDS) + 1):
                bands[band].append(fill)
        for fragment in self.fragments:
            middle = fragment.baseline + fragment.size * 0.3
            yield fragment, self._is_hidden(fragment, bands.get(int(middle // _BAND), []), middle)

    def _is_hidden(self, fragment: Fragment, fills: list[Fill], middle: float) -> bool:
        center = (fragment.left + fragment.right) / 2
        if not self.box.contains(center, middle):
            return True
        background: Colour | None = _WHITE
        for fill in fills:
            if fill.order < fragment.order and fill.box.contains(center, middle):
                background = fill.colour
            elif fill.covers and fill.order > fragment.order and _is_under(fragment, fill.box):
                return True
        return are_alike(fragment.colour, background)


def are_alike(one: Colour | None, other: Colour | None) -> bool:
    """Return True if a reader does not distinguish two colours. An unknown one differs from all."""
    if one is None or other is None:
        return False
    return max(abs(first - second) for first, second in zip(one, other, strict=True)) <= _MAX_DIFFERENCE


def _is_under(fragment: Fragment, box: Box) -> bool:
    """Return True if an area covers the letters of a fragment from the base line to half of their height."""
    low, high = fragment.baseline + fragment.size * 0.05, fragment.baseline + fragment.size * 0.45
    return box.contains(fragment.left + 0.5, low) and box.contains(fragment.right - 0.5, high)
