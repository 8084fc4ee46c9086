"""Replacement of dates by their distance from today, and of ages above 89. Pure functions."""

import re
from collections.abc import Iterable
from datetime import date

from vigil.privacy.masking.alternatives_model import any_of
from vigil.privacy.masking.calendar_model import (
    MONTHS,
    OLDEST_YEARS,
    ORDINALS,
    distance,
    full_year,
    readings,
)
from vigil.privacy.masking.normal_form_model import replace
from vigil.privacy.masking.surrogates_model import Surrogates

_NAMES = any_of(MONTHS)
_MONTH = rf"(?:{_NAMES})(?![^\W\d_])\.?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_ORDINAL = any_of(word.replace("-", "[ -]") for word in ORDINALS)
_OF = r"(?:[ \n.,-]{0,3}\b(?:of|de|du|ya|wa|mwezi)\b)?[ \n.,/-]{0,3}"
_YEAR = r"(?:(?:18|19|20)\d\d|'\d\d)"
_CLOCK = r"(?:T\d\d:?\d\d(?::?\d\d)?(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?"
_SEP = r"\s?[-/.]\s?"
_WORDS = re.compile(
    rf"(?<![^\W_])(?=[^\W_])(?:the )?"
    rf"(?:(?P<day>{_DAY}|{_ORDINAL}){_OF}(?P<month>{_MONTH})(?:{_OF}(?P<year>{_YEAR}|\d\d)(?!\d))?"
    rf"|(?P<month2>{_MONTH}){_OF}(?:the )?(?P<day2>{_DAY}|{_ORDINAL})(?!\d)(?:{_OF}(?P<year2>{_YEAR})(?!\d))?"
    rf"|(?P<month3>{_MONTH}){_OF}(?P<year3>{_YEAR})(?!\d))",
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    rf"(?<![\d])(?:(?P<year>(?:18|19|20)\d\d){_SEP}(?P<month>\d{{1,2}}){_SEP}(?P<day>\d{{1,2}})(?!\d){_CLOCK}"
    rf"|(?P<day2>\d{{1,2}}){_SEP}(?P<month2>\d{{1,2}}){_SEP}(?P<year2>(?:18|19|20)\d\d|\d\d)(?!\d)"
    rf"|(?P<year3>(?:19|20)\d\d)(?P<month3>0[1-9]|1[0-2])(?P<day3>0[1-9]|[12]\d|3[01])(?!\d){_CLOCK}"
    rf"|(?P<month4>0?[1-9]|1[0-2])/(?P<year4>(?:19|20)\d\d)(?!\d))",
    re.IGNORECASE,
)
_AFTER_A_WORD = re.compile(
    r"\b(on|since|dated|date|dob|born|from|until|till|seen|visit|started|return|tca|due|lmp|edd)(:?\s)"
    r"(\d{1,2}\s?[/-]\s?\d{1,2})(?![\d/%]|\s?(?:mg|ml|tab|kg|of|days|weeks|months|years|hours|cells))",
    re.IGNORECASE,
)
_CUE = re.compile(r"\b(?:on|since|by|from|until|till|of|dated?|dob|seen|born|started|the|visit) ?$", re.IGNORECASE)
_NEXT_WORD = re.compile(r" [a-z]")
_FOREIGN = re.compile(
    rf"(?<!\w){_DAY}[ .-]{{1,2}}(?:(?:de|ya|wa) )?[^\W\d_]{{3,20}}[ .,-]{{1,2}}(?:(?:de|ya|wa) )?{_YEAR}(?!\d)",
    re.IGNORECASE,
)
_BARE_MONTH = re.compile(
    r"(?<=[^\W_][ \n])(?:January|February|March|April|May|June|July|August|September|October|November|December)\b|"
    r"(?i:\b(?:january|february|april|september|october|november|december)\b)"
)


