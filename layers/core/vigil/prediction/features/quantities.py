"""Numbers and their units in words for people."""

_PLAIN_BELOW = 1e15
"""Lower edge of the numbers that are written with a power of ten."""


def format_rounded(number: float, unit: str = "", unit_singular: str = "") -> str:
    """Return a number for people, for example `6.3 days`, `1 day` or `12,300 copies/mL`.

    A number from 100 on is rounded to a whole one, from 1 on to one decimal place, below 1 to two digits.
    `unit_singular` is the unit after the number 1; if it is empty, the unit has one form only.
    """
    size = abs(number)
    if size >= _PLAIN_BELOW:
        text = f"{number:.3g}"
    elif size >= 1:
        text = f"{number:,.{1 if size < 100 else 0}f}"
    else:
        text = f"{number + 0.0:.2g}"  # -0.0 becomes 0.0
    return _with_unit(text.removesuffix(".0"), unit, unit_singular)


def format_exact(number: float, unit: str = "", unit_singular: str = "") -> str:
    """Return a number with all of its digits, for example `10,000,000 copies/mL`; for bounds, which are exact."""
    is_plain = float(number).is_integer() and abs(number) <= _PLAIN_BELOW
    return _with_unit(f"{int(number) if is_plain else number:,}", unit, unit_singular)


def _with_unit(text: str, unit: str, unit_singular: str) -> str:
    if not unit:
        return text
    return f"{text} {unit_singular if text == '1' and unit_singular else unit}"
