"""Drift of a window for people: effects by sensor, the largest first, and the shift since training."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce

from vigil.kernel.time import format_day
from vigil.monitoring.drift.cells_model import compared_cells
from vigil.monitoring.drift.effects_model import Distances, measure_change, measure_distances
from vigil.monitoring.drift.layout_model import Aspect, Counts, Layout, Sensor, count_cells, sensors
from vigil.monitoring.drift.state_model import DriftState, SensorState, add_counts
from vigil.monitoring.findings.model import Effect, Family
from vigil.monitoring.profiles.model import Profile

WINDOW_DAYS = 28
"""Days of the window whose effects are shown to people."""


@dataclass(frozen=True, slots=True)
class SensorEffect:
    """Change of one sensor between the baseline and a window of `rows` rows.

    In the shift since training, the baseline takes the part of the window, and the reference that of the baseline.
    `distances` and `change` are None with too few rows to show them. `since` is the first day (`2026-11-21`) of the
    evidence that is still growing; None without it, and in the shift since training.
    """

    family: Family
    subject: str
    aspect: Aspect
    rows: int
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

    Raises ValueError if a profile or the state does not fit the layout. While the baseline is incomplete, the
    dispersion is taken as 1.
    """
    watched = sensors(layout)
    empty = tuple((0,) * len(sensor.expected) for sensor in watched)
    sums = reduce(_add_all, (count_cells(layout, profile) for profile in window), empty)
    effects = [_effect(*each, state.settling) for each in zip(watched, state.sensors, sums, strict=True)]
    return _ranked(effects)


def measure_training_shift(layout: Layout, state: DriftState) -> tuple[SensorEffect, ...]:
    """Return the effect of each sensor, for the baseline against the reference, the strongest first.

    Sensors without a reference, such as those of the answers, are left out. These effects never alarm: production
    differs from training from the first day on. Raises ValueError if the state does not fit the layout.
    """
    pairs = zip(sensors(layout), state.sensors, strict=True)
    return _ranked(
        _effect(sensor, replace(own, baseline=sensor.expected, since=0), own.baseline, settling=False)
        for sensor, own in pairs
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
        distances=measure_distances(cells, dispersion) if cells else None,
        change=measure_change(sensor.kind, window, state.baseline, dispersion),
        since=format_day(date.fromordinal(state.since)) if state.since else None,
    )


def _ranked(effects: Iterable[SensorEffect]) -> tuple[SensorEffect, ...]:
    return tuple(sorted(effects, key=lambda effect: -effect.strength))


def _add_all(left: Sequence[Counts], right: Sequence[Counts]) -> tuple[Counts, ...]:
    return tuple(map(add_counts, left, right))
