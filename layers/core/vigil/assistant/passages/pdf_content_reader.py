"""Follows the operators of a PDF page and collects its text with places and colours (ISO 32000-2, annex A)."""

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from pypdf.generic import ContentStream, DictionaryObject

from vigil.assistant.passages.failures_model import UnreadableDocument
from vigil.assistant.passages.pdf_fonts_reader import Fonts
from vigil.assistant.passages.pdf_page_model import MAX_FILLS, Box, Fill, Matrix, Page
from vigil.assistant.passages.pdf_state_model import GraphicsState, Path, bounds, colour_of
from vigil.assistant.passages.pdf_text_reader import TextShower

_MAX_SAVED = 200
_MAX_FORMS = 500
_MAX_FORM_DEPTH = 10
_RULE_HEIGHT = 2.0
_MIN_FILL = 1.0
"""Minimum side of a filled area that can cover letters or be behind them, in points."""
_KNOWN_SPACES = ("/DeviceGray", "/DeviceRGB", "/DeviceCMYK", "/CalGray", "/CalRGB", "/ICCBased", "/G", "/RGB", "/CMYK")
_OPAQUE = 0.95


class ContentReader:
    """Reads the content of one page into a Page. `layers_off` are the layers that a reader does not show, by id."""

    def __init__(self, page: Page, fonts: Fonts, layers_off: Collection[int], pdf: Any) -> None:
        self._page = page
        self._pdf = pdf
        self._layers_off = layers_off
        self._state = GraphicsState()
        self._saved: list[GraphicsState] = []
        self._path = Path()
        self._marks: list[bool] = []
        self._forms = 0
        self._order = 0
        self._shower = TextShower(page, fonts)

    def read(self, content: Any, resources: DictionaryObject, matrix: Matrix, depth: int = 0) -> None:
        """Read a content stream with its resources. Raises UnreadableDocument for too many forms."""
        self._state.matrix = matrix
        stream = content if isinstance(content, ContentStream) else ContentStream(content, self._pdf, "bytes")
        for operands, operator in stream.operations:
            self._order += 1
            name = operator.decode("latin-1")
            if name == "Do":
                self._draw(operands, resources, depth)
            elif not self._shower.read(
                name, operands, self._state, resources, self._order, is_seen=not any(self._marks)
            ):
                self._read_graphics(name, operands, resources)

    def _read_graphics(self, name: str, operands: Any, resources: DictionaryObject) -> None:
        """Read an operator of states, marks, paths or colours. Others do not change the text."""
        match name:
            case "q" if len(self._saved) < _MAX_SAVED:
                self._saved.append(replace(self._state, text=copy(self._state.text)))
            case "Q" if self._saved:
                self._state = self._saved.pop()
            case "cm":
                self._state.matrix = Matrix(*_numbers(operands, 6)).then(self._state.matrix)
            case "gs":
                self._set_parameters(_resource(resources, "/ExtGState", operands))
            case "BMC" | "BDC":
                self._marks.append(name == "BDC" and self._is_off(operands, resources))
            case "EMC" if self._marks:
                self._marks.pop()
            case "g" | "rg" | "k" | "cs" | "sc" | "scn":
                self._set_colour(name, operands, resources)
            case _:
                self._read_path(name, operands)

    def _read_path(self, name: str, operands: Any) -> None:
        match name:
            case "re":
                self._path.add_rectangle(self._state.matrix, _numbers(operands, 4))
            case "m" | "l" | "c" | "v" | "y":
                self._path.add_points(self._state.matrix, _numbers(operands))
            case "W" | "W*":
                self._path.clips = True
            case "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" | "S" | "s" | "n":
                self._end_path(name)
            case "sh":
                self._fill(self._state.clip or self._page.box, None, covers=False)

    def _set_colour(self, name: str, operands: Any, resources: DictionaryObject) -> None:
        state = self._state
        if name == "cs":
            state.is_space_known = _is_known_space(operands, resources)
            state.colour = (0.0, 0.0, 0.0) if state.is_space_known else None
        else:
            state.is_space_known = state.is_space_known or name in {"g", "rg", "k"}
            state.colour = colour_of(_numbers(operands)) if state.is_space_known else None

    def _end_path(self, name: str) -> None:
        path, self._path = self._path, Path()
        extent = path.bounds()
        if extent is None:
            return
        if name not in {"n", "S", "s"}:
            for box in path.boxes if path.is_rectangle else [extent]:
                self._fill(box, self._state.colour, covers=path.is_rectangle and self._state.opacity >= _OPAQUE)
        if name != "n":
            boxes = path.boxes or [extent]
            flat = [box for box in boxes if box.top - box.bottom <= _RULE_HEIGHT < box.right - box.left]
            self._page.rules += [(box.left, box.right, box.bottom) for box in flat]
        if path.clips:
            self._state.clip = extent.within(self._state.clip or extent)

    def _fill(self, box: Box, colour: Any, *, covers: bool) -> None:
        inside = box.within(self._state.clip) if self._state.clip else box
        if min(inside.right - inside.left, inside.top - inside.bottom) < _MIN_FILL:
            return
        if len(self._page.fills) == MAX_FILLS:
            raise UnreadableDocument("too_complex")
        self._page.fills.append(Fill(inside, colour, self._order, covers))

    def _set_parameters(self, parameters: Any) -> None:
        if isinstance(parameters, DictionaryObject):
            opacity = parameters.get("/ca", self._state.opacity)
            self._state.opacity = float(opacity) if isinstance(opacity, int | float) else 1.0

    def _is_off(self, operands: Sequence[Any], resources: DictionaryObject) -> bool:
        """Return True for marked content of a layer that is not shown."""
        if len(operands) < 2 or operands[0] != "/OC":
            return False
        properties = resources.get("/Properties")
        properties = properties.get_object() if properties is not None else None
        if not isinstance(properties, DictionaryObject) or operands[1] not in properties:
            return False
        return _is_layer_off(properties.raw_get(operands[1]), self._layers_off)

    def _draw(self, operands: Sequence[Any], resources: DictionaryObject, depth: int) -> None:
        """Draw a picture or a form."""
        drawn = _resource(resources, "/XObject", operands)
        if not isinstance(drawn, DictionaryObject):
            return
        if drawn.get("/Subtype") == "/Image":
            is_open = any(name in drawn for name in ("/SMask", "/Mask", "/ImageMask"))
            covers = not is_open and self._state.opacity >= _OPAQUE
            self._fill(bounds(self._state.matrix, 0, 0, 1, 1), None, covers=covers)
            return
        self._forms += 1
        if self._forms > _MAX_FORMS or depth == _MAX_FORM_DEPTH:
            raise UnreadableDocument("too_complex")
        saved, marks = replace(self._state, text=copy(self._state.text)), len(self._marks)
        layer = drawn.raw_get("/OC") if "/OC" in drawn else None
        self._marks.append(layer is not None and _is_layer_off(layer, self._layers_off))
        own = drawn.get("/Resources")
        own = own.get_object() if own is not None else resources
        matrix = drawn.get("/Matrix")
        inner = Matrix(*_numbers(matrix, 6)).then(saved.matrix) if matrix is not None else saved.matrix
        saves = len(self._saved)
        self.read(drawn, own if isinstance(own, DictionaryObject) else resources, inner, depth + 1)
        del self._marks[marks:], self._saved[saves:]
        self._state = saved


