"""Drift of a window for people: effects by sensor, the largest first, and the shift since training."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import starmap

from vigil.kernel.time import format_day
from vigil.monitoring.drift.cells_model import ComparedCells, compared_cells
from vigil.monitoring.drift.effects_model import Distances, measure_change, measure_distances
from vigil.monitoring.drift.layout_model import Aspect, Counts, Layout, Sensor, count_cells, sensors
from vigil.monitoring.drift.state_model import DriftState, SensorState, add_counts, check_sensors
from vigil.monitoring.findings.model import Effect, Family
from vigil.monitoring.profiles.model import Profile

WINDOW_DAYS = 28
"""Days of the window whose effects are shown to people."""


@dataclass(frozen=True, slots=True)
class SensorEffect:
    """Change of one sensor between the baseline and a window of `rows` rows.

    In the shift since training, the baseline takes the part of the window, and the reference that of the baseline.
    `compared` has the pooled cells. `compared`, `distances` and `change` are None with too few rows to show them.
    `since` is the first day (`2026-11-21`) of the evidence that is still growing. Without such evidence, and in the
    shift since training, `since` is None.
    """

    family: Family
    subject: str
    aspect: Aspect
    rows: int
    compared: ComparedCells | None
    distances: Distances | None
    change: Effect | None
    since: str | None = None

    @property
    def strength(self) -> float:
        """PSI relative to its threshold: 1 is the 95 % quantile without a change. Without distances, it is 0."""
        psi = self.distances.psi if self.distances else None
        return psi.value / psi.threshold if psi else 0.0


def measure_window(layout: Layout, state: DriftState, window: Iterable[Profile]) -> tuple[SensorEffect, ...]:
    """Return the effect of each sensor, for a window of days against the baseline of the state, the strongest first.

    The profiles of the window can have any order. While the baseline is incomplete, the dispersion is taken as 1.
    Raises DamagedData if a profile does not fit the layout. Raises ValueError for a state with other sensors or cells
    than the layout.
    """
    watched = sensors(layout)
    check_sensors(state, watched)
    rows = zip(watched, state.sensors, sum_cells(layout, window), strict=True)
    effects = [_effect(*each, state.settling) for each in rows]
    return _ranked(effects)


def sum_cells(layout: Layout, window: Iterable[Profile]) -> tuple[Counts, ...]:
    """Return the sums of the counts of profiles by cell for each sensor, in the order of `sensors`.

    The order of the profiles is irrelevant. Without profiles, the sums are 0. Raises DamagedData if a profile does not
    fit the layout.
    """
    sums = tuple((0,) * len(sensor.expected) for sensor in sensors(layout))
    for profile in window:
        sums = tuple(starmap(add_counts, zip(sums, count_cells(layout, profile), strict=True)))
    return sums


def measure_training_shift(layout: Layout, state: DriftState) -> tuple[SensorEffect, ...]:
    """Return the effect of each sensor, for the baseline against the reference, the strongest first.

    Sensors without a reference, such as those of the answers, are left out. These effects never alarm: production
    differs from training from the first day on. Raises ValueError for a state with other sensors or cells than the
    layout.
    """
    watched = sensors(layout)
    check_sensors(state, watched)
    return _ranked(
        _effect(sensor, replace(own, baseline=sensor.expected, since=0), own.baseline, settling=False)
        for sensor, own in zip(watched, state.sensors, strict=True)
        if any(sensor.expected)
    )


def _effect(sensor: Sensor, state: SensorState, window: Counts, settling: bool) -> SensorEffect:
    cells = compared_cells(sensor.kind, window, state.baseline)
    dispersion = 1.0 if settling else state.dispersion
    return SensorEffect(
        family=sensor.family,
        subject=sensor.subject,
        aspect=sensor.aspect,
        rows=sum(window),
        compared=cells,
        distances=measure_distances(cells, dispersion) if cells else None,
        change=measure_change(sensor.kind, window, state.baseline, dispersion),
        since=format_day(date.fromordinal(state.since)) if state.since else None,
    )


def _ranked(effects: Iterable[SensorEffect]) -> tuple[SensorEffect, ...]:
    return tuple(sorted(effects, key=lambda effect: -effect.strength))
