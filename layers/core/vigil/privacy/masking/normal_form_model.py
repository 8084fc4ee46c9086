"""The normal form of texts, in which rules see through the spellings of Unicode. Pure functions."""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

_LETTERS = {
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "ß": "ss",
    "æ": "ae",
    "Æ": "Ae",
    "œ": "oe",
    "Œ": "Oe",
    "ı": "i",
    "ħ": "h",
    "Ħ": "H",
    "ŋ": "n",
    "Ŋ": "N",
    "ɓ": "b",
    "Ɓ": "B",
    "ɗ": "d",
    "Ɗ": "D",
    "ƙ": "k",
    "Ƙ": "K",
    "ƴ": "y",
    "Ƴ": "Y",
    "ə": "e",
    "ɛ": "e",
    "Ɛ": "E",
    "ɔ": "o",
    "Ɔ": "O",
}
"""Latin letters that Unicode does not decompose."""
_LOOKALIKES = dict(
    zip(
        "авекмнорстухгіјѕԁһԛԝАВЕКМНОРСТУХІЈЅԌαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "abekmhopctyxrijsdhqwABEKMHOPCTYXIJSGaeikvoptuxABEZHIKMNOPTYX",
        strict=True,
    )
)
"""Cyrillic and Greek letters that look like Latin ones."""
_SIGNS = {
    **dict.fromkeys("‘’ʼʻ`´′ʹ", "'"),
    **dict.fromkeys("“”„«»″", '"'),
    "µ": "u",
    "μ": "u",
    "×": "x",
    "÷": "/",
    "⁄": "/",
    "∕": "/",
    "≤": "<=",
    "≥": ">=",
    "−": "-",
    "…": "...",
    "•": "*",
    "[": "(",
    "]": ")",
    "°": " ",
    "·": ".",
    "。": ".",
    "،": ",",
    "、": ",",
}
"""Signs with a spelling in ASCII. Square brackets belong to surrogates."""
_INVISIBLE = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"}
"""Letters and symbols that show nothing."""
_JOINED_LINE = re.compile(r"(?<=[^\s-])-[ ]{0,8}\n\s{0,8}(?=[^\s-])")
_SPACES = re.compile(r"[ ]{2,}")


def normalise(text: str) -> str:
    """Return a text with ASCII letters, digits and signs; words of other scripts keep their letters.

    References of HTML, such as `&#71;`, become their characters. Marks, invisible characters and symbols are left out.
    A word that a hyphen divides at the end of a line is joined by the hyphen. Example: `Wanjikú` becomes `Wanjiku`.
    """
    text = html.unescape(text)
    plain = "".join(map(_plain, unicodedata.normalize("NFKD", text))) if not text.isascii() else text.translate(_ASCII)
    return _SPACES.sub(" ", _JOINED_LINE.sub("-", plain))


def fold(text: str) -> str:
    """Return only the letters and digits of a text, in normal form and small letters, to compare spellings."""
    return "".join(filter(str.isalnum, normalise(text).casefold()))


def replace(pattern: re.Pattern[str], text: str, sign: Callable[[re.Match[str]], str | None]) -> str:
    """Return a text in which `sign` replaces each match; None leaves the match as it is."""
    return pattern.sub(lambda match: match[0] if (found := sign(match)) is None else found, text)


def spliced(text: str, changes: Sequence[tuple[int, int, str]]) -> str:
    """Return a text with replaced ranges; the ranges (start, end, replacement) are in order and do not overlap."""
    parts, place = [], 0
    for start, end, replacement in changes:
        parts += [text[place:start], replacement]
        place = end
    return "".join([*parts, text[place:]])


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character.isascii():
        return character.translate(_ASCII)
    if found := _LETTERS.get(character) or _LOOKALIKES.get(character) or _SIGNS.get(character):
        return found
    category = unicodedata.category(character)
    if category in _REPLACEMENTS or character in _INVISIBLE:
        return _REPLACEMENTS.get(category, "")
    if category == "Nd":
        return str(unicodedata.digit(character))
    return character if character.isalnum() else " "


_REPLACEMENTS = {
    **dict.fromkeys(("Mn", "Me", "Mc", "Cf", "Cs", "Co", "Cn"), ""),
    "Zl": "\n",
    "Zp": "\n",
    "Zs": " ",
    "Pd": "-",
}
"""Replacement of the characters of a category: marks, invisible characters, line ends, spaces and dashes."""
_ASCII = {
    **dict.fromkeys((*range(32), 127), " "),
    ord("\n"): "\n",
    ord("\r"): "\n",
    ord("\v"): "\n",
    ord("\f"): "\n",
    ord("["): "(",
    ord("]"): ")",
    ord("`"): "'",
}
