"""Follows the text operators of a PDF page: fonts, positions and shown strings (ISO 32000-2, section 9)."""

import math
from collections.abc import Sequence
from typing import Any

from pypdf.generic import DictionaryObject

from vigil.assistant.passages.pdf_fonts_reader import Fonts, shown
from vigil.assistant.passages.pdf_page_model import Fragment, Matrix, Page
from vigil.assistant.passages.pdf_state_model import GraphicsState, TextState

_MIN_SIZE = 1.0
_MIN_OPACITY = 0.1
_INVISIBLE_MODES = (3, 7)
_OUTLINE_MODES = (1, 5)
_PARAMETERS = {"Tc": "character_space", "Tw": "word_space", "TL": "leading", "Ts": "rise"}
_BOLD = ("bold", "black", "heavy", "semibold")


class TextShower:
    """Reads text operators and adds fragments to a page. Text that a reader does not see is added to `hidden`."""

    def __init__(self, page: Page, fonts: Fonts) -> None:
        self._page = page
        self._fonts = fonts
        self._matrix = Matrix()
        self._line = Matrix()

    def read(
        self, name: str, operands: Any, state: GraphicsState, resources: DictionaryObject, order: int, *, is_seen: bool
    ) -> bool:
        """Read an operator. Return False if it is none of text."""
        text = state.text
        match name:
            case "Tf" if len(operands) > 1:
                text.font, text.size = self._fonts.find(resources, operands[0]), _number(operands, 1)
            case "Tr":
                text.mode = int(_number(operands))
            case "Tz":
                text.scale = _number(operands) / 100
            case "Tc" | "Tw" | "TL" | "Ts":
                setattr(text, _PARAMETERS[name], _number(operands))
            case "Tj" | "TJ" | "'" | '"':
                if name == '"':
                    text.word_space, text.character_space = _number(operands), _number(operands, 1)
                if name in {"'", '"'}:
                    self._move(0, -text.leading)
                self._show(operands[-1] if operands else b"", state, order, is_seen=is_seen)
            case _:
                return self._read_position(name, operands, text)
        return True

    def _read_position(self, name: str, operands: Any, text: TextState) -> bool:
        """Read an operator that moves the place of the next text. Return False if it is another one."""
        match name:
            case "BT":
                self._matrix = self._line = Matrix()
            case "Td" | "TD":
                text.leading = -_number(operands, 1) if name == "TD" else text.leading
                self._move(_number(operands), _number(operands, 1))
            case "Tm":
                self._matrix = self._line = Matrix(*(_number(operands, index) for index in range(6)))
            case "T*":
                self._move(0, -text.leading)
            case _:
                return False
        return True

    def _move(self, x: float, y: float) -> None:
        self._matrix = self._line = Matrix(e=x, f=y).then(self._line)

    def _show(self, operand: Any, state: GraphicsState, order: int, *, is_seen: bool) -> None:
        """Show a string, or strings with distances between them."""
        for each in operand if isinstance(operand, list) else [operand]:
            if isinstance(each, bytes):
                self._show_string(each, state, order, is_seen=is_seen)
            elif isinstance(each, int | float):
                distance = -float(each) / 1000 * state.text.size * state.text.scale
                self._matrix = Matrix(e=distance).then(self._matrix)

    def _show_string(self, content: bytes, state: GraphicsState, order: int, *, is_seen: bool) -> None:
        text = state.text
        self._page.shown_bytes += len(content)
        if text.font is None or not content:
            self._page.unreadable_bytes += len(content)
            return
        letters, widths, are_spaces = shown(text.font, content)
        gaps = len(widths) * text.character_space + sum(are_spaces) * text.word_space
        advance = (sum(widths) * text.size + gaps) * text.scale
        placed = Matrix(f=text.rise).then(self._matrix).then(state.matrix)
        self._matrix = Matrix(e=advance).then(self._matrix)
        size = abs(text.size) * math.hypot(placed.c, placed.d)
        start, end = placed.point(0, 0), placed.point(advance, 0)
        is_turned = abs(end[1] - start[1]) > abs(end[0] - start[0]) * 0.1 or placed.a < 0 or end[0] < start[0]
        fragment = Fragment(
            letters,
            min(start[0], end[0]),
            max(start[0], end[0]),
            start[1],
            size,
            None if text.mode in _OUTLINE_MODES else state.colour,
            order,
            any(word in text.font.name.lower() for word in _BOLD),
            is_turned,
        )
        if is_seen and not self._is_invisible(fragment, state, placed):
            self._page.fragments.append(fragment)
        else:
            self._page.hidden.append(letters)

    def _is_invisible(self, fragment: Fragment, state: GraphicsState, placed: Matrix) -> bool:
        """Return True for text that is not painted, or is too small, too thin, transparent or outside the clipping."""
        width = abs(state.text.size * state.text.scale) * math.hypot(placed.a, placed.b)
        center = (fragment.left + fragment.right) / 2
        return (
            state.text.mode in _INVISIBLE_MODES
            or fragment.size < _MIN_SIZE
            or width < _MIN_SIZE
            or state.opacity < _MIN_OPACITY
            or (state.clip is not None and not state.clip.contains(center, fragment.baseline + fragment.size * 0.3))
        )


def _number(operands: Sequence[Any], index: int = 0) -> float:
    """Return an operand as a number; a missing one is 0."""
    value = operands[index] if index < len(operands) else 0
    return float(value) if isinstance(value, int | float) else 0.0
