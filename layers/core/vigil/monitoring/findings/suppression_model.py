"""Suppression of small counts: rounding after which every count below 11 is unknown, also by subtraction.

A count below `MIN_COUNT` is not shown. All other counts are rounded to a multiple of `ROUNDING`. Each shown count is
then uncertain by 10 rows on either side. A difference of two shown counts is uncertain by 20, so that it excludes no
count from 0 to 10. This also applies to totals, to other windows and to the report of the next day.

A share of rows gets a step of at least `ROUNDING` rows, as does the shift of a mean. So it shows no more than the
rounded counts. Figures of two cells follow from the rounded counts. Other measures of outcomes get a step that is the
influence of `ROUNDING` events.
"""

import math
from dataclasses import dataclass

from vigil.monitoring.fairness.intervals_model import Z95, Proportion

Count = int | None
"""Number of rows or events, rounded to a multiple of 20. None is any number below 11, zero included."""
MIN_COUNT = 11
"""Smallest number of rows that may be shown; a smaller one could identify a person."""
ROUNDING = 20
"""Unit of shown counts, in rows: twice the largest hidden count."""
STEPS = (
    *(0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008),
    *(0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.08),
    *(0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5),
)
"""Steps of shown shares and measures."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval. A member is None if it cannot be calculated or shown, or is infinite."""

    value: float | None
    low: float | None = None
    high: float | None = None


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

    The result is None if the events or the other rows are fewer than `MIN_COUNT` (11). The result is also None if the
    rows have no step. A shown share is never 0 or 1, because both sides have rows.
    """
    step = step_of(rows)
    if step is None or min(events, rows - events) < MIN_COUNT:
        return None
    return min(max(round(round(events / rows / step) * step, 3), step), round(1 - step, 3))


def share_interval(share: float | None, rows: int) -> Estimate:
    """Return a shown share with the 95 % Wilson interval that follows from the shown numbers alone.

    A hidden share (None) and fewer than 11 rows give an estimate without numbers.
    """
    shown = round_count(rows)
    if share is None or shown is None:
        return Estimate(None)
    low, high = Proportion(share * shown, shown).interval(Z95)
    return Estimate(share, round(low, 3), round(high, 3))


def step_of_error(error: float, rarer: int) -> float | None:
    """Return the smallest of `STEPS` that is the influence of 20 rows on a measure; None if each of them is smaller.

    `error` is the standard error of the measure. `rarer` is the smaller number of the events and the other rows. One
    row of the rarer kind moves a measure by about the error divided by the square root of their number.
    """
    shown = round_count(rarer)
    return next((step for step in STEPS if shown and step * math.sqrt(shown) >= ROUNDING * error), None)


def round_measure(exact: Estimate, rarer: int, most: float = math.inf) -> Estimate:
    """Return a measure of labelled rows in its step, without numbers if it has no interval or no step.

    `rarer` is that of `step_of_error`, and `most` the largest possible value of the measure. The standard error follows
    from the longer half of the 95 % interval, because the other half may be cut.
    """
    if exact.value is None or exact.low is None or exact.high is None:
        return Estimate(None)
    error = max(exact.high - exact.value, exact.value - exact.low) / Z95
    return round_outwards(exact, step_of_error(error, rarer), most)


def round_outwards(exact: Estimate, step: float | None, most: float = math.inf) -> Estimate:
    """Return a value with its interval in a step, at most `most`; without a step, all three are hidden.

    The limits are rounded away from the value.
    """
    if step is None or exact.value is None or not math.isfinite(exact.value):
        return Estimate(None)
    value = min(round(round(exact.value / step) * step, 3), most)
    if exact.low is None or exact.high is None:
        return Estimate(value)
    low, high = math.floor(exact.low / step) * step, math.ceil(exact.high / step) * step
    return Estimate(value, round(low, 3), min(round(high, 3), most))


def round_evidence(value: float | None) -> float | None:
    """Return evidence as the largest power of ten that is not above it, at least 1.

    Evidence of two successive days would show how many rows of the second day were in a cell. The result is None for
    None, and for a number that is not finite.
    """
    if value is None or not math.isfinite(value):
        return None
    return float(10 ** math.floor(math.log10(max(value, 1.0))))


def round_figure(value: float | None, digits: int = 3) -> float | None:
    """Return a number with `digits` significant digits; None for None, and for a number that is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
