"""The state of drawing on a PDF page: colours, transformation, clipping and text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vigil.assistant.passages.pdf_page_model import Box, Colour, Matrix

_BLACK: Colour = (0.0, 0.0, 0.0)


@dataclass(slots=True)
class TextState:
    """Parameters of text. `font` is the name of the resource."""

    font: Any = None
    size: float = 0.0
    character_space: float = 0.0
    word_space: float = 0.0
    scale: float = 1.0
    leading: float = 0.0
    rise: float = 0.0
    mode: int = 0


@dataclass(slots=True)
class GraphicsState:
    """The state that `q` saves and `Q` restores. An unknown colour is None."""

    matrix: Matrix = field(default_factory=Matrix)
    colour: Colour | None = _BLACK
    is_space_known: bool = True
    opacity: float = 1.0
    clip: Box | None = None
    text: TextState = field(default_factory=TextState)


class Path:
    """The path under construction: its bounds, and True if it consists of rectangles only."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.is_rectangle = True
        self.clips = False
        self._points: list[tuple[float, float]] = []

    def add_rectangle(self, matrix: Matrix, numbers: Sequence[float]) -> None:
        """Add a rectangle: left, bottom, width and height."""
        x, y, width, height = numbers
        self.boxes.append(bounds(matrix, x, y, x + width, y + height))
        self.is_rectangle = self.is_rectangle and (matrix.b == matrix.c == 0 or matrix.a == matrix.d == 0)

    def add_points(self, matrix: Matrix, numbers: Sequence[float]) -> None:
        """Add points of lines and curves."""
        self._points.extend(matrix.point(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=False))
        self.is_rectangle = False

    def bounds(self) -> Box | None:
        """Return the bounds of the whole path, or None for an empty one."""
        columns = [x for x, _ in self._points] + [x for box in self.boxes for x in (box.left, box.right)]
        rows = [y for _, y in self._points] + [y for box in self.boxes for y in (box.bottom, box.top)]
        return Box(min(columns), min(rows), max(columns), max(rows)) if columns else None


def bounds(matrix: Matrix, left: float, bottom: float, right: float, top: float) -> Box:
    """Return the bounds of a rectangle after a transformation."""
    corners = [matrix.point(x, y) for x in (left, right) for y in (bottom, top)]
    columns, rows = [x for x, _ in corners], [y for _, y in corners]
    return Box(min(columns), min(rows), max(columns), max(rows))


def colour_of(numbers: Sequence[float]) -> Colour | None:
    """Return the colour of 1, 3 or 4 components: grey, RGB or CMYK. Other numbers are an unknown colour."""
    match [min(max(number, 0.0), 1.0) for number in numbers]:
        case [grey]:
            return grey, grey, grey
        case [red, green, blue]:
            return red, green, blue
        case [cyan, magenta, yellow, black]:
            return tuple((1 - ink) * (1 - black) for ink in (cyan, magenta, yellow))  # type: ignore[return-value]
    return None
