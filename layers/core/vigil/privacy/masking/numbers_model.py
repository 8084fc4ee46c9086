"""Removal of numbers and codes without a clinical meaning. Pure functions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vigil.privacy.masking import clinical_numbers_model as clinical
from vigil.privacy.masking.names_model import FUNCTION_WORDS
from vigil.privacy.masking.normal_form_model import replace, spliced
from vigil.privacy.masking.surrogates_model import Surrogates
from vigil.privacy.masking.vocabulary_model import Vocabulary

_NUMBER_WORDS = (
    "zero|one|two|three|four|five|six|seven|eight|nine|oh|nought|double|treble|triple|ten|eleven|twelve|thirteen|fourteen|"
    "fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million"
)
_WORD = rf"(?:{_NUMBER_WORDS})"
_SPELLED = re.compile(
    rf"(?<![^\W_])(?:{_WORD}|\d)(?:[\s,.-]{{1,3}}(?:and |plus )?(?:{_WORD}|\d)(?![^\W_])){{3,40}}(?![^\W_])",
    re.IGNORECASE,
)
_NUMBER_WORD = re.compile(
    r"(?<![^\W_])(?:\d{1,3}(?:,\d{3})+(?![,.]?[^\W_])"  # 1,250
    r"|\d+\.\d+(?!\.?[^\W_])|\d+(?![^\W_])"  # 37.5 and 350
    r"|\d+\.\d+[^\W\d_][^\W_]{0,8}|[^\W\d_]*+\d[^\W_]*+"  # 7.5mg and CD4
    r"|[A-Za-z]{1,4}(?![^\W_]))"  # KCA
)
_DOSE_UNIT = re.compile(r"[ -]?(?:mg|ml|milligram|cells|copies|days|weeks|months)")
_JOINT = re.compile(r"[\s\-./(),:;#*+_~%|\\&'\"]{0,4}")
_TIGHT, _LONG = {"", " ", "-", ".", "\n"}, 4
_BESIDE_LETTERS = {"", " ", "-", "/", "\n"}
_ATTACHED = re.compile(r"(\d+(?:\.\d+)?)(?:[a-z]|[A-Za-z][A-Za-z\d]{1,8})|([34]\d(?:\.\d)?)C")
_ORDINAL = re.compile(r"\d{1,3}(?:st|nd|rd|th|x)|[1-9]0s|\d\d[FM]|[xX]\d{1,2}|[Qq]\d{1,2}|[GgPp]\d(?:[Pp]\d)?")
_PHONE_DIGITS = range(7, 16)
_MAX_CHAIN = 400


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    digits: int
    has_letters: bool
    is_clinical: bool


def mask_numbers(text: str, newest_year: int, vocabulary: Vocabulary, surrogates: Surrogates) -> str:
    """Return a text without numbers that no rule reads as a dose, an interval, a result, a time, an age or a year.

    Numbers and codes side by side count as one, also with a line break between them.
    """
    text = replace(_SPELLED, text, lambda match: _spelled(match, surrogates))
    return spliced(text, list(_changes(text, newest_year, vocabulary, surrogates)))


def _spelled(match: re.Match[str], surrogates: Surrogates) -> str | None:
    if not any(map(str.isalpha, match[0])):
        return None
    after = match.string[match.end() : match.end() + 12]
    is_dose = _DOSE_UNIT.match(after) and len(match[0].split()) <= 6
    return None if is_dose else surrogates.sign("CODE", match[0])


def _changes(text: str, newest: int, vocabulary: Vocabulary, surrogates: Surrogates) -> Iterator[tuple[int, int, str]]:
    for chain in _chains(text, _tokens(text, newest, vocabulary)):
        start, end = chain[0].start, chain[-1].end
        value, digits = text[start:end], sum(token.digits for token in chain)
        is_number = not any(map(str.isalpha, value))
        is_long = digits >= min(_PHONE_DIGITS)
        if digits and not (is_number and not is_long and clinical.is_plain(value)):
            starts_like_phone = value[0] == "0" or text[max(0, start - 1) : start] == "+"
            is_phone = is_number and is_long and starts_like_phone and digits <= max(_PHONE_DIGITS)
            yield start, end, surrogates.sign("PHONE" if is_phone else "CODE", value)


def _chains(text: str, tokens: Iterator[_Token]) -> Iterator[Sequence[_Token]]:
    """Yield runs of neighbouring tokens. A number with a meaning ends a run, unless it continues a long number."""
    chain: list[_Token] = []
    for token in tokens:
        joint = text[chain[-1].end : token.start] if chain else "x"
        is_near = bool(chain) and _are_near(chain[-1], joint, token) and token.end - chain[0].start <= _MAX_CHAIN
        is_plate = is_near and token.has_letters and not chain[-1].digits
        is_rest = is_plate or (joint in _TIGHT and sum(each.digits for each in chain) >= _LONG)
        if is_near and (is_rest or not token.is_clinical):
            chain.append(token)
            continue
        if chain:
            yield chain
        # After a number, a single letter may be a part of a plate. Before one, it names a result, such as `T 37.2`.
        is_result = not token.digits and token.end - token.start == 1
        chain = [] if token.is_clinical or is_result else [token]
    if chain:
        yield chain


def _are_near(before: _Token, joint: str, token: _Token) -> bool:
    if before.digits and token.digits:
        return _JOINT.fullmatch(joint) is not None
    return joint in _BESIDE_LETTERS


def _tokens(text: str, newest: int, vocabulary: Vocabulary) -> Iterator[_Token]:
    for match in _NUMBER_WORD.finditer(text):
        start, end, found = match.start(), match.end(), match[0]
        digits = sum(map(str.isdigit, found))
        if not digits:
            # A few letters beside digits are part of a plate or a serial number, unless they are an allowed word.
            if not (vocabulary.abbreviates(found) or _is_plain_word(found, vocabulary)):
                yield _Token(start, end, 0, has_letters=True, is_clinical=False)
            continue
        has_letters = any(map(str.isalpha, found)) and not vocabulary.abbreviates(found)
        if found.replace(",", "").replace(".", "").isdigit():
            meaning = clinical.has_meaning(text, start, end) or clinical.is_year(text, start, end, newest)
        else:
            meaning = _is_allowed_code(found, vocabulary)
        yield _Token(start, end, digits, has_letters, is_clinical=meaning)


def _is_plain_word(word: str, vocabulary: Vocabulary) -> bool:
    """Return True for an allowed word. In capitals beside digits, it must be clinical or a word of grammar."""
    lower = word.lower()
    if len(word) > 1 and word.isupper():
        return lower in FUNCTION_WORDS or vocabulary.is_clinical(lower)
    return vocabulary.knows(lower) or word in "aAIxX"


def _is_allowed_code(code: str, vocabulary: Vocabulary) -> bool:
    if vocabulary.abbreviates(code) or _ORDINAL.fullmatch(code):
        return True
    attached = _ATTACHED.fullmatch(code)
    return attached is not None and (attached[1] is None or clinical.has_meaning(code, 0, attached.end(1)))
