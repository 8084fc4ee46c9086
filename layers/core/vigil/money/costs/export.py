"""Costs as CSV, for spreadsheets and books."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

from vigil.money.costs.model import Line

COLUMNS = ("day", "category", "meter", "quantity", "price_version", "micros", "usd", "adjusts")


def as_csv(lines: Iterable[Line]) -> str:
    """Return lines under a head, as RFC 4180 has it; dollars are exact to the micro.

    No cell is text of a caller's: each is a number, a date or one of our own words, so that none can be a formula.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        dollars = Decimal(line.micros).scaleb(-6)
        writer.writerow(dollars if name == "usd" else getattr(line, name) for name in COLUMNS)
    return text.getvalue()
