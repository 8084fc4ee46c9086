"""Judge of drift: one profile after the other changes the state, and returns findings when a family alarms."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce

from vigil.monitoring.drift.baseline_model import add_day, add_missing, is_complete, settle
from vigil.monitoring.drift.bets_model import BettingPlan, Tolerance, plan_bets
from vigil.monitoring.drift.detectors_model import (
    Reading,
    count_subjects,
    end_muting,
    family_log_evidence,
    log_threshold,
    mute,
    read_day,
    restart,
)
from vigil.monitoring.drift.findings_model import write_finding
from vigil.monitoring.drift.layout_model import Counts, Layout, Sensor, count_cells, sensors
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.drift.state_model import DriftState, check_sensors, initial_state, is_of_sensors
from vigil.monitoring.drift.stories_model import Alarm, Performance
from vigil.monitoring.findings.evidence_model import NO_EVIDENCE
from vigil.monitoring.findings.model import Family, Finding
from vigil.monitoring.profiles.documents_model import chain_digest
from vigil.monitoring.profiles.model import Profile, Source

_RULES = DriftRules()
_FAMILIES: tuple[Family, ...] = ("covariates", "predictions")


@dataclass(frozen=True, slots=True)
class DriftJudge:
    """Judge of drift for one model version and source.

    The state is a pure function of the layout, the rules, `revision` and `after`, and the profiles in the order of
    their days. `sensors` are those of the layout. All states and plans have their order.
    """

    version: int
    source: Source
    layout: Layout
    rules: DriftRules = _RULES
    sensors: tuple[Sensor, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sensors", sensors(self.layout))

    def start(self, revision: int = 0, after: int = 0) -> DriftState:
        """Return the state before the first day of a baseline.

        The baseline begins after the day `after` (`date.toordinal`; 0 for no earlier day). `revision` counts the
        baselines after the first one.
        """
        return initial_state(self.sensors, len(self.layout.features), revision, after)

    def is_built_from(self, state: DriftState, profiles: Iterable[Profile]) -> bool:
        """Return True if exactly these profiles, in the order of their days, give the state.

        Profiles without counted decisions are ignored. A state with other sensors gives False.
        """
        digest = reduce(chain_digest, (profile for profile in profiles if profile.counted), 0)
        return is_of_sensors(state, self.sensors) and digest == state.profiles_digest

    def rebuild(
        self, profiles: Iterable[Profile], revision: int = 0, after: int = 0
    ) -> tuple[DriftState, tuple[Finding, ...]]:
        """Return the state and all findings of the profiles of a baseline, given in the order of their days.

        The findings have the order of their days, and are those for unknown performance. `revision` and `after` are
        those of `start`. Raises ValueError and DamagedData as `advance` does.
        """
        state, findings = self.start(revision, after), list[Finding]()
        for profile in profiles:
            state, found = self.advance(state, profile)
            findings += found
        return state, tuple(findings)

    def advance(
        self, state: DriftState, profile: Profile, performance: Performance = "unknown"
    ) -> tuple[DriftState, tuple[Finding, ...]]:
        """Return the state after one more day, and the findings of that day.

        There are no findings until the baseline is complete. A profile without counted decisions changes nothing.
        `performance` is the estimate of the last days; it decides the kind and the next step of a finding.

        Raises ValueError for a state with other sensors or cells than those of this judge, such as one of
        `baseline_start`: `start` replaces it. Raises ValueError too if the day is not after the last day of the state.
        Raises DamagedData if the profile does not fit the layout.
        """
        if not profile.counted:
            return state, ()
        day, counts = date.fromisoformat(profile.day).toordinal(), count_cells(self.layout, profile)
        digest = chain_digest(state.profiles_digest, profile)
        check_sensors(state, self.sensors)
        if day <= state.through:
            raise ValueError(
                f"profile {profile.day} must be after {date.fromordinal(state.through)}, the last day of the state; "
                "build the state again from the profiles"
            )
        if state.settling:
            return replace(self._settle(state, profile, counts, day), profiles_digest=digest), ()
        readings = self._readings(state, counts, day)
        findings: list[Finding] = []
        for family in _FAMILIES:
            alarmed, found = self._judge(family, readings, state, profile, performance)
            readings, findings = alarmed, findings + found
        watched = tuple(each.state for each in readings)
        return replace(state, sensors=watched, through=day, profiles_digest=digest), tuple(findings)

    def plans(self, state: DriftState) -> tuple[BettingPlan, ...]:
        """Return the bets of each sensor against its baseline, in the order of `sensors`.

        The baseline of the state must be complete. A sensor with a single cell has a plan without bets. Raises
        ZeroDivisionError for a state without days, and ValueError for one with other sensors or cells.
        """
        check_sensors(state, self.sensors)
        deviations, log_odds = self.rules.floors(state.rows / state.days)
        rules = self.rules
        return tuple(
            plan_bets(
                sensor.kind,
                own.baseline,
                Tolerance(
                    floor=deviations if sensor.kind == "number" else log_odds,
                    wobble=rules.wobbles * sensor.wobble,
                    errors=rules.errors,
                    dispersion=own.dispersion,
                ),
            )
            for sensor, own in zip(self.sensors, state.sensors, strict=True)
        )

    def _settle(self, state: DriftState, profile: Profile, counts: Sequence[Counts], day: int) -> DriftState:
        following = replace(
            state,
            sensors=add_day(self.sensors, state, counts),
            together=add_missing(state.together, profile.missing_patterns),
            first=state.first or day,
            through=day,
            rows=state.rows + profile.counted,
            days=state.days + 1,
        )
        is_settled = is_complete(following, self.rules)
        return settle(self.sensors, following, len(self.layout.features)) if is_settled else following

    def _readings(self, state: DriftState, counts: Sequence[Counts], day: int) -> list[Reading]:
        rows = zip(self.sensors, self.plans(state), state.sensors, counts, strict=True)
        return [read_day(sensor, plan, own, cells, day) for sensor, plan, own, cells in rows]

    def _judge(
        self, family: Family, readings: list[Reading], state: DriftState, profile: Profile, performance: Performance
    ) -> tuple[list[Reading], list[Finding]]:
        """Return all readings, those of the family judged, and the findings of the family.

        An alarm restarts the sensors of the family, and mutes the named ones.
        """
        day = date.fromisoformat(profile.day).toordinal()
        own = {place: reading for place, reading in enumerate(readings) if reading.sensor.family == family}
        subjects = max(count_subjects(own.values()), 1)
        own = {place: end_muting(reading, day, subjects, self.rules) for place, reading in own.items()}
        further = [
            reading.log_evidence - math.log(subjects) for reading in own.values() if reading.moves_further(subjects)
        ]
        log_evidence = max(family_log_evidence(list(own.values())), *further, NO_EVIDENCE)
        findings: list[Finding] = []
        if log_evidence >= log_threshold(family):
            alarm = Alarm(family, own, state.together, profile.missing_patterns, performance, subjects)
            stories = alarm.stories()
            origin = self.version, self.source
            findings = [write_finding(alarm, story, log_evidence, day, origin) for story in stories]
            named = {place for story in stories for place in story.places}
            own = {place: mute(each, day) if place in named else restart(each) for place, each in own.items()}
        return [own.get(place, reading) for place, reading in enumerate(readings)], findings
