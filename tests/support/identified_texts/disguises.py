"""Ways in which an identifier gets into a text so that a plain search misses it."""

from collections.abc import Callable, Mapping
from random import Random

_HOMOGLYPHS = {
    "a": "а",
    "e": "е",
    "o": "о",
    "p": "р",
    "c": "с",
    "x": "х",
    "A": "А",
    "E": "Е",
    "O": "О",
    "M": "М",
    "0": "O",
}
"""Cyrillic letters that look like Latin ones, and a letter that looks like a digit."""


DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""Words of the digits."""


def _between(text: str, sign: str) -> str:
    return sign.join(text)


def _somewhere(text: str, chance: Random, sign: str) -> str:
    place = chance.randint(1, max(1, len(text) - 1))
    return text[:place] + sign + text[place:]


def _full_width(text: str, _chance: Random) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def _homoglyphs(text: str, _chance: Random) -> str:
    return "".join(_HOMOGLYPHS.get(sign, sign) for sign in text)


def _tags(text: str, chance: Random) -> str:
    return _somewhere(text, chance, "".join(chr(0xE0000 + ord(sign)) for sign in "x1"))


def _arabic_digits(text: str, _chance: Random) -> str:
    return "".join(chr(0x660 + int(sign)) if sign in "0123456789" else sign for sign in text)


def _spelled_digits(text: str, _chance: Random) -> str:
    return " ".join(DIGIT_WORDS[int(sign)] for sign in text if sign in "0123456789") or text


WRITTEN: Mapping[str, Callable[[str, Random], str]] = {
    "lower case": lambda text, _: text.lower(),
    "upper case": lambda text, _: text.upper(),
    "full width": _full_width,
    "homoglyphs": _homoglyphs,
    "zero width between": lambda text, _: _between(text, "\u200b"),
    "soft hyphen": lambda text, chance: _somewhere(text, chance, "\u00ad"),
    "combining marks": lambda text, chance: _somewhere(text, chance, "\u0301"),
    "tag characters": _tags,
    "line break": lambda text, _: text.replace(" ", "\n").replace("-", "-\n"),
    "no-break space": lambda text, _: text.replace(" ", "\u00a0"),
    "long dashes": lambda text, _: text.replace("-", "–"),
    "other digits": _arabic_digits,
}
"""Disguises that fit each identifier."""
SPELLED = {"spelled digits": _spelled_digits, "spaced": lambda text, _: _between(text.replace(" ", ""), " ")}
"""Disguises that fit identifiers of digits only."""
