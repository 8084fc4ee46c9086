"""Removal of names by their titles and labels, and of words that are in no list. Pure functions."""

import re
from collections.abc import Iterator

from vigil.privacy.masking.model import Kind
from vigil.privacy.masking.normal_form_model import spliced
from vigil.privacy.masking.surrogates_model import SIGN, Surrogates, is_sign
from vigil.privacy.masking.vocabulary_model import Vocabulary, base_form, word_set

_TITLES = (
    "mr mrs ms miss mx dr prof professor sr sister bro brother madam mama baba mzee bi bwana mwalimu pastor rev "
    "reverend imam sheikh chief hon sir lady doctor uncle aunt auntie cucu shosho gogo kogo sekuru ambuya mme "
    "ntate"
)
_ROLES = (
    "patient pt client baby mother father husband wife spouse partner son daughter child boy girl supporter "
    "neighbour neighbor friend guardian caregiver carer chw nurse clinician midwife cousin nephew niece "
    "grandmother grandfather relative buddy mentor counsellor named called aka alias"
)
_PART = r"(?:[^\W\d_](?:[^\W_]|['-](?=[^\W_])){0,40})"
_PARTICLE = r"(?:(?:de|van|der|den|von|bin|binti|al|wa|ole|arap|dos|da|la|le|ka|kwa)[ \n])"
_SEVERAL = rf"{_PARTICLE}{{0,2}}{_PART}\.?(?:[ \n,]{{1,2}}{_PARTICLE}{{0,2}}{_PART}\.?){{0,3}}"
_TITLED = re.compile(
    rf"(?<![^\W_])(?P<cue>(?:{'|'.join(_TITLES.split())})\.?[ \n]{{1,2}})(?P<names>{_SEVERAL})", re.IGNORECASE
)
_OF_ROLE = re.compile(
    rf"(?<![^\W_])(?P<cue>(?:{'|'.join(_ROLES.split())})[:,]?[ \n]{{1,2}})(?P<names>{_SEVERAL})", re.IGNORECASE
)
_LABELLED = re.compile(
    r"(?<![^\W_])(?P<cue>(?:full |first |last |middle |given |family |maiden |client |patient |sur)?(?:names?)(?:'s)?"
    rf"(?: is| was|[ ]?[:=-])[ \n]{{0,2}})(?P<names>{_SEVERAL})",
    re.IGNORECASE,
)
FUNCTION_WORDS = word_set(
    "a about after all also although am an and any are as at be because been before being both but by can cannot "
    "could did do does doing done during each either else every few first for from had has have having he her "
    "here hers him his how i if in into is it its last later less like many may might more most must my name "
    "names neither never next no none nor not now of off often on once one only or other our out over own per "
    "please second several shall she should since so some start still stop such than that the their them then "
    "there these they this those three through to today together tomorrow too two under until up us use very was "
    "we were what when where whether which while who whom whose why will with within without would yes yesterday "
    "yet you your give take check continue switch discuss consider according seen see call reach contact write "
    "send reports reviewed referred admitted noted result"
)
"""Words that begin sentences and are no names, even before a name."""
_VERBS = word_set(
    "has is was reports reported presented presents complains complained takes took needs weighs says said came "
    "comes missed misses denies denied feels felt lives works wants went returned attended attends defaulted"
)
"""Words after a name at the beginning of a sentence."""
_WORD = re.compile(r"(?<![^\W_])(?:(?:[A-Za-z]\.){2,4}|[^\W\d_](?:[^\W\d_]|'(?=[^\W\d_]))*(?![^\W_]))")
_NAME_PART = re.compile(_PART)
_SENTENCE_END = frozenset(".?!:;")
_LETTER_HEADS = word_set(
    "hepatitis amphotericin protein vitamin vitamins grade class stage type group influenza factor category "
    "schedule option arm plan streptococcus immunoglobulin stages types grades classes groups and or"
)
_LETTER_TAILS = ("cell", "ray", "virus", "strain", "mail")
_DOTTED = word_set("b.i.d t.i.d t.d.s q.i.d p.o i.v i.m s.c o.d b.d e.g i.e p.r.n a.m p.m n.b p.r p.v c.f")
_NAME_FOLLOWS = re.compile(rf"(?:'s)?[ \n]{{1,2}}({SIGN}|[A-Z][^\W\d_]+)")
_ALONE = re.compile(r"[ ]?(?:\n|$)|, (?:an?|who|aged|whose|\d)\b")
_NEXT = re.compile(r"[ \n]([a-z]+)")
_LIST_NUMBER = re.compile(r"(?:^|\n)[^\S\n]*+\d{1,2}[.)]\s*+$")
_NUMBER_BEFORE = re.compile(r"(?:\d[ -]?|[/%])$")
_DIVIDED_LEFT = re.compile(r"(?<![A-Za-z])([A-Za-z]{2,20})-$")
_DIVIDED_RIGHT = re.compile(r"-([A-Za-z]{2,20})")


def mask_titled_names(text: str, vocabulary: Vocabulary, surrogates: Surrogates) -> str:
    """Return a text without names after titles such as `Mrs`, roles such as `patient`, and the label `Name:`."""

    for pattern, is_title in ((_LABELLED, True), (_TITLED, True), (_OF_ROLE, False)):
        text = spliced(text, list(_named(pattern, text, vocabulary, surrogates, small=is_title)))
    return text


