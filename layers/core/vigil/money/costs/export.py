"""Export of cost lines as CSV."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

from vigil.money.costs.model import CostLine

CSV_COLUMNS = ("day", "category", "meter", "quantity", "price_version", "micros", "usd", "adjusts")
"""Columns of the export, in order."""


def to_csv(lines: Iterable[CostLine]) -> str:
    """Return cost lines as CSV (RFC 4180) with a header; `usd` is exact to the micro-dollar.

    Each cell is a number, a date or a fixed word. No cell has text of a caller, so none can be a spreadsheet formula.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for line in lines:
        dollars = Decimal(line.micros).scaleb(-6)
        writer.writerow(dollars if name == "usd" else getattr(line, name) for name in CSV_COLUMNS)
    return text.getvalue()
