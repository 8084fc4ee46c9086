"""Styles of DOCX files: the properties of paragraphs and runs, as far as they hide text or make headings and lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_MAX_BASES = 20
_HIDING_SWITCHES = frozenset(("vanish", "webHidden", "strike", "dstrike"))
_MIN_HALF_POINTS = 4
_PALE = 0xE8
"""Minimum of each channel of a colour that is not visible on white paper."""


@dataclass(slots=True)
class Properties:
    """Properties of a run, a paragraph or a style. None means that the next style up decides.

    `is_invisible` is True for hidden, struck, white or tiny text. `level` is the level of a heading, and 0 for text.
    """

    style: str = ""
    switches: dict[str, bool] = field(default_factory=dict)
    level: int | None = None
    is_item: bool | None = None
    has_background: bool = False
    script: str = ""

    def set(self, name: str, attributes: Mapping[str, str]) -> None:
        """Set a property from its element and attributes."""
        value = attributes.get("val", "")
        match name:
            case "pStyle" | "rStyle" | "basedOn":
                self.style = value
            case "color":
                self.switches["white"] = _is_pale(value)
            case "sz":
                self.switches["tiny"] = value.isdecimal() and int(value[:4]) < _MIN_HALF_POINTS
            case "outlineLvl":
                self.level = int(value) + 1 if value in set("012345678") else 0
            case "numId":
                self.is_item = value != "0"
            case "shd":
                self.has_background = not _is_pale(attributes.get("fill", "ffffff"))
            case "highlight":
                self.has_background = value not in {"none", "white"}
            case "vertAlign":
                self.script = value
            case _ if name in _HIDING_SWITCHES:
                self.switches[name] = value not in {"0", "false", "off"}


@dataclass(slots=True)
class Style:
    """A style with its name and the style that it is based on."""

    name: str = ""
    properties: Properties = field(default_factory=Properties)


class Styles:
    """The styles of a document by their ids."""

    def __init__(self) -> None:
        self.by_id: dict[str, Style] = {}

    def _chain(self, style_id: str) -> list[Style]:
        """Return a style and those that it is based on, the nearest first."""
        found: list[Style] = []
        while len(found) < _MAX_BASES and (style := self.by_id.get(style_id)) is not None:
            found.append(style)
            style_id = style.properties.style
        return found

    def is_invisible(self, run: Properties, paragraph: Properties) -> bool:
        """Return True if text of a run is hidden, struck, tiny, or white without a background."""
        chain = [each.properties for each in [*self._chain(run.style), *self._chain(paragraph.style)]]
        layers = [run, *chain]
        switches: dict[str, bool] = {}
        for layer in reversed(layers):
            switches |= layer.switches
        has_background = paragraph.has_background or any(layer.has_background for layer in layers)
        return any(value for name, value in switches.items() if name != "white" or not has_background)

    def level(self, paragraph: Properties) -> int:
        """Return the level of a heading, or 0 for a paragraph of text."""
        if paragraph.level is not None:
            return paragraph.level
        for style in self._chain(paragraph.style):
            name = style.name.strip().lower()
            if name == "title":
                return 1
            if name.startswith("heading ") and name[8:].isdecimal():
                return int(name[8:10])
            if style.properties.level is not None:
                return style.properties.level
        return 0

    def is_item(self, paragraph: Properties) -> bool:
        """Return True for an item of a list."""
        chain = [each.properties.is_item for each in self._chain(paragraph.style)]
        return next((value for value in [paragraph.is_item, *chain] if value is not None), False)


def _is_pale(colour: str) -> bool:
    """Return True for hexadecimal digits of white or nearly white."""
    try:
        return len(colour) == 6 and min(bytes.fromhex(colour)) >= _PALE
    except ValueError:
        return False
