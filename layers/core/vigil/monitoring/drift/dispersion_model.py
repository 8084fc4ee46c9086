"""Dispersion: variance between successive days of the baseline, relative to independent rows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import starmap
from statistics import fmean, pvariance
from typing import TypeAlias

from vigil.monitoring.drift.bets_model import Scores, number_scores, shares, variance, weigh
from vigil.monitoring.drift.layout_model import Counts, Sensor
from vigil.monitoring.drift.state_model import SensorState, add_counts, to_single

_MIN_PAIRS = 10
_SAMPLING_VARIANCE = 3.0
"""Variance of a measured dispersion times the pairs of days, relative to its square: squared normal differences."""
_HALF = 0.5
_Pool: TypeAlias = tuple[str, str, int]
"""Family and kind of sensors, and the place of a statistic."""


def add_counts_of_day(sensor: Sensor, state: SensorState, counts: Counts) -> SensorState:
    """Return the state of a sensor after one more day of the baseline; `counts` has the rows of that day by cell.

    A day without rows of the sensor changes nothing.
    """
    rows, before = sum(counts), sum(state.recent)
    if not rows:
        return state
    spreads, pairs = state.spreads, state.pairs
    if before:
        changes = [
            math.fsum((weigh(s, counts) / rows - weigh(s, state.recent) / before) ** 2 for s in scores)
            for scores in _statistics(sensor)
        ]
        sums = zip(changes, spreads or (0.0,) * len(changes), strict=True)
        spreads = to_single(change / (1 / rows + 1 / before) + spread for change, spread in sums)
        pairs += 1
    return replace(state, baseline=add_counts(state.baseline, counts), recent=counts, spreads=spreads, pairs=pairs)


def measure_dispersions(sensors: Sequence[Sensor], states: Sequence[SensorState]) -> tuple[float, ...]:
    """Return the dispersion of each sensor, at least 1, in the order of the sensors.

    A number has the larger one of location and scale. Each dispersion is shrunk towards the mean of its pool: the same
    statistic of all sensors of the same family and kind. The shrinkage removes the differences that sampling error
    explains (James and Stein, 1961). A dispersion below the mean is shrunk at least half-way, because slow changes
    escape successive days. A sensor with fewer than 10 pairs of days gets the mean, or 1 if all have fewer. The error
    of a dispersion from 55 pairs is a quarter. Raises ValueError for unequal numbers of sensors and states.
    """
    measured = [tuple(_measured(*pair)) for pair in zip(sensors, states, strict=True)]
    pools: dict[_Pool, list[float]] = {}
    for sensor, own in zip(sensors, measured, strict=True):
        for place, value in enumerate(own):
            pools.setdefault((sensor.family, sensor.kind, place), []).append(value)

    def dispersion(sensor: Sensor, state: SensorState, own: Sequence[float]) -> float:
        found = [pools.get((sensor.family, sensor.kind, place), [1.0]) for place in range(max(len(own), 1))]
        values = own or [fmean(found[0])]
        return max(_shrunk(value, pool, state.pairs) for value, pool in zip(values, found, strict=True))

    return to_single(starmap(dispersion, zip(sensors, states, measured, strict=True)))


def _measured(sensor: Sensor, state: SensorState) -> Iterator[float]:
    """Yield the dispersion of each statistic that varies; too few pairs of days measure none."""
    if state.pairs < _MIN_PAIRS:
        return
    probabilities = shares(state.baseline)
    for spread, scores in zip(state.spreads, _statistics(sensor), strict=True):
        independent = math.fsum(variance(probabilities, each) for each in scores)
        yield spread / (state.pairs * independent) if independent > 0 else 1.0


def _shrunk(own: float, pool: Sequence[float], pairs: int) -> float:
    mean, spread = fmean(pool), pvariance(pool)
    error = _SAMPLING_VARIANCE * mean * mean / max(pairs, 1)
    weight = max(0.0, 1 - error / spread) if spread else 0.0
    return max(1.0, mean + (weight if own > mean else min(weight, _HALF)) * (own - mean))


def _statistics(sensor: Sensor) -> list[list[Scores]]:
    """Return the statistics whose daily means are compared: location and scale of a number, or all levels together."""
    if sensor.kind == "number":
        return [[scores] for scores in number_scores(shares(sensor.expected))]
    cells = range(len(sensor.expected))
    return [[tuple(float(cell == own) for cell in cells) for own in cells]]
