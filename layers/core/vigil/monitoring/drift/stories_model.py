"""Stories of an alarm: sensors that show one cause, and the kind and the next step of each."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vigil.monitoring.drift.baseline_model import MIN_JACCARD, add_missing, overlap
from vigil.monitoring.drift.detectors_model import Reading, log_threshold
from vigil.monitoring.drift.layout_model import Counts, missing_sensor
from vigil.monitoring.findings.model import Family, FindingKind, Recommendation

Performance = Literal["unknown", "inside", "below"]
"""Estimated performance: unknown, inside the band of the reference, or below it by more than is tolerated."""
Change = Literal["missing_more", "missing_less", "constant", "moved", "engine"]
"""Change that a story is about. `engine` is about answers that an engine's failure has degraded."""
NAMED_SHARE = 0.1
"""Minimum evidence of a weaker sensor that is named too, as a share of the evidence of the threshold."""
CONSTANT_SHARE = 0.99
"""Share of the recent rows in one cell from which a feature counts as constant."""
VARIED_SHARE = 0.5
"""Maximum share of the baseline's rows in the cell that has all recent rows of a constant feature."""
_MIN_CONSTANT_ROWS = 30


@dataclass(frozen=True, slots=True)
class Story:
    """One cause of an alarm, and the sensors that show it.

    `places` are keys of `Alarm.readings`, the strongest sensor first. The last ones are sensors of features that go
    missing together with a named one, in the order of features.
    """

    change: Change
    kind: FindingKind
    recommendation: Recommendation
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Sensors of a family on the day on which it alarms.

    `readings` has them by their place in `DriftJudge.sensors`. `groups` has the first feature that each feature goes
    missing with. `patterns` are the day's `Profile.missing_patterns`. `subjects` is the number of betting subjects.
    """

    family: Family
    readings: Mapping[int, Reading]
    groups: Counts
    patterns: Mapping[int, int]
    performance: Performance
    subjects: int

    def stories(self) -> tuple[Story, ...]:
        """Return one story per cause, the one with the strongest sensor first. There is at least one.

        The family's evidence must have reached the threshold. Then each story has a sensor with enough evidence of its
        own, because the mean over all subjects is enough.
        """
        named = self._named()
        found = {place: self._change(place) for place in named}
        strong = [place for place in named if self.readings[place].log_evidence >= log_threshold(self.family)] or named[
            :1
        ]
        causes = list(dict.fromkeys(found[place] for place in strong))
        return tuple(self._story(cause, [place for place in named if found[place] == cause]) for cause in causes)

    def _named(self) -> list[int]:
        """Return the places of the sensors with evidence of their own, the strongest first."""
        ranked = sorted(self._open(), key=lambda place: (-self.readings[place].log_evidence, place))
        least = log_threshold(self.family) + math.log(NAMED_SHARE)
        return [place for place in ranked if place == ranked[0] or self.readings[place].log_evidence >= least]

    def _open(self) -> Iterator[int]:
        return (place for place, reading in self.readings.items() if self._is_open(reading))

    def _is_open(self, reading: Reading) -> bool:
        is_free = not reading.state.muted or reading.moves_further(self.subjects)
        return reading.is_betting and bool(reading.state.logs) and is_free

    def _change(self, place: int) -> tuple[Change, FindingKind]:
        reading = self.readings[place]
        aspect, rises = reading.sensor.aspect, is_rising(reading)
        if aspect == "missing":
            return ("missing_more", "feed") if rises else ("missing_less", "population")
        if aspect == "values":
            kind: FindingKind = "domain" if self.performance == "below" else "population"
            return ("constant", "feed") if is_constant(reading) else ("moved", kind)
        if aspect == "abstention" and rises:
            kinds: Mapping[str, FindingKind] = {"abstention missing": "feed", "abstention out_of_domain": "domain"}
            return "moved", kinds.get(reading.sensor.subject, "predictions")
        return ("engine" if aspect == "engine" and rises else "moved"), "predictions"

    def _story(self, cause: tuple[Change, FindingKind], places: Sequence[int]) -> Story:
        change, kind = cause
        if change in {"missing_more", "missing_less"}:
            places = [*places, *self._companions(places, rises=change == "missing_more")]
        return Story(change, kind, self._recommendation(change, kind), tuple(places))

    def _companions(self, places: Sequence[int], *, rises: bool) -> list[int]:
        """Return sensors of features that go missing with a named one, today or in the settling time."""
        features = range(len(self.groups))
        together = add_missing((0,) * (len(features) * (len(features) + 1) // 2), self.patterns if rises else {})
        named = [feature for feature in features if missing_sensor(feature) in places]

        def _is_companion(feature: int) -> bool:
            return any(
                self.groups[feature] == self.groups[other]
                or overlap(together, min(feature, other), max(feature, other)) > MIN_JACCARD
                for other in named
            )

        found = [missing_sensor(feature) for feature in features if feature not in named and _is_companion(feature)]
        is_open: Collection[int] = set(self._open())
        return [place for place in found if place in is_open]

    def _recommendation(self, change: Change, kind: FindingKind) -> Recommendation:
        if kind == "feed":
            return "fix_feed"
        if change == "engine":
            return "review"
        return "collect_labels" if self.performance == "below" else "watch"


def is_rising(reading: Reading) -> bool:
    """Return True if the strongest bet of a sensor is on greater scores.

    For a number, greater scores mean later bins or a wider spread. For other sensors, they mean more rows of a level or
    with a property. Raises ValueError if the sensor has no evidence.
    """
    return reading.plan.bets[reading.strongest].slope > 0


def is_constant(reading: Reading) -> bool:
    """Return True if a feature with varied values in the baseline is nearly constant in the recent rows.

    At least 99 % of the recent rows are in one cell that had at most half of the baseline. With fewer than 30 recent
    rows, the result is False. A wrong unit can give True as well, because it moves values beyond the first or the last
    edge.
    """
    recent, baseline = reading.state.recent, reading.state.baseline
    most = max(range(len(recent)), key=lambda cell: (recent[cell], -cell))
    rows = sum(recent)
    is_settled = rows >= _MIN_CONSTANT_ROWS and recent[most] >= CONSTANT_SHARE * rows
    return is_settled and baseline[most] <= VARIED_SHARE * sum(baseline)
