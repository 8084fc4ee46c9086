"""Baseline: counts of the first weeks in production, and groups of features that go missing together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, starmap

from vigil.monitoring.drift.dispersion_model import add_counts_of_day, measure_dispersions
from vigil.monitoring.drift.layout_model import Counts, Sensor
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.drift.state_model import DriftState, SensorState
from vigil.prediction.packages.reference_model import MIN_CELL

MIN_JACCARD = 0.9
"""Overlap above which two features form a group: the share of rows that lack both among those that lack any of them."""


def add_day(sensors: Sequence[Sensor], state: DriftState, day: Sequence[Counts]) -> tuple[SensorState, ...]:
    """Return the state of each sensor after one more day of the baseline.

    `day` has the counts of that day. The arguments and the result have the order of `DriftJudge.sensors`. Raises
    ValueError for unequal numbers of sensors.
    """
    return tuple(starmap(add_counts_of_day, zip(sensors, state.sensors, day, strict=True)))


def add_missing(together: Counts, patterns: Mapping[int, int]) -> Counts:
    """Return the numbers of rows in which two features are missing together, after one more day.

    `together` and the result have the places of `DriftState.together` during the baseline. `patterns` are the day's
    `Profile.missing_patterns`. Raises IndexError for a pattern with an unknown feature.
    """
    sums = list(together)
    for mask, rows in patterns.items():
        features = [feature for feature in range(mask.bit_length()) if mask >> feature & 1]
        for low, high in combinations_with_replacement(features, 2):
            sums[high * (high + 1) // 2 + low] += rows
    return tuple(sums)


def is_complete(state: DriftState, rules: DriftRules) -> bool:
    """Return True if the baseline has at least the calendar days and the counted decisions that the rules require."""
    return state.through - state.first + 1 >= rules.settling_days and state.rows >= rules.settling_rows


def settle(sensors: Sequence[Sensor], state: DriftState, features: int) -> DriftState:
    """Return the state with a complete baseline: final dispersions, and the groups that go missing together.

    `features` is the number of features. Alarms are possible from the next day on.
    """
    settled = (
        replace(each, recent=(0,) * len(each.recent), spreads=(), dispersion=dispersion)
        for each, dispersion in zip(state.sensors, measure_dispersions(sensors, state.sensors), strict=True)
    )
    groups = group_missing(state.together, features)
    return replace(state, sensors=tuple(settled), together=groups, settling=False)


def group_missing(together: Counts, features: int) -> Counts:
    """Return for each feature the place of the first feature of its group; a feature without a group has its own.

    Features of a group go missing together. `together` has the places of `DriftState.together` during the baseline.
    """
    first = list(range(features))
    for high in range(features):
        for low in range(high):
            if first[high] == high and overlap(together, low, high) > MIN_JACCARD:
                first[high] = first[low]
    return tuple(first)


def overlap(together: Counts, low: int, high: int) -> float:
    """Return the Jaccard index of the rows that lack two features, from 0 to 1.

    `low` and `high` are places of features, `low <= high`. `together` has the places of `DriftState.together` during
    the baseline. Fewer than `MIN_CELL` (11) rows that lack both give 0.
    """
    both = together[high * (high + 1) // 2 + low]
    either = together[low * (low + 3) // 2] + together[high * (high + 3) // 2] - both
    return both / either if both >= MIN_CELL else 0.0