def mask_dates(text: str, today: date, surrogates: Surrogates) -> str:
    """Return a text with each date as a surrogate that tells its distance from today, if the year is known.

    A date of two readings, such as 03/04/2026, tells both. Years alone stay, as HIPAA allows.
    """

    def named(match: re.Match[str]) -> str:
        day, month, year = _groups(match)
        number = MONTHS[month.lower().removesuffix(".")]
        if not year:
            return match[0] if _is_verb(match, month) else surrogates.sign("DATE", match[0])
        known = full_year(year.removeprefix("'"), today)
        first = _day_number(day)
        return _sign(match[0], [date(known, number, 15)] if not first else _valid(first, number, known), first)

    def numbered(match: re.Match[str]) -> str:
        day, month, year = _groups(match)
        known = full_year(year, today)
        if not day:
            return _sign(match[0], _valid(15, int(month), known), 0)
        both = match["day2"] is not None
        found = readings(int(day), int(month), known) if both else _valid(int(day), int(month), known)
        return _sign(match[0], found, int(day))

    def _sign(value: str, dates: Iterable[date], day: int) -> str:
        notes = list(dict.fromkeys(distance((today - found).days) for found in dates))
        note = " or ".join(notes)
        return surrogates.sign("DATE", value, f"month of {note}" if notes and not day else note)

    text = replace(_NUMBERS, text, numbered)
    text = replace(_WORDS, text, named)
    text = replace(_FOREIGN, text, lambda match: surrogates.sign("DATE", match[0]))
    text = replace(_AFTER_A_WORD, text, lambda match: match[1] + match[2] + surrogates.sign("DATE", match[3]))
    return replace(_BARE_MONTH, text, lambda match: surrogates.sign("DATE", match[0]))


def _groups(match: re.Match[str]) -> tuple[str, str, str]:
    """Return day, month and year of a match; a part that it lacks is empty."""
    found = match.groupdict()
    return (
        next((found[name] for name in found if name.startswith("day") and found[name]), ""),
        next((found[name] for name in found if name.startswith("month") and found[name]), ""),
        next((found[name] for name in found if name.startswith("year") and found[name]), ""),
    )


def _is_verb(match: re.Match[str], month: str) -> bool:
    """Return True for `may` between a number and a word, as in `stage 3 may need`, and not after a word of dates."""
    before, after = (
        match.string[max(0, match.start() - 12) : match.start()],
        match.string[match.end() : match.end() + 2],
    )
    return month == "may" and match[0].endswith("may") and bool(_NEXT_WORD.match(after)) and not _CUE.search(before)


def _day_number(day: str) -> int:
    word = day.lower().replace(" ", "-")
    return ORDINALS[word] if word in ORDINALS else int("".join(filter(str.isdecimal, day)) or 0)


def _valid(day: int, month: int, year: int) -> list[date]:
    try:
        return [date(year, month, day)]
    except ValueError:
        return []


_OLD = r"(?:9\d|1[0-4]\d)"
_OLD_WORDS = (
    r"(?:ninety(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?"
    r"|(?:a|one)\s?-?hundred(?:(?:\sand)?\s[a-z]{3,9})?)"
)
_YEARS_OLD = r"(?:years?|yrs?|y\.?/?o|y\.o\.?|ans|anos|miaka)\b(?:\s?-?of age\b|[\s-]old\b)?"
_AGES = re.compile(
    rf"\b(?:{_OLD}|{_OLD_WORDS})[\s-]{{0,2}}{_YEARS_OLD}"
    rf"|(?<=\b)(?:aged?|umri(?: wa)?|miaka)\b[\s:=]{{0,3}}(?:\(years\)|in years|is|of)?[\s:=]{{0,3}}"
    rf"(?:{_OLD}|{_OLD_WORDS})\b"
    rf"|\b{_OLD} ?[MF]\b|\bnonagenarian\b|\bcentenarian\b|\bin (?:his|her|their) (?:nineties|90s)\b",
    re.IGNORECASE,
)
_OLD_YEAR = re.compile(r"(?<![\w.,/-])(?:18|19)\d\d(?![\w/]|[.,]\d)")


def mask_ages(text: str, today: date, surrogates: Surrogates) -> str:
    """Return a text without ages above 89, in digits or words, and without the years of birth that give them."""
    text = replace(_AGES, text, lambda match: surrogates.sign("AGE", match[0], "over 89"))
    oldest = today.year - OLDEST_YEARS
    return replace(
        _OLD_YEAR, text, lambda match: surrogates.sign("AGE", match[0], "over 89") if int(match[0]) <= oldest else None
    )