def _resource(resources: DictionaryObject, kind: str, operands: Sequence[Any]) -> Any:
    """Return a named resource, or None."""
    group = resources.get(kind)
    group = group.get_object() if group is not None else None
    found = group.get(operands[0]) if operands and isinstance(group, DictionaryObject) else None
    return found.get_object() if found is not None else None


def _is_known_space(operands: Sequence[Any], resources: DictionaryObject) -> bool:
    """Return True for a colour space with the components of grey, RGB or CMYK."""
    space = _resource(resources, "/ColorSpace", operands)
    name = space[0] if isinstance(space, list) and space else space if isinstance(space, str) else operands[:1]
    return name in _KNOWN_SPACES or (isinstance(name, list) and bool(name) and name[0] in _KNOWN_SPACES)


def _is_layer_off(reference: Any, layers_off: Collection[int]) -> bool:
    """Return True if a layer, or each layer of a group of layers, is not shown."""
    if getattr(reference, "idnum", None) in layers_off:
        return True
    group = reference.get_object()
    members = group.raw_get("/OCGs") if isinstance(group, DictionaryObject) and "/OCGs" in group else None
    listed = members if isinstance(members, list) else [members] if members is not None else []
    return bool(listed) and all(getattr(member, "idnum", None) in layers_off for member in listed)


def _numbers(operands: Any, count: int | None = None) -> list[float]:
    """Return the numbers of operands. With `count`, missing ones are 0."""
    found = [float(each) for each in operands if isinstance(each, int | float)]
    return found if count is None else [*found, *[0.0] * count][:count]
