"""Suppression of small counts: rounding that keeps every count below 11 unknown, also after subtraction.

A count below `MIN_COUNT` is not shown. All other counts are rounded to a multiple of `ROUNDING`. Each shown count is
then uncertain by 10 rows on either side. A difference of two shown counts is uncertain by 20, so that it excludes
no count from 0 to 10. This also applies to totals, to other windows and to the report of the next day.

A share of rows gets a step of at least `ROUNDING` rows, so that it tells no more than the rounded counts.
"""

import math

from vigil.monitoring.fairness.intervals_model import Proportion
from vigil.monitoring.report.model import Count, Estimate

MIN_COUNT = 11
"""Smallest number of rows that may be shown; a smaller one could identify a person."""
ROUNDING = 20
"""Unit of shown counts, in rows: twice the largest hidden count."""
STEPS = (
    *(0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008),
    *(0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.08),
    *(0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5),
)
"""Steps of shown shares."""
Z95 = 1.959964
"""Normal quantile of 95 % intervals."""


def round_count(count: int) -> Count:
    """Return a count as the nearest multiple of `ROUNDING`; None below `MIN_COUNT`.

    A half is rounded down: 30 is shown as 20. Otherwise, a 40 above three hidden counts would mean three times 10.
    """
    if count < MIN_COUNT:
        return None
    return (count + ROUNDING // 2 - 1) // ROUNDING * ROUNDING


def step_of(rows: int) -> float | None:
    """Return the smallest of `STEPS` that is at least 20 of the shown rows; None for fewer than 31 rows.

    The step follows from the shown rows, so that it shows nothing more about the exact ones.
    """
    shown = round_count(rows)
    return next((step for step in STEPS if shown and step * shown >= ROUNDING), None)


def round_share(events: float, rows: int) -> float | None:
    """Return the share of events, from 0 to 1, rounded to its step.

    The result is None if the events or the other rows are fewer than `MIN_COUNT`, or if the rows have no step. A shown
    share is never 0 or 1, because both sides have rows.
    """
    step = step_of(rows)
    if step is None or min(events, rows - events) < MIN_COUNT:
        return None
    return min(max(round(round(events / rows / step) * step, 3), step), round(1 - step, 3))


def share_interval(share: float | None, rows: int) -> Estimate:
    """Return a shown share with the 95 % Wilson interval that follows from the shown numbers alone.

    An estimate of None follows for a hidden share.
    """
    shown = round_count(rows)
    if share is None or shown is None:
        return Estimate(None)
    low, high = Proportion(share * shown, shown).interval(Z95)
    return Estimate(share, round(low, 3), round(high, 3))


def round_figure(value: float | None, digits: int = 3) -> float | None:
    """Return a number with `digits` significant digits; None for None, and for a number that is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
