"""Comparison of each group with all others: pass, fail or insufficient, and alarms at their own level."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

from vigil.monitoring.fairness.intervals_model import Proportion, Ratio, ratio_interval
from vigil.monitoring.fairness.model import FairnessMeasure, GroupComparison, GroupTally, Verdict
from vigil.prediction.engines.group_attributes import lacks_value

TOLERATED_RATIOS = (0.8, 1.25)
"""Range of a ratio without harm: the four-fifths rule (29 CFR 1607.4 D) and its inverse."""
VERDICT_LEVEL = 0.05
"""Probability of an interval of a verdict to miss the true ratio."""
ALARM_LEVEL = 0.0005
"""Probability of an interval of an alarm to miss the true ratio.

30 comparisons in each of 12 months give 0.18 false alarms per model and year.
"""
MIN_GROUP_ROWS = 11
"""Minimum rows of a group and of the others. A smaller group could identify a person."""
MIN_EXPECTED_EVENTS = 5.0
"""Minimum events that each side must expect at the common rate of both. With fewer, small groups fail by chance."""
MAX_ROWS_NEEDED = 10_000_000
"""Largest planned number of rows of a group."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Proportions of a group and of all others.

    A proportion times its scale is in the unit of the measure. Only calibration has scales other than 1: labelled rows
    per expected event.
    """

    measure: FairnessMeasure
    group: Proportion
    others: Proportion
    group_scale: float = 1.0
    others_scale: float = 1.0

    def ratio(self, level: float) -> Ratio:
        """Return the measure of the group divided by that of all others, with its interval.

        `level` is the probability that the interval misses the true ratio, for example 0.05 for 95 %. Raises
        ZeroDivisionError if a side has no rows.
        """
        found = ratio_interval(self.group, self.others, NormalDist().inv_cdf(1 - level / 2))
        scale = self.group_scale / self.others_scale
        return Ratio(None if found.value is None else found.value * scale, found.low * scale, found.high * scale)


def compare_groups(tallies: Mapping[str, GroupTally]) -> list[GroupComparison]:
    """Return all measures of each group of one attribute or intersection, from the tallies by value.

    The groups have the order of the mapping, and the measures of a group that of `measure_sides`. The mapping has all
    values of the attribute or intersection: the others of a group are the sum of the rest. A value that is not given is
    one of the others, and has no comparison of its own.
    """
    total = sum(tallies.values(), GroupTally())
    return [
        _compare(name, sides)
        for name, tally in tallies.items()
        if not lacks_value(name)
        for sides in measure_sides(tally, total - tally)
    ]


def judge_ratio(ratio: Ratio) -> Verdict:
    """Return the verdict on a ratio by its interval. A limit on the edge of the tolerated range is inside."""
    lowest, highest = TOLERATED_RATIOS
    if ratio.high < lowest or ratio.low > highest:
        return "fail"
    return "pass" if ratio.low >= lowest and ratio.high <= highest else "insufficient"


def rows_needed(group: Proportion, others: Proportion) -> int | None:
    """Return the smallest number of rows of the group at which equal rates pass; None above `MAX_ROWS_NEEDED`.

    The two sides then have the common rate of today, and the others grow in proportion to the group. The result is also
    None if a side has no rows, or if the common rate is 0 or 1.
    """
    if not (group.rows and others.rows) or not 0 < (rate := _common_rate(group, others)) < 1:
        return None
    share, low, high = others.rows / group.rows, MIN_GROUP_ROWS, MAX_ROWS_NEEDED
    if not _would_pass(high, rate, share):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _would_pass(middle, rate, share) else (middle + 1, high)
    return low


def _compare(name: str, sides: Sides) -> GroupComparison:
    group, others = sides.group, sides.others
    is_enough = _is_enough(group, others)
    ratio = sides.ratio(VERDICT_LEVEL) if is_enough else None
    verdict = judge_ratio(ratio) if ratio else "insufficient"
    return GroupComparison(
        group=name,
        measure=sides.measure,
        rate=group.rate * sides.group_scale if group.rows else None,
        others_rate=others.rate * sides.others_scale if others.rows else None,
        ratio=ratio,
        verdict=verdict,
        is_alarm=is_enough and judge_ratio(sides.ratio(ALARM_LEVEL)) == "fail",
        rows_needed=rows_needed(group, others) if verdict == "insufficient" else None,
    )


def measure_sides(group: GroupTally, others: GroupTally) -> Iterator[Sides]:
    """Yield each measure of a group and of all others, in the order of `FairnessMeasure`; a side may have no rows."""

    def sides(
        measure: FairnessMeasure, events: Callable[[GroupTally], int], rows: Callable[[GroupTally], int]
    ) -> Sides:
        both = [Proportion(events(each), rows(each)) for each in (group, others)]
        return Sides(measure, both[0], both[1])

    yield sides("true_positive_rate", lambda tally: tally.true_positives, lambda tally: tally.events)
    yield sides("false_positive_rate", lambda tally: tally.false_positives, lambda tally: tally.labelled - tally.events)
    yield sides(
        "positive_predictive_value",
        lambda tally: tally.true_positives,
        lambda tally: tally.true_positives + tally.false_positives,
    )
    observed = sides("calibration", lambda tally: tally.events, lambda tally: tally.labelled)
    scales = [each.labelled / each.expected if each.expected > 0 else 1.0 for each in (group, others)]
    yield replace(observed, group_scale=scales[0], others_scale=scales[1])
    yield sides("selection_rate", lambda tally: tally.flagged, lambda tally: tally.rows)
    yield sides("abstention_rate", lambda tally: tally.abstained, lambda tally: tally.rows)


def _is_enough(group: Proportion, others: Proportion) -> bool:
    """Return True if both sides have enough rows and expect enough events at their common rate."""
    if min(group.rows, others.rows) < MIN_GROUP_ROWS:
        return False
    return min(group.rows, others.rows) * _common_rate(group, others) >= MIN_EXPECTED_EVENTS


def _would_pass(rows: int, rate: float, share: float) -> bool:
    group, others = Proportion(rate * rows, rows), Proportion(rate * rows * share, rows * share)
    ratio = Sides("selection_rate", group, others).ratio(VERDICT_LEVEL)
    return _is_enough(group, others) and judge_ratio(ratio) == "pass"


def _common_rate(group: Proportion, others: Proportion) -> float:
    return (group.events + others.events) / (group.rows + others.rows)
