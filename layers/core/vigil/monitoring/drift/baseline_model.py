"""Baseline: counts of the first weeks in production, the dispersion between their days, and groups of features."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from statistics import fmean

from vigil.monitoring.drift.bets_model import Scores, number_scores, shares, variance, weigh
from vigil.monitoring.drift.layout_model import Counts, Sensor
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.drift.state_model import DriftState, SensorState, add_counts, to_single
from vigil.prediction.packages.reference_model import MIN_CELL

MIN_JACCARD = 0.9
"""Overlap above which two features go missing together: rows without both, per row without one of them."""
_MIN_PAIRS = 10


def add_day(sensors: Sequence[Sensor], state: DriftState, day: Sequence[Counts]) -> tuple[SensorState, ...]:
    """Return the sensors after one more day of the settling time."""
    return tuple(_add(sensor, each, counts) for sensor, each, counts in zip(sensors, state.sensors, day, strict=True))


def add_missing(together: Counts, patterns: Mapping[int, int]) -> Counts:
    """Return the rows in which two features are missing together, with the patterns of one more day."""
    sums = list(together)
    for mask, rows in patterns.items():
        features = [feature for feature in range(mask.bit_length()) if mask >> feature & 1]
        for low, high in combinations_with_replacement(features, 2):
            sums[high * (high + 1) // 2 + low] += rows
    return tuple(sums)


def is_complete(state: DriftState, rules: DriftRules) -> bool:
    """Return True if the baseline has the days and the rows that the rules require."""
    return state.through - state.first + 1 >= rules.settling_days and state.rows >= rules.settling_rows


def settle(sensors: Sequence[Sensor], state: DriftState, features: int) -> DriftState:
    """Return the state with the final dispersions and groups; the next day is watched.

    A dispersion below 1 counts as 1. It is shrunk half-way to the mean of its family, because 56 days measure it with
    an error of about a quarter.
    """
    measured = [_dispersion(sensor, each) for sensor, each in zip(sensors, state.sensors, strict=True)]
    pooled = {family: _pooled(sensors, measured, family) for family in {sensor.family for sensor in sensors}}
    final = to_single(
        (max(1.0, own or 1.0) + pooled[sensor.family]) / 2 for sensor, own in zip(sensors, measured, strict=True)
    )
    settled = (
        replace(each, recent=(0,) * len(each.recent), dispersion=dispersion)
        for each, dispersion in zip(state.sensors, final, strict=True)
    )
    groups = group_missing(state.together, features)
    return replace(state, sensors=tuple(settled), together=groups, settling=False)


def group_missing(together: Counts, features: int) -> Counts:
    """Return for each feature the first one of the group that it goes missing with; that may be itself."""
    first = list(range(features))
    for high in range(features):
        for low in range(high):
            if first[high] == high and overlap(together, low, high) > MIN_JACCARD:
                first[high] = first[low]
    return tuple(first)


def overlap(together: Counts, low: int, high: int) -> float:
    """Return the Jaccard index of the rows without two features; 0 if too few rows miss both."""
    both = together[high * (high + 1) // 2 + low]
    either = together[low * (low + 3) // 2] + together[high * (high + 3) // 2] - both
    return both / either if both >= MIN_CELL else 0.0


def _add(sensor: Sensor, state: SensorState, counts: Counts) -> SensorState:
    rows, before = sum(counts), sum(state.recent)
    if not rows:
        return state
    spread, pairs = state.spread, state.pairs
    if before:
        scores = _daily_scores(sensor)
        change = math.fsum((weigh(s, counts) / rows - weigh(s, state.recent) / before) ** 2 for s in scores)
        spread += change / (1 / rows + 1 / before)
        pairs += 1
    (spread,) = to_single([spread])
    return replace(state, baseline=add_counts(state.baseline, counts), recent=counts, spread=spread, pairs=pairs)


def _dispersion(sensor: Sensor, state: SensorState) -> float | None:
    """Return the variance between successive days relative to independent rows, or None if it cannot be measured."""
    probabilities = shares(state.baseline)
    independent = math.fsum(variance(probabilities, scores) for scores in _daily_scores(sensor))
    return state.spread / (state.pairs * independent) if independent > 0 and state.pairs >= _MIN_PAIRS else None


def _pooled(sensors: Sequence[Sensor], measured: Sequence[float | None], family: str) -> float:
    known = [m for sensor, m in zip(sensors, measured, strict=True) if m is not None and sensor.family == family]
    return max(1.0, fmean(known)) if known else 1.0


def _daily_scores(sensor: Sensor) -> Iterable[Scores]:
    """Return the scores whose daily means are compared: those of location and scale, or each level."""
    if sensor.kind == "number":
        return number_scores(shares(sensor.expected))
    return _indicators(len(sensor.expected))


def _indicators(cells: int) -> Iterator[Scores]:
    return (tuple(float(cell == own) for cell in range(cells)) for own in range(cells))
