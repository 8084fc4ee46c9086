"""Shiryaev-Roberts e-detectors: evidence of a change at an unknown day, averaged over bets, sensors and subjects.

Without a change, the mean time to an alarm is at least the threshold in days, whatever the sample sizes and however
sensors depend on each other (Shin, Ramdas and Rinaldo 2022). The average over subjects keeps that property.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vigil.monitoring.drift.bets_model import BettingPlan, Scores, shares, variance, weigh
from vigil.monitoring.drift.layout_model import Counts, Sensor
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.drift.state_model import NO_EVIDENCE, SensorState, add_counts, to_single
from vigil.monitoring.findings.model import BUDGET_SHARES, DAYS_PER_YEAR, Family

LITTLE_EVIDENCE = math.log(10)
"""Natural logarithm of the evidence below which a change, if any, is taken to begin on a later day."""
FURTHER_ERRORS = 3.0
"""Number of standard errors by which a mean must exceed that of an earlier finding to be a finding of its own."""
_LARGE = 40.0
"""Logarithm above which adding 1 changes nothing in double precision."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Sensor after a day: its bets, its state, and the natural logarithm of its evidence.

    The evidence of a sensor is the mean over its bets. It is `NO_EVIDENCE` without bets, and after a restart.
    """

    sensor: Sensor
    plan: BettingPlan
    state: SensorState
    evidence: float

    @property
    def is_betting(self) -> bool:
        """True if the sensor is watched and has bets. A muted sensor is betting too."""
        return self.sensor.watched and bool(self.plan.bets)

    @property
    def strongest(self) -> int:
        """Place of the bet with the most evidence, the first one of equals. Raises ValueError without `state.logs`."""
        logs = self.state.logs
        return max(range(len(logs)), key=lambda place: (logs[place], -place))

    def alarms_alone(self, subjects: int) -> bool:
        """Return True if the evidence reaches the threshold even when the family's other subjects have none.

        `subjects` is the number of betting subjects of the family, at least 1.
        """
        return self.evidence >= threshold(self.sensor.family) + math.log(subjects)

    def moves_further(self, subjects: int) -> bool:
        """Return True if a muted sensor alarms alone, and its mean is clearly beyond that of its last finding.

        The mean moved in the same direction, by more than `FURTHER_ERRORS` standard errors. A sensor that is not muted
        gives False.
        """
        state = self.state
        if not state.muted or not self.alarms_alone(subjects):
            return False
        scores, probabilities = self.plan.scores[state.told_by], shares(state.baseline)
        told = state.told - weigh(scores, probabilities)
        now = _mean(scores, state.recent) - weigh(scores, probabilities)
        error = math.sqrt(state.dispersion * variance(probabilities, scores) / sum(state.recent))
        return math.copysign(1, told) * now > abs(told) + FURTHER_ERRORS * error


def threshold(family: Family) -> float:
    """Return the natural logarithm of the evidence at which a family alarms: its mean days between false alarms."""
    return math.log(DAYS_PER_YEAR / BUDGET_SHARES[family])


def read_day(sensor: Sensor, plan: BettingPlan, state: SensorState, counts: Counts, day: int) -> Reading:
    """Return the sensor after a day; `day` is an ordinal, and `counts` has its rows by cell.

    The state is unchanged if there are no rows, no bets, or if the sensor is not watched. A muted sensor gains evidence
    too.
    """
    if not any(counts) or not sensor.watched or not plan.bets:
        return Reading(sensor, plan, state, log_mean(state.logs))
    logs = state.logs or (NO_EVIDENCE,) * len(plan.bets)
    ratios = plan.log_ratios(counts)
    grown = to_single(_add_one(log) + ratio for log, ratio in zip(logs, ratios, strict=True))
    evidence = log_mean(grown)
    recent, since = (add_counts(state.recent, counts), state.since) if state.since else (counts, day)
    if evidence < LITTLE_EVIDENCE:
        recent, since = (0,) * len(counts), 0
    return Reading(sensor, plan, replace(state, logs=grown, recent=recent, since=since), evidence)


def count_subjects(readings: Iterable[Reading]) -> int:
    """Return the number of betting subjects of a family; `readings` are of one family.

    A subject of covariates is a feature. A subject of predictions is a name with its aspect.
    """
    return len({_subject(reading) for reading in readings if reading.is_betting})


def family_evidence(readings: Sequence[Reading]) -> float:
    """Return the natural logarithm of the mean evidence of the betting subjects of a family.

    `readings` are all of the family. The evidence of a subject is the mean over its sensors. Muted sensors count as no
    evidence. Without betting subjects, the result is `NO_EVIDENCE`.
    """
    sizes = Counter(_subject(reading) for reading in readings if reading.is_betting)
    terms = [
        each.evidence - math.log(sizes[_subject(each)]) for each in readings if each.is_betting and not each.state.muted
    ]
    return _log_sum(terms) - math.log(len(sizes)) if sizes else NO_EVIDENCE


def restart(reading: Reading) -> Reading:
    """Return the sensor without evidence and recent rows; a muted sensor stays muted."""
    state = replace(reading.state, logs=(), recent=(0,) * len(reading.state.recent), since=0)
    return replace(reading, state=state, evidence=NO_EVIDENCE)


def mute(reading: Reading, day: int) -> Reading:
    """Return the sensor after a finding named it on the day `day` (an ordinal): muted and without evidence.

    `told` is the mean of its strongest bet's statistic over the recent rows, or over the baseline without any. Raises
    ValueError if the sensor has no evidence.
    """
    statistic = reading.plan.bets[reading.strongest].statistic
    # A sensor that was named for its companions may have no recent rows; then its mean has not moved yet.
    rows = reading.state.recent if any(reading.state.recent) else reading.state.baseline
    (told,) = to_single([_mean(reading.plan.scores[statistic], rows)])
    fresh = restart(reading)
    return replace(fresh, state=replace(fresh.state, muted=day, told=told, told_by=statistic))


def end_muting(reading: Reading, day: int, subjects: int, rules: DriftRules) -> Reading:
    """Return a muted sensor after the checks of a day (an ordinal); any other sensor is unchanged.

    A sensor that moves further is unchanged as well. A sensor that alarms alone repeats its change: it restarts, and is
    muted from this day on. The muting ends when more than `rules.muted_days` have passed since. An alarm alone needs
    the evidence of the whole family, so that muted sensors do not raise the rate of false alarms.
    """
    if not reading.state.muted or reading.moves_further(subjects):
        return reading
    if reading.alarms_alone(subjects):
        fresh = restart(reading)
        return replace(fresh, state=replace(fresh.state, muted=day))
    if day - reading.state.muted > rules.muted_days:
        fresh = restart(reading)
        return replace(fresh, state=replace(fresh.state, muted=0))
    return reading


def log_mean(logs: Sequence[float]) -> float:
    """Return the logarithm of the mean of numbers that are given by their natural logarithms.

    Without numbers, it is `NO_EVIDENCE`.
    """
    return _log_sum(logs) - math.log(len(logs)) if logs else NO_EVIDENCE


def _subject(reading: Reading) -> tuple[str, str]:
    sensor = reading.sensor
    return sensor.subject, sensor.aspect if sensor.family == "predictions" else ""


def _mean(scores: Scores, counts: Sequence[float]) -> float:
    return weigh(scores, counts) / sum(counts)


def _log_sum(logs: Sequence[float]) -> float:
    if not logs or (most := max(logs)) == NO_EVIDENCE:
        return NO_EVIDENCE
    return most + math.log(math.fsum(math.exp(log - most) for log in logs))


def _add_one(log: float) -> float:
    return log if log > _LARGE else math.log1p(math.exp(log))
