"""Names of months and ordinals in the languages of the clinics, and distances of days. Pure functions."""

from collections.abc import Iterator
from datetime import date

_MONTHS = (
    "january jan janvier janeiro januari januarie enero januar gennaio uJanuwari pherekgong sunguti ndira zib",
    "february feb febr février fevrier fevereiro februari februarie febrero februar febbraio hlakola kukadzi",
    "march mar mars março marco machi maart marzo märz kurume mbimbitho",
    "april apr avril abril aprili aprile kubvumbi mabasa",
    "may mai maio mei mayo mayi maggio chivabvu",
    "june jun juin junho juni junie junio giugno chikumi",
    "july jul juillet julho julai julie juli julio luglio chikunguru",
    "august aug août aout agosto agosti augustus nyamavhuvhu",
    "september sep sept septembre setembro septemba septiembre settembre gunyana",
    "october oct octobre outubro oktoba oktober octubre ottobre gumiguru",
    "november nov novembre novembro novemba noviembre mbudzi",
    "december dec décembre decembre dezembro desemba desember diciembre dezember dicembre zvita",
)
_FIRST_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
)
_ORDINALS = f"{_FIRST_ORDINALS} fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split()
_ACCENTS = str.maketrans("éûçä", "euca")
MONTHS = {word.translate(_ACCENTS).lower(): number for number, names in enumerate(_MONTHS, 1) for word in names.split()}
"""Number of a month by its name in small ASCII letters."""
ORDINALS = {
    **{word: number for number, word in enumerate(_ORDINALS, 1)},
    **{f"twenty-{word}": 20 + number for number, word in enumerate(_ORDINALS[:9], 1)},
    "thirtieth": 30,
    "thirty-first": 31,
}
"""Number of a day of a month by its ordinal."""
_WEEKS_FROM, _MONTHS_FROM, _YEARS_FROM = 31, 92, 730
"""Days from which a distance is told in weeks, months or years, so that old dates cannot be computed from it."""
OLDEST_YEARS = 90
"""Years from which a distance is no longer told: HIPAA removes the ages above 89."""


def readings(day: int, month: int, year: int) -> Iterator[date]:
    """Yield the valid dates of a day and a month in numbers, in both orders, the day first."""
    for first, second in {(day, month): None, (month, day): None}:
        try:
            yield date(year, second, first)
        except ValueError:
            continue


def full_year(year: str, today: date) -> int:
    """Return a year of two or four digits; two digits are a year up to the next one."""
    number = int(year)
    if len(year) > 2:
        return number
    return number + 2000 if number + 2000 <= today.year + 1 else number + 1900


def distance(days: int) -> str:
    """Return the distance of a date from today in words; positive days are in the past."""
    size = abs(days)
    if size == 0:
        return "today"
    if size >= _YEARS_FROM:
        years = size * 100 // 36525
        if years >= OLDEST_YEARS:
            return "over 89 years ago" if days > 0 else "in over 89 years"
        words = f"about {years} years"
    elif size >= _MONTHS_FROM:
        words = f"about {round(size / 30.44)} months"
    elif size >= _WEEKS_FROM:
        words = f"about {round(size / 7)} weeks"
    else:
        words = f"{size} day{'s' if size > 1 else ''}"
    return f"{words} ago" if days > 0 else f"in {words}"
