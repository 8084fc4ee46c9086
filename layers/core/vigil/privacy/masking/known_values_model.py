"""Removal of the values that the record of the person contains. Pure functions."""

import re
from collections.abc import Iterator, Sequence

from vigil.privacy.masking.model import KnownValue
from vigil.privacy.masking.normal_form_model import fold, normalise, spliced
from vigil.privacy.masking.surrogates_model import Surrogates
from vigil.privacy.masking.vocabulary_model import Vocabulary

MIN_CHARACTERS = 3
"""Minimum letters and digits of a part that is searched. Shorter ones are words that no list allows, or initials."""
_MIN_ACROSS_WORDS = 5
_PARTICLES = {
    "and",
    "arap",
    "bin",
    "binti",
    "dela",
    "den",
    "der",
    "des",
    "dos",
    "las",
    "los",
    "ole",
    "the",
    "van",
    "von",
}
_PART = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def parts(known: Sequence[KnownValue]) -> Iterator[tuple[str, KnownValue]]:
    """Yield the folded forms of known values: each whole value, and each of its words but particles such as `van`."""
    for value in known:
        for part in (value.text, *_PART.findall(normalise(value.text))):
            folded = fold(part)
            if len(folded) >= MIN_CHARACTERS and folded not in _PARTICLES:
                yield folded, value


def mask_known(text: str, known: Sequence[KnownValue], vocabulary: Vocabulary, surrogates: Surrogates) -> str:
    """Return a text without known values, whatever their case, separators and places inside words.

    Another word that is allowed stays whole: `marked` for the known name `Mark`. A value across several words must
    begin and end with them.
    """
    wanted = dict(parts(known))
    if not wanted:
        return text
    words = [(match.start(), match.end(), fold(match[0])) for match in _PART.finditer(text)]
    letters = "".join(word for _, _, word in words)
    owners = [index for index, (_, _, word) in enumerate(words) for _ in word]
    hits: dict[int, tuple[int, KnownValue]] = {}
    for part, value in wanted.items():
        place = letters.find(part)
        while place >= 0:
            first, last = owners[place], owners[place + len(part) - 1]
            begins = place == 0 or owners[place - 1] != first
            ends = place + len(part) == len(letters) or owners[place + len(part)] != last
            if _counts([word for _, _, word in words[first : last + 1]], part, vocabulary, is_whole=begins and ends):
                hits[first] = max(hits.get(first, (last, value)), (last, value), key=lambda hit: hit[0])
            place = letters.find(part, place + 1)
    return spliced(text, list(_changes(hits, words, text, surrogates)))


def _counts(words: Sequence[str], part: str, vocabulary: Vocabulary, *, is_whole: bool) -> bool:
    if is_whole:
        return len(words) == 1 or len(part) >= _MIN_ACROSS_WORDS or all(len(word) == 1 for word in words)
    return not all(map(vocabulary.knows, words))


def _changes(
    hits: dict[int, tuple[int, KnownValue]], words: Sequence[tuple[int, int, str]], text: str, surrogates: Surrogates
) -> Iterator[tuple[int, int, str]]:
    covered = -1
    for first in sorted(hits):
        last, value = hits[first]
        if last > covered:
            start, end = words[max(first, covered + 1)][0], words[last][1]
            yield start, end, surrogates.sign(value.kind, text[start:end].removesuffix("'s"))
            covered = last
