"""Facts of drift: the cells of each feature and answer in a window and in the baseline, with the judged change."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import reduce

from vigil.monitoring.drift.detectors_model import log_mean
from vigil.monitoring.drift.layout_model import Counts, Sensor, count_cells, sensors
from vigil.monitoring.drift.state_model import DriftState, add_counts
from vigil.monitoring.drift.summary_model import SensorEffect, measure_training_shift, measure_window
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.profiles.model import Profile
from vigil.monitoring.report.cell_names_model import name_cells, pool_scores
from vigil.monitoring.report.facts_model import DriftFacts
from vigil.monitoring.report.model import Aspect
from vigil.monitoring.report.monitored_model import MonitoredVersion

_MAX_LOG = 690.0


def describe_drift(
    version: MonitoredVersion, state: DriftState, window: Sequence[Profile], open_findings: Sequence[Finding]
) -> tuple[DriftFacts, ...]:
    """Return the change of each sensor in a window against the baseline, in the order of the sensors.

    There are none while the baseline is being counted, and without profiles in the window. `window` is in the order of
    its days. Evidence and `since` belong to the newest day of the state: they are None if the window ends earlier.
    """
    if state.settling or not window:
        return ()
    layout, watched = version.layout, sensors(version.layout)
    effects = {_key(each): each for each in measure_window(layout, state, window)}
    sums = reduce(_add_all, (count_cells(layout, each) for each in window))
    named = {(each.family, subject) for each in open_findings for subject in each.subjects}
    is_newest = state.through <= date.fromisoformat(window[-1].day).toordinal()
    return tuple(
        replace(
            _facts(version, sensor, effects[_key(sensor)], (counts, own.baseline)),
            e_value=math.exp(min(log_mean(own.logs), _MAX_LOG)) if is_newest and own.logs else None,
            since=effects[_key(sensor)].since if is_newest else None,
            is_alarm=(sensor.family, sensor.subject) in named,
        )
        for sensor, own, counts in zip(watched, state.sensors, sums, strict=True)
    )


def describe_training_shift(version: MonitoredVersion, state: DriftState) -> tuple[DriftFacts, ...]:
    """Return the changes of the baseline of production against the held-out rows of the package.

    `window` of a change is the baseline of production, and `baseline` the held-out rows. There are none without a
    reference, and before the baseline has rows.
    """
    watched = sensors(version.layout)
    effects = {_key(each): each for each in measure_training_shift(version.layout, state)}
    pairs = zip(watched, state.sensors, strict=True)
    return tuple(
        _facts(version, sensor, effects[_key(sensor)], (own.baseline, sensor.expected))
        for sensor, own in pairs
        if _key(sensor) in effects and any(own.baseline)
    )


def _facts(
    version: MonitoredVersion, sensor: Sensor, effect: SensorEffect, counts: tuple[Counts, Counts]
) -> DriftFacts:
    """Return the facts of a sensor with its counts in the window and in the baseline."""
    psi = effect.distances.psi if effect.distances else None
    cells = name_cells(version, sensor)
    if sensor.aspect == "score":
        cells, counts = pool_scores(cells, counts)
    return DriftFacts(
        subject=_subject(sensor),
        aspect=_aspect(sensor),
        cells=cells,
        window=counts[0],
        baseline=counts[1],
        effect=effect.change,
        distance=psi.value if psi else None,
        threshold=psi.threshold if psi else None,
    )


def _key(sensor: Sensor | SensorEffect) -> tuple[str, str, str]:
    return sensor.family, sensor.subject, sensor.aspect


def _subject(sensor: Sensor) -> str:
    """Return the name of a subject, with its aspect if that is not about a feature."""
    return f"{sensor.aspect} {sensor.subject}" if sensor.aspect in {"abstention", "engine"} else sensor.subject


def _aspect(sensor: Sensor) -> Aspect:
    return "missing" if sensor.aspect == "missing" else "values"


def _add_all(left: Sequence[Counts], right: Sequence[Counts]) -> tuple[Counts, ...]:
    return tuple(map(add_counts, left, right))