def _named(
    pattern: re.Pattern[str], text: str, vocabulary: Vocabulary, surrogates: Surrogates, *, small: bool
) -> Iterator[tuple[int, int, str]]:
    """Yield the names after each cue. `small`: a word that may be a name is one also in small letters."""
    place = 0
    while match := pattern.search(text, place):
        place = match.start("names")
        for part in _NAME_PART.finditer(text, place, match.end("names")):
            word = part[0].removesuffix("'s")
            if not _is_name_after_cue(word, vocabulary, small=small, is_first=part.start() == match.start("names")):
                break
            yield part.start(), part.start() + len(word), surrogates.sign("NAME", word)
            place = part.end()


def _is_name_after_cue(word: str, vocabulary: Vocabulary, *, small: bool, is_first: bool) -> bool:
    lower = word.lower()
    if len(word) == 1:
        return word.isupper() and word != "I" and not is_first
    if lower in FUNCTION_WORDS or lower in _VERBS or vocabulary.abbreviates(word):
        return False
    if word.islower():
        return (small and lower in vocabulary.name_words) or not vocabulary.knows(lower)
    return not vocabulary.is_clinical(lower)


def mask_unknown_words(text: str, vocabulary: Vocabulary, surrogates: Surrogates) -> str:
    """Return a text in which each word is in a list, and no word with a capital letter can be a name.

    A capital inside a sentence is a name, unless the word is an abbreviation or clinical. At its beginning, a word is a
    name if it is in the list of such words, or if a name follows it. A word that is not clinical is also a name if it
    stands alone, or before a verb such as `has`.
    """
    return spliced(text, list(_removed(text, vocabulary, surrogates)))


def _removed(text: str, vocabulary: Vocabulary, surrogates: Surrogates) -> Iterator[tuple[int, int, str]]:
    before, name_end = "", -1
    for match in _WORD.finditer(text):
        word, start, end = match[0], match.start(), match.end()
        kind = _kind(text, match, before, vocabulary, surrogates)
        follows_name = start == name_end + 1 or _is_name_sign(text[max(0, start - 2) : start - 1], surrogates)
        if kind is None and follows_name and word.istitle() and not starts_sentence(text, start):
            kind = "NAME"
        if kind:
            yield start, end, surrogates.sign(kind, word.removesuffix("'s"))
        before, name_end = word.lower(), end if kind == "NAME" else -1


def _is_name_sign(character: str, surrogates: Surrogates) -> bool:
    return is_sign(character) and surrogates.kind(character) == "NAME"


def _kind(text: str, match: re.Match[str], before: str, vocabulary: Vocabulary, surrogates: Surrogates) -> Kind | None:
    word, lower = match[0], match[0].lower()
    if lower.rstrip(".") in _DOTTED or vocabulary.abbreviates(word):
        return None
    if len(word) == 1:
        return None if _is_allowed_letter(text, match, before) else "NAME"
    if not word.isascii() or not (vocabulary.knows(lower) or _is_divided(text, match, vocabulary)):
        return "NAME" if word[0].isupper() else "TERM"
    return "NAME" if word[0].isupper() and _may_be_name(text, match, vocabulary, surrogates) else None


def _may_be_name(text: str, match: re.Match[str], vocabulary: Vocabulary, surrogates: Surrogates) -> bool:
    """Return True if an allowed word with a capital letter may be a name at its place."""
    word, lower = match[0], base_form(match[0].lower())
    follows = _NEXT.match(text, match.end())
    has_verb = follows is not None and follows[1] in _VERBS
    is_function = lower in FUNCTION_WORDS
    if word.removesuffix("'s").isupper():
        return lower in vocabulary.name_words and not is_function
    if vocabulary.is_clinical(lower):
        return False
    if not starts_sentence(text, match.start()):
        return not (is_function and lower not in vocabulary.name_words)
    if is_function:
        return has_verb and lower in vocabulary.name_words
    following = _NAME_FOLLOWS.match(text, match.end())
    has_verb = has_verb or _ALONE.match(text, match.end()) is not None
    is_before_name = following is not None and (following[1].isascii() or surrogates.kind(following[1]) == "NAME")
    return lower in vocabulary.name_words or has_verb or is_before_name


def starts_sentence(text: str, start: int) -> bool:
    """Return True if a sentence or a paragraph begins here; a line end inside a sentence begins none."""
    before = text[max(0, start - 40) : start]
    plain = before.rstrip(" \n\"'(*#>-")
    if not plain:
        return start <= len(before)
    return plain[-1] in _SENTENCE_END or "\n\n" in before[len(plain) :] or bool(_LIST_NUMBER.search(before))


def _is_allowed_letter(text: str, match: re.Match[str], before: str) -> bool:
    letter, start, end = match[0], match.start(), match.end()
    around = text[max(0, start - 2) : start], text[end : end + 7].lower()
    if (
        letter in "aIA"
        and around[1][:1] in (" ", "\n", ",", "'")
        and not (around[1][1:2].isalpha() and around[1][2:3] == " ")
    ):
        return True
    if around[0][-1:] == "'":
        return True
    if letter in "TPRKG" and around[1][1:2].isdigit():
        return True
    touches_number = bool(_NUMBER_BEFORE.search(around[0])) or around[1][:1] == "/"
    return (
        touches_number or before in _LETTER_HEADS or around[1].lstrip(" -").startswith(_LETTER_TAILS) or letter == "x"
    )


def _is_divided(text: str, match: re.Match[str], vocabulary: Vocabulary) -> bool:
    """Return True if the word is a part of an allowed word that a hyphen divides."""
    left = _DIVIDED_LEFT.search(text[max(0, match.start() - 21) : match.start()])
    right = _DIVIDED_RIGHT.match(text[match.end() : match.end() + 21])
    word = match[0].lower()
    joined = [left[1].lower() + word] if left else []
    joined += [word + right[1].lower()] if right else []
    return any(map(vocabulary.knows, joined))
