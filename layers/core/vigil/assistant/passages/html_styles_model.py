"""Styles of HTML elements, as far as they hide text: display, visibility, size, place and colour."""

import colorsys
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]

_NAMES = (
    "white #fff snow #fffafa ivory #fffff0 whitesmoke #f5f5f5 ghostwhite #f8f8ff floralwhite #fffaf0 black #000 "
    "red #f00 blue #00f green #008000 yellow #ff0 gray #808080 grey #808080 silver #c0c0c0 navy #000080 maroon #800000"
)
_HEXADECIMAL = dict(zip(_NAMES.split()[::2], _NAMES.split()[1::2], strict=True))
_MAX_DIFFERENCE = 24
"""Maximum difference of each channel of two colours that a reader does not distinguish, of 255."""
_MIN_PIXELS = 2.0
_FAR_PIXELS = -500.0
_PIXELS = {"px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "vw": 10.0, "vh": 10.0, "%": 0.16}
_LENGTH = re.compile(r"(-?(?:\d++(?:\.\d*+)?|\.\d++))(px|pt|em|rem|ex|ch|vw|vh|%)?$")
_NUMBER = re.compile(r"\d++(?:\.\d*+)?|\.\d++")
_COLOUR_VALUE = re.compile(r"[\d.]++")
_HEXADECIMAL_COLOUR = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_MOVE = re.compile(r"translate[xy3d]*\(\s*(-\d+)")
_NOTHING_LEFT = re.compile(
    r"rect\(\s*0(?:px)?[\s,]+0|rect\(\s*1px[\s,]+1px[\s,]+1px|inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0"
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))")
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_NESTED_RULE = re.compile(r"@[^@{};]*+\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*+\}")
_STYLE_RULE = re.compile(r"(?<![^{}])([^{}]*+)\{([^{}]*+)\}")
_SELECTOR = re.compile(r"([a-z][a-z0-9]*)?([.#][\w-]+)?$", re.IGNORECASE)
_MAX_RULES = 1_000


@dataclass(frozen=True, slots=True)
class Style:
    """Visibility of an element, with the colours that its children inherit. An unknown colour is None."""

    is_hidden: bool = False
    colour: Colour | None = (0, 0, 0)
    background: Colour | None = (255, 255, 255)

    def of_child(self, declarations: Mapping[str, str]) -> "Style":
        """Return the style of a child with these declarations."""
        if not declarations:
            return self
        if self.is_hidden or hides(declarations):
            return replace(self, is_hidden=True)
        shade = declarations.get("background-color", declarations.get("background", ""))
        if not shade and "color" not in declarations:
            return self
        background = self.background if shade in {"", "transparent", "none", "inherit"} else read_colour(shade)
        text = declarations.get("color", "inherit")
        colour = self.colour if text in {"inherit", "currentcolor"} else read_colour(text)
        return Style(text == "transparent" or _is_clear(text) or _are_alike(colour, background), colour, background)


def read_declarations(text: str) -> dict[str, str]:
    """Return the declarations of an inline style, in lowercase. The last of a name applies."""
    plain = _ESCAPE.sub(_unescaped, _COMMENT.sub("", text)).lower()
    pairs = (part.partition(":") for part in plain.split(";"))
    return {name.strip(): " ".join(value.partition("!")[0].split()) for name, _, value in pairs}


def read_rules(sheet: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield selector and declarations of the rules in a style sheet that can hide text.

    Only selectors of one element are read: a name, a class, an id, or a name with one of both. Rules for some media,
    such as print, are ignored.
    """
    plain = _NESTED_RULE.sub("", _COMMENT.sub("", sheet))
    for count, match in enumerate(_STYLE_RULE.finditer(plain)):
        declarations = read_declarations(match[2])
        if count == _MAX_RULES:
            return
        if hides(declarations) or {"color", "background", "background-color"} & declarations.keys():
            selectors = (selector.strip() for selector in match[1].split(","))
            yield from ((selector, declarations) for selector in selectors if selector and _SELECTOR.match(selector))


def hides(declarations: Mapping[str, str]) -> bool:
    """Return True if declarations hide an element and its children, by other means than colours."""
    get = declarations.get
    is_small = "hidden" in get("overflow", "") and any(
        0 <= _pixels(get(side, "9px")) <= 1 for side in ("width", "height")
    )
    is_moved = get("position") in {"absolute", "fixed", "relative"} and any(
        _pixels(get(side, "0")) <= _FAR_PIXELS for side in ("left", "top", "right", "bottom")
    )
    moves = [get("text-indent", "0"), get("margin-left", "0"), get("margin-top", "0")]
    moves += [f"{match[1]}px" for match in _MOVE.finditer(get("transform", ""))]
    sizes = [part.partition("/")[0] for part in [get("font-size", ""), *get("font", "").split()]]
    size = next(filter(_LENGTH.match, sizes), "16px")
    return (
        get("display") == "none"
        or get("visibility") in {"hidden", "collapse"}
        or get("content-visibility") == "hidden"
        or _fraction(get("opacity", "1")) < 0.1
        or 0 <= _pixels(size) < _MIN_PIXELS
        or any(_pixels(move) <= _FAR_PIXELS for move in moves)
        or bool(_NOTHING_LEFT.search(f"{get('clip', '')} {get('clip-path', '')}"))
        or is_small
        or is_moved
    )


def read_colour(text: str) -> Colour | None:
    """Return the colour of a CSS value, or None if it is not known, such as that of a picture."""
    if match := _HEXADECIMAL_COLOUR.fullmatch(_HEXADECIMAL.get(text, text)):
        digits = match[1] if len(match[1]) >= 6 else "".join(2 * digit for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    values = _COLOUR_VALUE.findall(text)
    if len(values) < 3 or any(value.count(".") > 1 or value == "." for value in values):
        return None
    one, two, three = (float(value) for value in values[:3])
    if text.startswith("rgb"):
        factor = 2.55 if "%" in text else 1.0
        return round(one * factor), round(two * factor), round(three * factor)
    if text.startswith("hsl"):
        red, green, blue = colorsys.hls_to_rgb(one / 360, three / 100, two / 100)
        return round(red * 255), round(green * 255), round(blue * 255)
    return None


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else 0
    return match[2] if match[2] else chr(code) if 0 < code < 0x110000 else ""


def _is_clear(text: str) -> bool:
    """Return True for a colour whose fourth value, its opacity, is nearly zero."""
    values = _COLOUR_VALUE.findall(text) if text.startswith(("rgb", "hsl")) else []
    hexadecimal = text[-2:] if len(text) == 9 else 2 * text[-1:] if len(text) == 5 and text[0] == "#" else "ff"
    return (len(values) == 4 and _fraction(values[3]) < 0.1) or (text.startswith("#") and hexadecimal < "1a")


def _are_alike(one: Colour | None, other: Colour | None) -> bool:
    if one is None or other is None:
        return False
    return max(abs(first - second) for first, second in zip(one, other, strict=True)) <= _MAX_DIFFERENCE


def _pixels(length: str) -> float:
    """Return a length in pixels, about. An unknown one counts as usual."""
    match = _LENGTH.match(length)
    return float(match[1]) * _PIXELS.get(match[2] or "px", 1.0) if match else 16.0


def _fraction(value: str) -> float:
    match = _NUMBER.match(value)
    return float(match[0]) / (100 if value.endswith("%") else 1) if match else 1.0
