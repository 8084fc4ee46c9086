"""Terms of texts for the search by words: the character 3- to 5-grams of stems, as `^stem$`."""

import re
import unicodedata
from functools import lru_cache

_SHORTEST, _LONGEST = 3, 5
_CACHED = 65_536
_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+")
_INNER_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u2011](?=[^\W\d_])")
_STOP_WORDS = """
    a an and are as at be by can do does for from has have he her his how i if in into is it its may of on or our she
    should so that the their them then there these they this to was we were what when where which who whom why will
    with you your us
"""
"""Words without weight. Negations such as "no", "not" and "without" have weight."""
_STOP = frozenset(_STOP_WORDS.split())
_ENDINGS = (
    *("ations", "ation", "ingly", "ments", "ment", "edly", "ings", "ing"),
    *("ies", "ied", "ers", "ed", "es", "s", "ly"),
)
_MIN_STEM = 3


def stems(text: str) -> list[str]:
    """Return the stems of a text in their order, without stop words, accents and upper case."""
    folded = unicodedata.normalize("NFKD", _INNER_HYPHEN.sub("", text)).casefold()
    plain = (
        "".join(letter for letter in folded if not unicodedata.combining(letter)) if not folded.isascii() else folded
    )
    return [_stem(word) for word in _WORD.findall(plain) if word not in _STOP]


@lru_cache(_CACHED)
def grams(stem: str) -> tuple[str, ...]:
    """Return the grams of a stem in a fixed order. A gram that occurs twice is returned twice."""
    word = f"^{stem}$"
    sizes = range(_SHORTEST, min(_LONGEST, len(word)) + 1)
    return tuple(word[start : start + size] for size in sizes for start in range(len(word) - size + 1))


@lru_cache(_CACHED)
def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            return word[: -len(ending)]
    return word
