"""Weekly weighing of outcomes: a champion beside its challenger, and a promoted version against its predecessor."""

from dataclasses import replace

from vigil.monitoring.findings.ports import FindingStore
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.ports import ProgressStore
from vigil.monitoring.report.days_model import last_ended_week, sunday_of
from vigil.monitoring.trials.model import WeighedTrial
from vigil.monitoring.trials.ports import AliasReader, OutcomeWeigher, TrialStore
from vigil.monitoring.trials.releases_model import RELEASE_EVIDENCE, find_worse_release
from vigil.prediction.packages.ports import CHALLENGER, CHAMPION
from vigil.prediction.trials.evidence_model import DECISIVE

_MAX_PREDECESSORS = 3
"""Maximum older versions among which the one before a promotion is searched."""


class TrialReview:
    """Review that weighs the outcomes of the champions of a tenant, once a week.

    The requests of a trial have the answers of two versions. After a promotion, their labels continue to become due. So
    the outcomes show if the version before was better. A version has one finding.
    """

    def __init__(
        self,
        outcomes: OutcomeWeigher,
        trials: TrialStore,
        aliases: AliasReader,
        findings: FindingStore,
        progress: ProgressStore,
    ) -> None:
        self._outcomes = outcomes
        self._trials = trials
        self._aliases = aliases
        self._findings = findings
        self._progress = progress

    def review(self, tenant_id: str, served: ServedVersion, day: str) -> ServedVersion:
        """Weigh the outcomes until the last Sunday that is not after `day` (`2026-11-22`); return the new progress.

        Rows of batches have the answer of one version. For them, and without a new Sunday, `served` is returned
        unchanged. Weighed trials, findings and the progress are stored. Raises DamagedData for damaged data, and
        Unavailable.
        """
        week = last_ended_week(day)
        if served.source != "single" or week <= served.trials_week:
            return served
        aliases = self._aliases.aliases(served.model)
        if aliases.get(CHAMPION) == served.version:
            if challenger := aliases.get(CHALLENGER):
                self._weigh_challenger(tenant_id, served, challenger, sunday_of(week))
            self._judge_release(tenant_id, served, sunday_of(week))
        after = replace(served, trials_week=week)
        self._progress.put_served(tenant_id, after)
        return after

    def _weigh_challenger(self, tenant_id: str, served: ServedVersion, challenger: int, day: str) -> None:
        champion = served.version
        evidence = self._outcomes.weigh(served.model, champion, challenger, tenant_id, DECISIVE)
        if evidence is not None:
            self._trials.put(tenant_id, served.model, champion, WeighedTrial(challenger, day, evidence))

    def _judge_release(self, tenant_id: str, served: ServedVersion, day: str) -> None:
        """Store a finding if the version before was better; a version that has one is not judged again."""
        known = (record.finding for record in self._findings.findings(tenant_id, served.model))
        if any((each.family, each.version) == ("release", served.version) for each in known):
            return
        for previous in self._older(tenant_id, served):
            evidence = self._outcomes.weigh(served.model, previous, served.version, tenant_id, RELEASE_EVIDENCE)
            if evidence is not None:
                found = find_worse_release((previous, served.version), evidence, (served.first_day, day))
                if found is not None:
                    self._findings.add(tenant_id, served.model, found)
                return

    def _older(self, tenant_id: str, served: ServedVersion) -> list[int]:
        """Return the newest older versions that served a tenant. A predecessor has answers to the same requests."""
        numbers = {each.version for each in self._progress.served(tenant_id) if each.model == served.model}
        return sorted((number for number in numbers if number < served.version), reverse=True)[:_MAX_PREDECESSORS]
