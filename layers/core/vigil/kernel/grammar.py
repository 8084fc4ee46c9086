"""The grammar of each type of value: moments, days, numbers and booleans, in JSON and as text.

Bodies, histories, usage events, CSV cells and query parameters are read by these functions, so that one spelling has
one verdict everywhere. A reader returns the value, or raises ValueError for another spelling.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

YEARS = range(1900, 2200)
"""Years of moments and days. Arithmetic with dates does not overflow in these years."""
MAX_NUMBER_CHARACTERS = 300
"""Maximum length of a number that is given as text, in characters."""

_Value = TypeVar("_Value")
_Date = TypeVar("_Date", date, datetime)
_DATE = r"\d{4}-\d\d-\d\d"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
_OFFSET = r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)"
_MOMENT = re.compile(f"{_DATE}[Tt ]{_CLOCK}{_OFFSET}", re.ASCII)
_DAY = re.compile(_DATE, re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Grammar(Generic[_Value]):
    """The reader of one type, with the message and the bound of a value that it refuses."""

    read: Callable[[object], _Value]
    message: str
    bound: str


def read_moment(value: object) -> datetime:
    """Return the moment of an RFC 3339 text. The offset has a colon or not, the second up to nine decimals.

    Decimals after the sixth are dropped.
    """
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("not an RFC 3339 time")
    return _in_years(datetime.fromisoformat(value.upper()))


def read_day(value: object) -> date:
    """Return the day of a text such as `2024-03-01`."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("not a date")
    return _in_years(date.fromisoformat(value))


def read_number(value: object) -> int | float:
    """Return a finite JSON number unchanged."""
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return value
    raise ValueError("not a finite JSON number")


def read_whole_number(value: object) -> int:
    """Return a JSON number without a fraction: 90, 90.0 and 9e1 are the same number."""
    number = read_number(value)
    if number != int(number):
        raise ValueError("not a whole number")
    return int(number)


def read_boolean(value: object) -> bool:
    """Return a JSON boolean unchanged."""
    if type(value) is bool:
        return value
    raise ValueError("not a JSON boolean")


def read_number_text(text: object) -> int | float:
    """Return the number of a CSV cell or query parameter; whole numbers without point and exponent as int."""
    if not isinstance(text, str) or len(text) > MAX_NUMBER_CHARACTERS or not _NUMBER.fullmatch(text := text.strip()):
        raise ValueError("not the text of a number")
    return int(text) if text.lstrip("+-").isdigit() else read_number(float(text))


def read_whole_number_text(text: object) -> int:
    """Return the whole number of a query parameter."""
    return read_whole_number(read_number_text(text))


def read_boolean_text(text: object) -> bool:
    """Return the boolean of a CSV cell or query parameter: `true` or `false`, in letters of any case."""
    if not isinstance(text, str) or len(text) > MAX_NUMBER_CHARACTERS:
        raise ValueError("not the text of a boolean")
    if (truth := _TRUTHS.get(text.strip().lower())) is None:
        raise ValueError("not the text of a boolean")
    return truth


def _in_years(value: _Date) -> _Date:
    if value.year not in YEARS:
        raise ValueError("the year is out of range")
    return value


_YEARS_SPAN = f"years {YEARS.start} to {YEARS.stop - 1}"
MOMENT = Grammar(
    read_moment,
    f"must be an RFC 3339 time with a UTC offset, such as 2024-03-01T08:30:00+03:00, in the {_YEARS_SPAN}",
    "RFC 3339 with a UTC offset",
)
"""A moment in JSON, a CSV cell or a query parameter."""
DAY = Grammar(read_day, f"must be a date such as 2024-03-01, in the {_YEARS_SPAN}", "date YYYY-MM-DD")
"""A day in JSON."""
NUMBER = Grammar(read_number, "must be a finite number", "number")
"""A number in JSON."""
WHOLE_NUMBER = Grammar(read_whole_number, "must be a whole number", "integer")
"""A whole number in JSON."""
BOOLEAN = Grammar(read_boolean, "must be true or false", "boolean")
"""A boolean in JSON."""
WHOLE_NUMBER_TEXT = Grammar(read_whole_number_text, "must be a whole number", "integer")
"""A whole number in a query parameter."""
BOOLEAN_TEXT = Grammar(read_boolean_text, "must be true or false", "boolean")
"""A boolean in a query parameter."""
