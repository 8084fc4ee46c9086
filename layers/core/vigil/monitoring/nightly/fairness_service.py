"""Monthly comparison of groups since the promotion of a version."""

from dataclasses import replace

from vigil.monitoring.findings.ports import FindingStore
from vigil.monitoring.nightly.fairness_model import find_unfair_groups, first_compared_day
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.ports import ProgressStore
from vigil.monitoring.performance.ports import CohortStore
from vigil.monitoring.profiles.ports import ProfileStore
from vigil.monitoring.report.assembly_model import HISTORY_DAYS
from vigil.monitoring.report.days_model import monday_of
from vigil.monitoring.report.group_facts_model import tally_groups
from vigil.monitoring.report.monitored_model import MonitoredVersion


class FairnessReview:
    """Review that compares the groups of one version at a time, once a month.

    A group has one finding per version and source. Monthly comparisons and the level of alarms respect the budget of
    false alarms.
    """

    def __init__(
        self, profiles: ProfileStore, cohorts: CohortStore, findings: FindingStore, progress: ProgressStore
    ) -> None:
        self._profiles = profiles
        self._cohorts = cohorts
        self._findings = findings
        self._progress = progress

    def review(self, tenant_id: str, served: ServedVersion, version: MonitoredVersion, day: str) -> ServedVersion:
        """Compare the groups if `day` (`2026-11-21`) is the first reviewed day of its month; return the new progress.

        The counts begin with the first day of the version, at most 365 days ago, and include `day`. New findings and
        the progress are stored. A model without groups, or a second day of a month, returns `served` unchanged. Raises
        DamagedData for damaged data, and Unavailable.
        """
        if not version.contract.groups or day[:7] <= served.groups_month:
            return served
        start = first_compared_day(day, served.first_day, HISTORY_DAYS)
        profiles = list(self._profiles.profiles(tenant_id, *served.key, start, day))
        cohorts = [each for each in self._cohorts.cohorts(tenant_id, *served.key) if monday_of(each.week) >= start]
        known = {
            subject
            for record in self._findings.findings(tenant_id, served.model)
            if record.finding.family == "fairness"
            and (record.finding.version, record.finding.source) == (served.version, served.source)
            for subject in record.finding.subjects
        }
        tallies = tally_groups(version.contract, profiles, cohorts)
        for finding in find_unfair_groups(served, tallies, start, day):
            if known.isdisjoint(finding.subjects):
                self._findings.add(tenant_id, served.model, finding)
        after = replace(served, groups_month=day[:7])
        self._progress.put_served(tenant_id, after)
        return after
