"""Surrogates: the same sign for the same value within a request. Pure values."""

import re
from collections import Counter
from collections.abc import Sequence

from vigil.privacy.masking.model import Kind, Masked
from vigil.privacy.masking.normal_form_model import fold

_FIRST_SIGN, _LAST_SIGN = 0xF0000, 0xFFFFD
_SIGNS = f"{chr(_FIRST_SIGN)}-{chr(_LAST_SIGN)}"
SIGN = f"[{_SIGNS}]"
"""Pattern of a sign. While rules run, one private character stands for a value; no normal form contains such one."""
_ANY_SIGN = re.compile(SIGN)


def is_sign(text: str) -> bool:
    """Return True if a text is one sign of a surrogate."""
    return _ANY_SIGN.fullmatch(text) is not None


class Surrogates:
    """The surrogates of one request.

    Rules replace a value by a sign, and `show` replaces the signs by texts such as `[DATE_1: 14 days ago]`.
    """

    def __init__(self) -> None:
        self._signs: dict[tuple[Kind, str, str], str] = {}
        self._values: dict[str, tuple[Kind, str]] = {}

    def sign(self, kind: Kind, value: str, note: str = "") -> str:
        """Return the sign of a value. `note` is a text that may leave with it, such as the distance of a date."""
        key = (kind, fold(value), note)
        if key not in self._signs:
            sign = chr(_FIRST_SIGN + len(self._signs))
            self._signs[key], self._values[sign] = sign, (kind, note)
        return self._signs[key]

    def kind(self, sign: str) -> Kind:
        """Return the kind of the value behind a sign."""
        return self._values[sign][0]

    def show(self, texts: Sequence[str]) -> list[Masked]:
        """Return texts with surrogates in place of signs; their numbers count the values of all texts in order."""
        kinds: Counter[Kind] = Counter()
        shown: dict[int, str] = {}
        for sign in dict.fromkeys(_ANY_SIGN.findall("".join(texts))):
            kind, note = self._values[sign]
            kinds[kind] += 1
            shown[ord(sign)] = f"[{kind}_{kinds[kind]}{': ' if note else ''}{note}]"
        return [Masked(text.translate(shown), dict(kinds)) for text in texts]
