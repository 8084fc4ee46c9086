"""Judgement of counted days by the drift detectors."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from vigil.kernel.time import format_day
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.ports import DriftStateStore
from vigil.monitoring.drift.state_model import DriftState, is_of_sensors
from vigil.monitoring.drift.summary_model import WINDOW_DAYS
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.performance_model import judge_estimate
from vigil.monitoring.profiles.keys_model import RETENTION
from vigil.monitoring.profiles.model import Profile
from vigil.monitoring.profiles.ports import ProfileStore
from vigil.monitoring.report.days_model import sunday_of
from vigil.monitoring.report.monitored_model import MonitoredVersion

_SAVED_FINDINGS = 30
"""Findings after which a state is saved, so that no save has more than its maximum."""


class DriftReview:
    """Review that judges the profiles of one version at a time. A repeated review of the same profiles changes nothing.

    The state is a pure function of the profiles. If a judged profile has changed, the state is built again from the
    first day of the baseline. Findings that are stored already are not changed.
    """

    def __init__(self, profiles: ProfileStore, states: DriftStateStore) -> None:
        self._profiles = profiles
        self._states = states

    def review(self, tenant_id: str, served: ServedVersion, version: MonitoredVersion, through: str) -> int:
        """Judge the profiles up to and including the day `through` (`2026-11-21`) that are not judged yet.

        The new state and the findings are stored. Returns the number of findings of these days; a finding that is
        stored already counts, too. Raises DamagedData for damaged data and for a profile of another layout. Raises
        Conflict if a person starts a new baseline meanwhile, and Unavailable.
        """
        judge = DriftJudge(served.version, served.source, version.layout)
        saved = self._states.load(tenant_id, *served.key) or judge.start()
        profiles = list(self._stored(tenant_id, served, saved, through))
        state = _continued(judge, saved, profiles)
        findings, count = list[Finding](), 0
        for place, profile in enumerate(profiles):
            if _ordinal(profile) <= state.through:
                continue
            window = profiles[max(place + 1 - WINDOW_DAYS, 0) : place + 1]
            performance = judge_estimate(_recent(window), version, is_calibrated=_is_calibrated(served, profile.day))
            state, found = judge.advance(state, profile, performance)
            findings, count = [*findings, *found], count + len(found)
            if len(findings) >= _SAVED_FINDINGS:
                self._states.save(tenant_id, *served.key, state, findings)
                findings = []
        if findings or state != saved:
            self._states.save(tenant_id, *served.key, state, findings)
        return count

    def _stored(self, tenant_id: str, served: ServedVersion, saved: DriftState, through: str) -> Iterator[Profile]:
        """Return the profiles since the begin of the baseline that have not expired."""
        oldest = date.fromisoformat(through) - RETENTION + timedelta(days=1)
        start = max(oldest, date.fromordinal(saved.after + 1))
        return self._profiles.profiles(tenant_id, *served.key, format_day(start), through)


def _continued(judge: DriftJudge, saved: DriftState, profiles: Sequence[Profile]) -> DriftState:
    """Return the saved state if the stored profiles give it, and otherwise the state before the first day.

    Once profiles of the baseline have expired, a state cannot be built again, so that it is continued.
    """
    seen = [profile for profile in profiles if _ordinal(profile) <= saved.through and profile.counted]
    has_expired = saved.first > 0 and (not seen or _ordinal(seen[0]) > saved.first)
    if judge.is_built_from(saved, seen) or (has_expired and is_of_sensors(saved, judge.sensors)):
        return saved
    return judge.start(saved.revision, saved.after)


def _recent(window: Sequence[Profile]) -> Sequence[Profile]:
    """Return the profiles of the last days of a window; days without decisions have none."""
    first = _ordinal(window[-1]) - WINDOW_DAYS
    return [profile for profile in window if _ordinal(profile) > first]


def _is_calibrated(served: ServedVersion, day: str) -> bool:
    """Return False from the end of the week of an alarm about calibration on."""
    return not served.calibration_week or day <= sunday_of(served.calibration_week)


def _ordinal(profile: Profile) -> int:
    return date.fromisoformat(profile.day).toordinal()
