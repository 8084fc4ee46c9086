"""Removal of addresses and places smaller than a state. Pure functions."""

import re

from vigil.privacy.masking.clinical_numbers_model import has_meaning
from vigil.privacy.masking.normal_form_model import replace
from vigil.privacy.masking.surrogates_model import SIGN, Surrogates, is_sign
from vigil.privacy.masking.vocabulary_model import Vocabulary, word_set

_WORD = rf"(?:[^\W_][\w'-]{{0,40}}|{SIGN})"
_CAPITAL = rf"(?:[A-Z][\w'-]{{0,40}}|{SIGN})"
_WAY = r"street|road|rd|avenue|ave|lane|highway|crescent|boulevard|blvd|estate"
_AREA = r"village|county|sub-county|subcounty|constituency|township|suburb|slum|settlement"
_SITE = (
    r"Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Crescent|Boulevard|Blvd|Highway|Close|Court|Estate|Flats|Apartments|"
    r"District|Location|Market|Centre|Center|School|Academy|Church|Mosque|Stage|Hospital|Clinic|Dispensary|Town|City"
)
_STOP = (
    "a an the at in on to of from near by and or with his her their its this that she he they who is was lives live "
    "living lived stays stay resides moved moving referred same our my rural urban local nearest next another each home"
)
_NOT_STOP = rf"(?!(?:{'|'.join(_STOP.split())})\b)"
_BOX = r"\bp\.? ?o\.? ?box\b[ :.]{0,3}(?:\d[\d -]{0,12}\d|\d)|\bprivate bag\b[ :.]{0,3}[\w-]{1,12}"
_UNIT = (
    r"\b(?:plot|house|hse|flat|apt|apartment|suite|studio|room|block|unit|door|stand|erf|building|floor|l\.?r)"
    r"\b[ .]{0,2}(?:no|number|nr|#)?[ .:]{0,2}(?:[A-Z]{0,2}[-/]?\d[\w/-]{0,10}|[A-Z]\b)"
)
_NUMBERED = rf"\b\d{{1,5}}[A-Za-z]?,?[ \n](?:{_NOT_STOP}{_WORD}[ \n]){{1,3}}(?:{_WAY})\b\.?"
_IN_CAPITALS = rf"\b(?:{_NOT_STOP}{_CAPITAL}[ \n]){{1,3}}(?:{_SITE}|(?i:{_WAY}|{_AREA}))\b"
_SMALL = rf"(?<![^\W_])(?:{_NOT_STOP}{_WORD}[ \n]){{1,2}}(?:{_AREA}|{_WAY})\b"
_CALLED = (
    rf"\b(?:{_WAY}|{_AREA}|town|city|school|church|market)[ \n](?:of|called|named)[ \n]"
    rf"(?:{_CAPITAL}|[^\W_]{{1,40}})(?:[ \n]{_CAPITAL}){{0,2}}"
)
_RULES = (
    *(re.compile(pattern, re.IGNORECASE) for pattern in (_BOX, _UNIT, _NUMBERED)),
    re.compile(_IN_CAPITALS),
    *(re.compile(pattern, re.IGNORECASE) for pattern in (_SMALL, _CALLED)),
)
_LIVES = "lives?|living|lived|resides?|residing|resident|stays?|staying|stayed"
_DWELLING = re.compile(
    rf"(?P<cue>(?i:\b(?:{_LIVES}|born|raised|based|moved|relocated|travell?ed|transferred|from|hails?|comes|visit|address|"
    r"residence|town|estate|village|county|location)(?: back| over| out| now| is| currently)?"
    r"(?:[ \n](?:in|at|near|of|to|from|around|off|behind|opposite)|[ \n]?:)))[ \n]"
    rf"(?P<place>{_CAPITAL}(?:,?[ \n]{_CAPITAL}){{0,4}})"
)
_DWELLING_SMALL = re.compile(
    rf"(?P<cue>\b(?:(?:{_LIVES})[ \n](?:in|at|near|of|around)|(?:address|residence|home|place|from|location)[ ]?:)"
    r"[ \n](?:the )?)"
    rf"(?P<place>[^\W_]{{2,40}}(?:[ \n]{_NOT_STOP}[^\W_]{{2,40}})?)",
    re.IGNORECASE,
)
_AFTER_ADDRESS = re.compile(
    rf"({SIGN})(,?[ \n])(([^\W\d_]{{2,40}})(?:[ \n](town|city|village|estate|area|hill|park|valley))?)(?![^\W_])"
)
_NAMED_AREA = re.compile(
    r"(?<![^\W_])([^\W\d_]{2,40})[ \n](?:town|city|beach|valley|bay|park|hills?|island|junction|centre)(?![^\W_])",
    re.IGNORECASE,
)
_HOUSE_NUMBER = re.compile(rf"(?<![\w.,/%<>=:-])(?<![<>=] )(\d{{1,5}}[A-Za-z]?)([ \n])({SIGN})")
_COUNTRIES = word_set(
    "kenya uganda tanzania rwanda burundi ethiopia somalia sudan malawi zambia zimbabwe botswana namibia mozambique "
    "lesotho eswatini angola nigeria ghana africa home care hospital poverty town city village urban rural shelter "
    "prison school"
)
"""Places that are no smaller than a state, and words for places without a name."""


def mask_places(text: str, vocabulary: Vocabulary, surrogates: Surrogates) -> str:
    """Return a text without boxes, streets, houses, villages, towns, counties and schools. Countries stay."""
    for pattern in _RULES:
        text = replace(pattern, text, lambda match: surrogates.sign("PLACE", match[0]))

    def dwelling(match: re.Match[str]) -> str | None:
        place = match["place"]
        first = place.split()[0]
        if is_sign(place) and surrogates.kind(place) != "NAME":
            return None
        if first.lower() in _COUNTRIES or place.lower() == "south africa" or vocabulary.abbreviates(first):
            return None
        return f"{match['cue']}{match.string[match.end('cue') : match.start('place')]}{surrogates.sign('PLACE', place)}"

    def after_address(match: re.Match[str]) -> str | None:
        if surrogates.kind(match[1]) != "PLACE":
            return None
        is_place = match[5] is not None or ("," in match[2] and match[4].lower() in vocabulary.name_words)
        return f"{match[1]}{match[2]}{surrogates.sign('PLACE', match[3])}" if is_place else None

    def named_area(match: re.Match[str]) -> str | None:
        return surrogates.sign("PLACE", match[0]) if match[1].lower() in vocabulary.name_words else None

    text = replace(_NAMED_AREA, replace(_AFTER_ADDRESS, text, after_address), named_area)
    return replace(_DWELLING_SMALL, replace(_DWELLING, text, dwelling), dwelling)


def mask_house_numbers(text: str, surrogates: Surrogates) -> str:
    """Return a text without numbers directly before a name, such as that of a street without the word."""

    def before_name(match: re.Match[str]) -> str | None:
        if surrogates.kind(match[3]) not in ("NAME", "PLACE") or has_meaning(
            match.string, match.start(1), match.end(1)
        ):
            return None
        return surrogates.sign("PLACE", match[1]) + match[2] + match[3]

    return replace(_HOUSE_NUMBER, text, before_name)
