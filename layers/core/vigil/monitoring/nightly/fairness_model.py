"""Findings about groups that a model serves worse than the others."""

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from vigil.monitoring.fairness.intervals_model import Ratio
from vigil.monitoring.fairness.model import FairnessMeasure, GroupComparison, GroupTally
from vigil.monitoring.fairness.verdicts_model import ALARM_LEVEL, TOLERATED_RATIOS, compare_groups, measure_sides
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.report.days_model import day_before
from vigil.monitoring.report.group_rows_model import shown_ratio

_Direction: TypeAlias = Literal["lower", "higher"]
_HARMS: Mapping[FairnessMeasure, tuple[_Direction, ...]] = {
    "true_positive_rate": ("lower",),
    "calibration": ("lower", "higher"),
    "abstention_rate": ("higher",),
}
"""Measures that alarm, the main one first, with the directions that harm the group.

The other measures of a calibrated model differ wherever groups differ in their rates of events. Only reports show them.
"""
_WORDS: Mapping[FairnessMeasure, str] = {
    "true_positive_rate": "share of events that are flagged",
    "calibration": "number of events per expected event",
    "abstention_rate": "share of abstentions",
}


def find_unfair_groups(
    served: ServedVersion, tallies: Mapping[str, Mapping[str, GroupTally]], since: str, day: str
) -> Iterator[Finding]:
    """Yield one finding for each group that a model harms, in the order of `tallies`.

    A group is harmed if the interval of a ratio at `ALARM_LEVEL` is wholly outside of 0.8 to 1.25. Only the direction
    that harms counts. `tallies` are by attribute and value, as `tally_groups` returns them. `since` is the first day of
    the counts, and `day` the last one (`2026-11-21`, both included).
    """
    for attribute, values in tallies.items():
        alarms: dict[str, GroupComparison] = {}
        for each in compare_groups(values):
            if each.is_alarm and _direction(each) in _HARMS.get(each.measure, ()):
                alarms.setdefault(each.group, each)
        for value, comparison in alarms.items():
            yield _finding(served, _group_name(attribute, value), comparison, values, (since, day))


def _finding(
    served: ServedVersion, group: str, found: GroupComparison, values: Mapping[str, GroupTally], days: tuple[str, str]
) -> Finding:
    effect = _effect(found, values)
    size = "" if effect.low is None else f" (ratio {effect.value}, between {effect.low} and {effect.high})"
    return Finding(
        version=served.version,
        source=served.source,
        family="fairness",
        kind="fairness",
        subjects=(group,),
        day=days[1],
        since=days[0],
        effect=effect,
        e_value=1 / ALARM_LEVEL,
        recommendation="review",
        text=(
            f"{group}: the {_WORDS[found.measure]} is {_direction(found)} than among all others{size}. "
            "Review the model for this group before the next promotion."
        ),
    )


def _direction(found: GroupComparison) -> _Direction:
    return "lower" if found.ratio and found.ratio.high < TOLERATED_RATIOS[0] else "higher"


def _effect(found: GroupComparison, values: Mapping[str, GroupTally]) -> Effect:
    """Return the ratio as a report shows it; with small counts it is the tolerated edge, which the ratio exceeds."""
    ratio = _shown_ratio(found, values)
    edge = TOLERATED_RATIOS[0] if _direction(found) == "lower" else TOLERATED_RATIOS[1]
    if ratio is None or ratio.value is None:
        return Effect("rate_ratio", edge)
    return Effect("rate_ratio", *(float(f"{each:.2g}") for each in (ratio.value, ratio.low, ratio.high)))


def _shown_ratio(found: GroupComparison, values: Mapping[str, GroupTally]) -> Ratio | None:
    others = sum(values.values(), GroupTally()) - values[found.group]
    measured = measure_sides(values[found.group], others)
    return next(shown_ratio(sides) for sides in measured if sides.measure == found.measure)


def _group_name(attribute: str, value: str) -> str:
    names, values = attribute.split("&"), value.split("&")
    return "&".join(f"{name}={each}" for name, each in zip(names, values, strict=True))


def first_compared_day(day: str, first_day: str, days: int) -> str:
    """Return the first of the `days` days that end with `day`, or `first_day` if that is later (`2026-11-21`)."""
    return max(day_before(day, days - 1), first_day)
