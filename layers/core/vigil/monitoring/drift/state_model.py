"""State of drift detection for one model version and source; it is a pure function of its profiles in order."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import starmap

from vigil.monitoring.drift.layout_model import Counts, Sensor


@dataclass(frozen=True, slots=True)
class SensorState:
    """State of one sensor. Days are ordinals (`date.toordinal`), 0 for none.

    `baseline` counts the rows of the baseline. Until it is complete, `recent` counts the last day with rows. `spreads`
    then has one sum per statistic: squared differences between successive days, relative to their sampling error, over
    `pairs` of days. Afterwards `spreads` is empty, and `dispersion` is fixed.

    `logs` has the natural logarithm of each bet's evidence; it is empty at a start. `recent` counts the rows from
    `since`, the first day after the last one with little evidence. `muted` is the day of the last alarm, while it
    mutes. `reported_mean` is the mean of the statistic `reported_statistic` in its finding.
    """

    baseline: Counts
    recent: Counts
    logs: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()
    pairs: int = 0
    dispersion: float = 1.0
    since: int = 0
    muted: int = 0
    reported_mean: float = 0.0
    reported_statistic: int = 0


@dataclass(frozen=True, slots=True)
class DriftState:
    """State of all sensors, in the order of `DriftJudge.sensors`. Days are ordinals (`date.toordinal`).

    `first` and `through` are the first and the last day with rows. Before the first day, `first` is 0 and `through` is
    `after`. `rows` and `days` count decisions and days of the baseline. `settling` is True until the baseline is
    complete.

    Until then, `together` has the rows that lack the features `i` and `j <= i`, at place `i * (i + 1) / 2 + j`.
    Afterwards, `together` has for each feature the first feature of its group.

    `revision` is the number of new baselines after an accepted change. The last baseline begins after the day `after`,
    which is 0 for the first baseline. `profiles_digest` identifies the profiles from which the state was built.
    """

    sensors: tuple[SensorState, ...]
    together: Counts
    first: int = 0
    through: int = 0
    rows: int = 0
    days: int = 0
    settling: bool = True
    revision: int = 0
    after: int = 0
    profiles_digest: int = 0


def initial_state(sensors: Sequence[Sensor], features: int, revision: int = 0, after: int = 0) -> DriftState:
    """Return the state before the first day of a baseline that begins after the day `after` (`date.toordinal`).

    `features` is the number of features. `revision` is the number of baselines before this one.
    """
    empty = tuple(SensorState((0,) * len(each.expected), (0,) * len(each.expected)) for each in sensors)
    together = (0,) * (features * (features + 1) // 2)
    return DriftState(empty, together, through=after, revision=revision, after=after)


def baseline_start(revision: int, after: int) -> DriftState:
    """Return a state without sensors: the order to begin a baseline after the day `after` (`date.toordinal`).

    The judge of the model version replaces it by its initial state.
    """
    return DriftState((), (), through=after, revision=revision, after=after)


def is_of_sensors(state: DriftState, sensors: Sequence[Sensor]) -> bool:
    """Return True if the state has these sensors, each with as many cells."""
    return [len(each.baseline) for each in state.sensors] == [len(each.expected) for each in sensors]


def check_sensors(state: DriftState, sensors: Sequence[Sensor]) -> None:
    """Raise ValueError for a state with other sensors, or with sensors of other cells."""
    if not is_of_sensors(state, sensors):
        raise ValueError(f"the state must have the {len(sensors)} sensors of the layout, each with its cells")


def add_counts(left: Counts, right: Counts) -> Counts:
    """Return the sums by cell of counts with the same cells. Raises ValueError for unequal numbers of cells."""
    return tuple(starmap(int.__add__, zip(left, right, strict=True)))


def to_single(values: Iterable[float]) -> tuple[float, ...]:
    """Return the numbers rounded to single precision, so that a stored state equals the one in memory."""
    numbers = list(values)
    return struct.unpack(f"<{len(numbers)}f", struct.pack(f"<{len(numbers)}f", *numbers))
