"""Shiryaev-Roberts e-detectors: evidence of a change at an unknown day, averaged over bets, sensors and subjects.

Without a change, the mean time to an alarm is at least the threshold in days. That holds for all sample sizes and for
dependent sensors (Shin, Ramdas and Rinaldo 2022). The bound also holds for the average over subjects.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vigil.monitoring.drift.bets_model import BettingPlan, Scores, shares, variance, weigh
from vigil.monitoring.drift.layout_model import Counts, Sensor
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.drift.state_model import SensorState, add_counts, to_single
from vigil.monitoring.findings.evidence_model import (
    LITTLE_EVIDENCE,
    NO_EVIDENCE,
    advance_evidence,
    log_mean,
    log_sum,
)
from vigil.monitoring.findings.model import BUDGET_SHARES, DAYS_PER_YEAR, Family

FURTHER_ERRORS = 3.0
"""Number of standard errors by which a mean must exceed that of an earlier finding to be a new one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Sensor after a day: its bets, its state, and the natural logarithm of its evidence.

    The evidence of a sensor is the mean over its bets. `log_evidence` is `NO_EVIDENCE` without bets, and after a
    restart.
    """

    sensor: Sensor
    plan: BettingPlan
    state: SensorState
    log_evidence: float

    @property
    def is_betting(self) -> bool:
        """True if the sensor is watched and has bets. A muted sensor is betting too."""
        return self.sensor.watched and bool(self.plan.bets)

    @property
    def strongest(self) -> int:
        """Place in `plan.bets` of the bet with the most evidence, the first one of equals.

        Raises ValueError without `state.logs`.
        """
        logs = self.state.logs
        return max(range(len(logs)), key=lambda place: (logs[place], -place))

    def alarms_alone(self, subjects: int) -> bool:
        """Return True if the evidence reaches the threshold of the family even if its other subjects have none.

        `subjects` is the number of betting subjects of the family, at least 1.
        """
        return self.log_evidence >= log_threshold(self.sensor.family) + math.log(subjects)

    def moves_further(self, subjects: int) -> bool:
        """Return True if a muted sensor alarms alone, and its mean is clearly beyond that of its last finding.

        The mean moved in the same direction, by more than `FURTHER_ERRORS` (3) standard errors. A sensor that is not
        muted gives False. `subjects` is that of `alarms_alone`.
        """
        state = self.state
        if not state.muted or not self.alarms_alone(subjects):
            return False
        scores, probabilities = self.plan.scores[state.reported_statistic], shares(state.baseline)
        reported = state.reported_mean - weigh(scores, probabilities)
        now = _mean(scores, state.recent) - weigh(scores, probabilities)
        error = math.sqrt(state.dispersion * variance(probabilities, scores) / sum(state.recent))
        return math.copysign(1, reported) * now > abs(reported) + FURTHER_ERRORS * error


def log_threshold(family: Family) -> float:
    """Return the natural logarithm of the evidence at which a family alarms.

    That evidence is the mean number of days between two false alarms of the family.
    """
    return math.log(DAYS_PER_YEAR / BUDGET_SHARES[family])


def read_day(sensor: Sensor, plan: BettingPlan, state: SensorState, counts: Counts, day: int) -> Reading:
    """Return the sensor after a day; `day` is an ordinal (`date.toordinal`), and `counts` has its rows by cell.

    The state is unchanged without rows or bets, and for a sensor that is not watched. A muted sensor gains evidence
    too.
    """
    if not any(counts) or not sensor.watched or not plan.bets:
        return Reading(sensor, plan, state, log_mean(state.logs))
    grown = to_single(advance_evidence(state.logs, plan.log_ratios(counts)))
    log_evidence = log_mean(grown)
    recent, since = (add_counts(state.recent, counts), state.since) if state.since else (counts, day)
    if log_evidence < LITTLE_EVIDENCE:
        recent, since = (0,) * len(counts), 0
    return Reading(sensor, plan, replace(state, logs=grown, recent=recent, since=since), log_evidence)


def count_subjects(readings: Iterable[Reading]) -> int:
    """Return the number of betting subjects of a family; `readings` are of one family.

    A subject of covariates is a feature. A subject of predictions is a name with its aspect.
    """
    return len({_subject(reading) for reading in readings if reading.is_betting})


def family_log_evidence(readings: Sequence[Reading]) -> float:
    """Return the natural logarithm of the mean evidence of the betting subjects of a family.

    `readings` are all of the family, in any order. The evidence of a subject is the mean over its sensors. Muted
    sensors count as no evidence. Without betting subjects, the result is `NO_EVIDENCE`.
    """
    sizes = Counter(_subject(reading) for reading in readings if reading.is_betting)
    terms = [
        each.log_evidence - math.log(sizes[_subject(each)])
        for each in readings
        if each.is_betting and not each.state.muted
    ]
    return log_sum(terms) - math.log(len(sizes)) if sizes else NO_EVIDENCE


def restart(reading: Reading) -> Reading:
    """Return the sensor without evidence and recent rows. The muting of a sensor does not change."""
    state = replace(reading.state, logs=(), recent=(0,) * len(reading.state.recent), since=0)
    return replace(reading, state=state, log_evidence=NO_EVIDENCE)


def mute(reading: Reading, day: int) -> Reading:
    """Return the sensor after a finding named it on the day `day` (`date.toordinal`): muted and without evidence.

    `reported_mean` is the mean of its strongest bet's statistic over the recent rows, or over the baseline without any.
    Raises ValueError if the sensor has no evidence.
    """
    statistic = reading.plan.bets[reading.strongest].statistic
    # A sensor that was named for its companions may have no recent rows; then its mean has not moved yet.
    rows = reading.state.recent if any(reading.state.recent) else reading.state.baseline
    (mean,) = to_single([_mean(reading.plan.scores[statistic], rows)])
    fresh = restart(reading)
    return replace(fresh, state=replace(fresh.state, muted=day, reported_mean=mean, reported_statistic=statistic))


def end_muting(reading: Reading, day: int, subjects: int, rules: DriftRules) -> Reading:
    """Return a muted sensor after the checks of a day (`date.toordinal`); any other sensor is unchanged.

    A sensor that moves further is unchanged as well. A sensor that alarms alone repeats its change: it restarts, and is
    muted from this day on. The muting ends when more than `rules.muted_days` have passed since. `subjects` is that of
    `Reading.alarms_alone`. An alarm alone needs the evidence of the whole family. So muted sensors do not raise the
    rate of false alarms.
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


def _subject(reading: Reading) -> tuple[str, str]:
    sensor = reading.sensor
    return sensor.subject, sensor.aspect if sensor.family == "predictions" else ""


def _mean(scores: Scores, counts: Sequence[float]) -> float:
    return weigh(scores, counts) / sum(counts)
