"""Cohorts of ended weeks from due labels, and their judgement."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.ports import FindingStore
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.nightly.model import LATE_WEEKS, MAX_COHORTS, ServedVersion
from vigil.monitoring.nightly.ports import ProgressStore
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision, due_week
from vigil.monitoring.performance.judgement_model import LabelJudge
from vigil.monitoring.performance.ports import CohortStore, DueDecisions
from vigil.monitoring.profiles.model import Source
from vigil.monitoring.report.days_model import day_before, monday_of, sunday_of, week_of

_SAME_ALARM_DAYS = 7 * LATE_WEEKS
"""Days by which late outcomes can move an alarm about labels."""


class LabelReview:
    """Review of the labels of one version after the other."""

    def __init__(
        self,
        sources: Mapping[Source, DueDecisions],
        cohorts: CohortStore,
        findings: FindingStore,
        progress: ProgressStore,
        clock: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._cohorts = cohorts
        self._findings = findings
        self._progress = progress
        self._clock = clock

    def review(self, tenant_id: str, served: ServedVersion, through: str) -> ServedVersion:
        """Form the cohorts of the weeks whose Sunday is `through` or earlier, and return the new progress.

        `through` is a day (`2026-11-21`). A call forms at most 13 cohorts, the oldest first; later calls form the rest.
        The last eight weeks are formed again with each new week, because of late outcomes. New findings are stored.
        Without a new week, `served` is returned unchanged. Raises NotFound for a version without its package,
        ModelRefused for a package that fails verification, and Unavailable.
        """
        if served.source not in self._sources or (ended := _last_ended_week(through)) <= served.labels_week:
            return served
        formed = self._form(tenant_id, served, ended)
        state, findings = LabelJudge(served.version, served.source).judge(
            self._cohorts.cohorts(tenant_id, *served.place)
        )
        known = list(self._findings.findings(tenant_id, served.model))
        for finding in findings:
            if not is_same_alarm(finding, known):
                self._findings.add(tenant_id, served.model, finding)
        after = replace(served, labels_week=formed, calibration_week=state.calibration.fired)
        self._progress.put_served(tenant_id, after)
        return after

    def _form(self, tenant_id: str, served: ServedVersion, ended: str) -> str:
        """Store cohorts, the oldest first, and return the last week that needs no further cohort before it."""
        source, (model, version, _) = self._sources[served.source], served.place
        due = sorted(week for week in source.weeks(tenant_id, model, version) if _late_start(served) <= week <= ended)
        weeks = due[:MAX_COHORTS]
        now, decisions = self._clock(), defaultdict[str, list[DueDecision]](list)
        for each in source.due_in(tenant_id, model, version, weeks) if weeks else ():
            decisions[due_week(each.due_at)].append(each)
        for week in weeks:
            self._cohorts.put(tenant_id, *served.place, Cohort.of(week, decisions[week], now))
        return weeks[-1] if len(weeks) < len(due) else ended


def is_same_alarm(finding: Finding, known: Iterable[FindingRecord]) -> bool:
    """Return True if `known` has the alarm about labels, perhaps with a day up to eight weeks earlier or later.

    Late outcomes can move the day. Alarms about calibration and those about overdue labels differ.
    """
    return any(_is_same(finding, record.finding) for record in known)


def _is_same(finding: Finding, other: Finding) -> bool:
    def origin(each: Finding) -> Sequence[object]:
        return each.version, each.source, each.family, each.kind == "labels"

    days = date.fromisoformat(finding.day) - date.fromisoformat(other.day)
    return origin(finding) == origin(other) and abs(days.days) <= _SAME_ALARM_DAYS


def _last_ended_week(through: str) -> str:
    """Return the last week whose Sunday is not after a day."""
    this = week_of(through)
    return this if sunday_of(this) == through else week_of(day_before(monday_of(this), 7))


def _late_start(served: ServedVersion) -> str:
    """Return the first week that may still change; all weeks without a cohort may."""
    return week_of(day_before(monday_of(served.labels_week), 7 * (LATE_WEEKS - 1))) if served.labels_week else ""
