"""Cohorts of ended weeks from due labels, and their judgement."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.ports import FindingStore
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.nightly.model import LATE_WEEKS, MAX_COHORTS, ServedVersion
from vigil.monitoring.nightly.ports import ProgressStore
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision, due_week
from vigil.monitoring.performance.judgement_model import LabelJudge
from vigil.monitoring.performance.ports import CohortStore, DueDecisions
from vigil.monitoring.performance.restarts_model import LabelRestarts, count_restarts
from vigil.monitoring.profiles.model import Source
from vigil.monitoring.report.days_model import day_before, last_ended_week, monday_of, week_of


class LabelReview:
    """Review that forms the cohorts of one version at a time, and judges their labels."""

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
        The last eight weeks are formed again with each new week, because of late outcomes. Cohorts, new findings and
        the progress are stored. An alarm is new if its detector has no finding since its last restart. A decision about
        a finding restarts the detector in its week. Without a new week, `served` is returned unchanged. Raises NotFound
        for a version without its package, and ModelRefused for a package that fails verification. Raises DamagedData
        for damaged data, and Unavailable.
        """
        if served.source not in self._sources or (ended := last_ended_week(through)) <= served.labels_week:
            return served
        formed = self._form(tenant_id, served, ended)
        known = _of_labels(self._findings.findings(tenant_id, served.model), served)
        restarts = _restarts(known)
        judge, cohorts = LabelJudge(served.version, served.source), self._cohorts.cohorts(tenant_id, *served.key)
        state, findings = judge.judge(cohorts, restarts)
        for finding in findings:
            if not _is_known(finding, known, restarts):
                self._findings.add(tenant_id, served.model, finding)
        after = replace(served, labels_week=formed, calibration_week=state.calibration.fired)
        self._progress.put_served(tenant_id, after)
        return after

    def _form(self, tenant_id: str, served: ServedVersion, ended: str) -> str:
        """Store cohorts, the oldest first, and return the last week (`2026-W47`) up to which all cohorts are stored."""
        source, (model, version, _) = self._sources[served.source], served.key
        due = sorted(week for week in source.weeks(tenant_id, model, version) if _late_start(served) <= week <= ended)
        weeks = due[:MAX_COHORTS]
        now, decisions = self._clock(), defaultdict[str, list[DueDecision]](list)
        for each in source.due_in(tenant_id, model, version, weeks) if weeks else ():
            decisions[due_week(each.due_at)].append(each)
        for week in weeks:
            self._cohorts.put(tenant_id, *served.key, Cohort.of(week, decisions[week], now))
        return weeks[-1] if len(weeks) < len(due) else ended


def _of_labels(records: Iterable[FindingRecord], served: ServedVersion) -> list[FindingRecord]:
    """Return the records of findings about the labels of a version and source."""
    origin = served.version, served.source, "labels"
    return [each for each in records if (each.finding.version, each.finding.source, each.finding.family) == origin]


def _restarts(records: Iterable[FindingRecord]) -> LabelRestarts:
    """Return the restarts of the detectors: the weeks in which people decided about findings of labels."""
    weeks: dict[bool, list[str]] = {True: [], False: []}
    for record in records:
        if record.decided_at is not None:
            # The clock of a decision may be behind that of the sweep. A restart is after the alarm.
            after = day_before(record.finding.day, -1)
            weeks[_is_overdue(record.finding)].append(week_of(max(record.decided_at[: len(after)], after)))
    return LabelRestarts(calibration=sorted(weeks[False]), overdue=sorted(weeks[True]))


def _is_known(finding: Finding, records: Iterable[FindingRecord], restarts: LabelRestarts) -> bool:
    """Return True if the records have a finding of the same detector since the same restart.

    Late outcomes can move the day of the alarm.
    """
    weeks = restarts.overdue if _is_overdue(finding) else restarts.calibration

    def alarm(each: Finding) -> tuple[bool, int]:
        return _is_overdue(each), count_restarts(weeks, week_of(each.day))

    return any(alarm(finding) == alarm(record.finding) for record in records)


def _is_overdue(finding: Finding) -> bool:
    """Return True for a finding about overdue labels, and False for one about calibration."""
    return finding.kind == "labels"


def _late_start(served: ServedVersion) -> str:
    """Return the first week that may still change; all weeks without a cohort may."""
    return week_of(day_before(monday_of(served.labels_week), 7 * (LATE_WEEKS - 1))) if served.labels_week else ""
