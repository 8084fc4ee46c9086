"""The second check of a masked text. It reads characters in one pass and shares no pattern with the rules of `mask`."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vigil.privacy.masking.clinical_numbers_model import LABELS, MASS_UNITS, OTHER_UNITS, YEAR_WORDS
from vigil.privacy.masking.model import KINDS, Finding, KnownValue, Masked
from vigil.privacy.masking.names_model import FUNCTION_WORDS
from vigil.privacy.masking.vocabulary_model import Vocabulary, word_set

_SIGNS = frozenset(" \n.,;:!?'\"()/%+-*=<>&#_~^|\\{}$")
_NOTE_WORDS = word_set("about ago day days in month months of or over today weeks year years")
_SHORT, _LONG = 3, 7
"""Digits that need no meaning, and digits of neighbouring numbers that are too many."""
_GREAT_AGES = range(90, 150)
_BEFORE_AGES, _AFTER_AGES = word_set("age aged miaka"), word_set("year years yr yrs yo y old miaka")
_CONTEXT_WORDS = 6
_NUMBER_SIGNS = frozenset(".,:")
_STOPS = frozenset(".?!:;")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of letters, digits or both, or a surrogate, which has no text. `gap` is the text before it."""

    text: str
    gap: str
    is_surrogate: bool = False


def scan(masked: Masked, known: Sequence[KnownValue], vocabulary: Vocabulary) -> frozenset[Finding]:
    """Return the reasons for which a masked text may not leave; none if it may."""
    pieces, rest = _pieces(masked)
    found = set(_in_signs(rest))
    found |= set(_in_words(pieces, vocabulary))
    found |= set(_in_numbers(pieces))
    if _has_known(pieces, known, vocabulary):
        found.add("known_value")
    return frozenset(found)


def _pieces(masked: Masked) -> tuple[list[_Piece], str]:
    """Return the pieces of a text, and the text without its surrogates."""
    pieces, rest, gap, word = [], [], "", ""
    text, place = masked.text, 0
    while place < len(text):
        character = text[place]
        end = text.find("]", place) if character == "[" else -1
        is_surrogate = end > 0 and _is_surrogate(text[place + 1 : end], masked)
        if character.isalnum():
            word += character
        else:
            if word:
                pieces.append(_Piece(word, gap))
                gap = word = ""
            if is_surrogate:
                pieces.append(_Piece("", gap, is_surrogate=True))
                gap, place = "", end
            else:
                gap += character
        rest.append(" " if is_surrogate else character)
        place += 1
    return [*pieces, _Piece(word, gap)], "".join(rest)


def _is_surrogate(inside: str, masked: Masked) -> bool:
    name, _, note = inside.partition(": ")
    kind, _, number = name.rpartition("_")
    counts = [count for known, count in masked.kinds.items() if known == kind and kind in KINDS]
    is_number = number.isascii() and number.isdigit() and len(number) < _LONG
    is_counted = bool(counts) and is_number and 1 <= int(number) <= counts[0]
    words = note.split()
    return is_counted and all(word in _NOTE_WORDS or (word.isdigit() and len(word) < _SHORT) for word in words)


def _in_signs(rest: str) -> Iterator[Finding]:
    if "[" in rest or "]" in rest:
        yield "bracket"
    if "@" in rest or "://" in rest or "www." in rest.lower():
        yield "address"
    if any(character not in _SIGNS and character not in "[]@" and not _is_ascii_alnum(character) for character in rest):
        yield "character"


