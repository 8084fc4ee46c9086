"""Fonts of PDF files: the text and the width of shown bytes."""

from typing import Any

from pypdf.generic import DictionaryObject
from pypdf.generic._font import Font

_MAX_FONTS = 500
_EM = 1_000.0


class Fonts:
    """The fonts of a document. A font is read once."""

    def __init__(self) -> None:
        # The reference stays beside its font, so that the identity of a direct object is not used again.
        self._fonts: dict[Any, tuple[Any, Font | None]] = {}

    def find(self, resources: DictionaryObject, name: Any) -> Font | None:
        """Return the font of a resource, or None if its characters have no text."""
        fonts = resources.get("/Font")
        fonts = fonts.get_object() if fonts is not None else {}
        reference = fonts.raw_get(name) if isinstance(fonts, DictionaryObject) and name in fonts else None
        key = getattr(reference, "idnum", None) or id(reference)
        if reference is None:
            return None
        if key not in self._fonts:
            if len(self._fonts) == _MAX_FONTS:
                self._fonts.clear()
            self._fonts[key] = reference, _read(reference.get_object())
        return self._fonts[key][1]


def _read(resource: Any) -> Font | None:
    if not isinstance(resource, DictionaryObject):
        return None
    font = Font.from_font_resource(resource)
    is_coded = font.sub_type == "Type0" and not font.character_map and font.encoding == "utf-16-be"
    return font if font.interpretable and not is_coded else None


def shown(font: Font, content: bytes) -> tuple[str, list[float], list[bool]]:
    """Return the text of shown bytes, and for each character its width in ems and True if it is the byte of a space."""
    if isinstance(font.encoding, str):
        characters = list(content.decode(font.encoding, "replace"))
        codes = characters
        are_spaces = [False] * len(characters)
    else:
        characters = [font.encoding.get(byte, chr(byte)) for byte in content]
        codes = [chr(byte) for byte in content]
        are_spaces = [byte == 0x20 for byte in content]
    usual = font.character_widths["default"]
    widths = [_width(font, code, usual) for code in codes]
    return "".join(str(font.character_map.get(each, each)) for each in characters), widths, are_spaces


def _width(font: Font, code: str, usual: float) -> float:
    width = font.space_width if code == font.space_char else font.character_widths.get(code, usual)
    return float(width) / _EM
