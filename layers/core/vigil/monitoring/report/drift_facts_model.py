"""Facts of drift: the cells of each feature and answer in a window and in the baseline, with the judged change."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from vigil.monitoring.drift.layout_model import Counts, Sensor, sensors
from vigil.monitoring.drift.state_model import DriftState
from vigil.monitoring.drift.summary_model import SensorEffect, measure_training_shift, measure_window, sum_cells
from vigil.monitoring.findings.evidence_model import from_log, log_mean
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.profiles.model import Profile
from vigil.monitoring.report.cell_names_model import name_cells, pool_scores
from vigil.monitoring.report.facts_model import DriftFacts
from vigil.monitoring.report.model import Aspect
from vigil.monitoring.report.monitored_model import MonitoredVersion


def describe_drift(
    version: MonitoredVersion, state: DriftState, window: Sequence[Profile], open_findings: Sequence[Finding]
) -> tuple[DriftFacts, ...]:
    """Return the change of each sensor in a window against the baseline, in the order of the sensors.

    The result is empty while the baseline is being counted, and without profiles in the window. `window` is in the
    order of its days. Evidence and `since` belong to the newest day of the state: they are None if the window ends
    earlier. An open finding makes its subjects alarms. Raises DamagedData if a profile does not fit the layout.
    Raises ValueError for a state with other sensors or cells.
    """
    if state.settling or not window:
        return ()
    layout, watched = version.layout, sensors(version.layout)
    effects = {_key(each): each for each in measure_window(layout, state, window)}
    named = {(each.family, subject) for each in open_findings for subject in each.subjects}
    is_newest = state.through <= date.fromisoformat(window[-1].day).toordinal()
    return tuple(
        replace(
            _facts(version, sensor, effects[_key(sensor)], (counts, own.baseline), own.dispersion),
            e_value=from_log(log_mean(own.logs)) if is_newest and own.logs else None,
            since=effects[_key(sensor)].since if is_newest else None,
            is_alarm=(sensor.family, sensor.subject) in named,
        )
        for sensor, own, counts in zip(watched, state.sensors, sum_cells(layout, window), strict=True)
    )


def describe_training_shift(version: MonitoredVersion, state: DriftState) -> tuple[DriftFacts, ...]:
    """Return the changes of the baseline of production against the held-out rows of the package.

    The changes have the order of the sensors. `window` of a change is the baseline of production, and `baseline` the
    held-out rows. The result is empty without a reference, and before the baseline has rows. Raises ValueError for
    a state with other sensors or cells.
    """
    watched = sensors(version.layout)
    effects = {_key(each): each for each in measure_training_shift(version.layout, state)}
    pairs = zip(watched, state.sensors, strict=True)
    return tuple(
        _facts(version, sensor, effects[_key(sensor)], (own.baseline, sensor.expected), own.dispersion)
        for sensor, own in pairs
        if _key(sensor) in effects and any(own.baseline)
    )


def _facts(
    version: MonitoredVersion,
    sensor: Sensor,
    effect: SensorEffect,
    counts: tuple[Counts, Counts],
    dispersion: float,
) -> DriftFacts:
    """Return the facts of a sensor with its counts in the window and in the baseline."""
    psi = effect.distances.psi if effect.distances else None
    cells = name_cells(version, sensor)
    if sensor.aspect == "score":
        cells, counts = pool_scores(cells, counts)
    return DriftFacts(
        subject=sensor.subject,
        aspect=_aspect(sensor),
        cells=cells,
        window=counts[0],
        baseline=counts[1],
        compared=effect.compared,
        effect=effect.change,
        distance=psi.value if psi else None,
        threshold=psi.threshold if psi else None,
        dispersion=dispersion,
    )


def _key(sensor: Sensor | SensorEffect) -> tuple[str, str, str]:
    return sensor.family, sensor.subject, sensor.aspect


def _aspect(sensor: Sensor) -> Aspect:
    return "missing" if sensor.aspect == "missing" else "values"