def _is_ascii_alnum(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _in_words(pieces: Sequence[_Piece], vocabulary: Vocabulary) -> Iterator[Finding]:
    singles = 0
    for index, piece in enumerate(pieces):
        word = piece.text
        if not word or word.isdigit():
            singles = 0
            continue
        is_possessive = len(word) <= 2 and piece.gap == "'"
        singles = singles + 1 if len(word) == 1 and not is_possessive and piece.gap in (" ", "-", ".", "\n") else 0
        if singles > _SHORT:
            yield "word"
        if len(word) == 1 or is_possessive or vocabulary.abbreviates(word):
            continue
        if any(map(str.isdigit, word)):
            if not _is_attached(word):
                yield "word"
        elif not _is_allowed(pieces, index, vocabulary):
            yield "word"
        elif word[0].isupper() and not word.isupper() and _may_be_name(piece, index, vocabulary):
            yield "name"


def _is_allowed(pieces: Sequence[_Piece], index: int, vocabulary: Vocabulary) -> bool:
    word = pieces[index].text.lower()
    following = pieces[index + 1] if index + 1 < len(pieces) else _Piece("", "")
    candidates = [word]
    if following.gap == "'":
        candidates += [f"{word}'{following.text.lower()}", word.removesuffix("n")]
    if following.gap == "-":
        candidates.append(word + following.text.lower())
    if pieces[index].gap == "-" and index:
        candidates.append(pieces[index - 1].text.lower() + word)
    return any(map(vocabulary.knows, candidates))


def _may_be_name(piece: _Piece, index: int, vocabulary: Vocabulary) -> bool:
    """Return True for a capital inside a sentence, unless the word is clinical or has only a grammatical function."""
    lower = piece.text.lower()
    if vocabulary.is_clinical(lower) or (lower in FUNCTION_WORDS and lower not in vocabulary.name_words):
        return False
    begins = index == 0 or "\n\n" in piece.gap or any(sign in _STOPS for sign in piece.gap)
    return not begins


def _is_attached(word: str) -> bool:
    """Return True for a number of at most three digits with a unit or an ordinal ending, such as `10mg`, or `x3`."""
    digits = "".join(filter(str.isdigit, word))
    letters = "".join(filter(str.isalpha, word)).lower()
    is_unit = (
        letters in MASS_UNITS
        or letters in OTHER_UNITS
        or letters in ("st", "nd", "rd", "th", "s", "q", "g", "p", "m", "gp")
    )
    is_plate = len(letters) == 1 and word[-1].isupper() and len(digits) == _SHORT
    return is_unit and not is_plate and (len(digits) <= _SHORT or letters in MASS_UNITS)


def _in_numbers(pieces: Sequence[_Piece]) -> Iterator[Finding]:
    near = 0
    for index, piece in enumerate(pieces):
        digits = sum(map(str.isdigit, piece.text))
        is_near = all(not sign.isalpha() for sign in piece.gap) and len(piece.gap) <= 2 and ", " not in piece.gap
        near = near + digits if digits and is_near and not piece.is_surrogate else digits
        if not piece.text.isdigit():
            near = 0
            continue
        is_known = _has_context(pieces, index) and not _is_great_age(pieces, index)
        if near >= _LONG and not is_known:
            yield "number"
        if not is_known and (len(piece.text) > _SHORT or _is_great_age(pieces, index)):
            yield "number"


def _is_great_age(pieces: Sequence[_Piece], index: int) -> bool:
    """Return True for 90 to 149 between words of an age; a course of `90 years` is none that a clinic gives."""
    before = pieces[index - 1].text.lower() if index else ""
    after = pieces[index + 1].text.lower() if index + 1 < len(pieces) else ""
    return int(pieces[index].text) in _GREAT_AGES and (before in _BEFORE_AGES or after in _AFTER_AGES)


def _has_context(pieces: Sequence[_Piece], index: int) -> bool:
    """Return True if a unit follows a number, a range or a list, or the name of a result or a year comes before."""
    number = pieces[index].text
    if len(number) > _LONG or (len(number) > 1 and number[0] == "0" and pieces[index].gap[-1:] not in _NUMBER_SIGNS):
        return False
    before = [piece.text.lower() for piece in pieces[max(0, index - _CONTEXT_WORDS) : index]]
    if any(word in LABELS for word in before):
        return True
    if len(number) == 4 and number[:2] in ("19", "20") and before and before[-1] in (*YEAR_WORDS, "the"):
        return True
    for piece in pieces[index + 1 : index + 1 + _CONTEXT_WORDS]:
        if not piece.text.isdigit() and piece.text.lower() not in ("to", "and", "or", "x"):
            unit = piece.text.lower().lstrip("0123456789")
            return unit in MASS_UNITS or unit in OTHER_UNITS or piece.gap.startswith("%")
        if piece.gap.startswith("%"):
            return True
    return False


def _plain(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", value).casefold()
    return "".join(character for character in decomposed if character.isalnum())


def _has_known(pieces: Sequence[_Piece], known: Sequence[KnownValue], vocabulary: Vocabulary) -> bool:
    """Return True if a value of the record is a word, or neighbouring words, or a part of a word that no list has."""
    words = [_plain(piece.text) for piece in pieces]
    joined = "".join(words)
    starts, place = set(), 0
    for word in words:
        starts.add(place)
        place += len(word)
    starts.add(place)
    odd = [word for word in words if word and not vocabulary.knows(word)]
    for value in known:
        whole = _plain(value.text)
        names = [part for part in map(_plain, value.text.split()) if len(part) > _SHORT]
        if any(part in words or any(part in word for word in odd) for part in names):
            return True
        if len(whole) > _SHORT and any(
            place in starts and place + len(whole) in starts for place in _places(joined, whole)
        ):
            return True
    return False


def _places(text: str, wanted: str) -> Iterator[int]:
    place = text.find(wanted)
    while place >= 0:
        yield place
        place = text.find(wanted, place + 1)
