"""Replay of simulated production through the counting, the nightly reviews and the report of monitoring."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from cli.monitoring.stores import (
    MemoryCohorts,
    MemoryFindings,
    MemoryLabels,
    MemoryProfiles,
    MemoryProgress,
    MemoryStates,
    MemoryTrials,
    OneModel,
)
from models.production import SimulatedRequest
from vigil.decisions.scoring.groups_model import SubjectGroups
from vigil.kernel.time import format_day, format_timestamp
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.nightly.drift_service import DriftReview
from vigil.monitoring.nightly.fairness_service import FairnessReview
from vigil.monitoring.nightly.labels_service import LabelReview
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.rows_model import CountedVersion
from vigil.monitoring.performance.cohorts_model import DueDecision
from vigil.monitoring.profiles.counting_model import CountedDecision, first_of_subjects, group_names
from vigil.monitoring.report.model import HealthReport
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.monitoring.report.service import HealthReports, MonitoringStores, ReportRequest
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.packages.reference_model import Reference

TENANT = "simulated"
"""Tenant of all simulated decisions."""


@dataclass(frozen=True, slots=True)
class SimulatedVersion:
    """A model version (`number`) with its engines; `reference` is None for a package of format 2."""

    number: int
    contract: ModelContract
    reference: Reference | None
    runner: EnsembleRunner


class Simulation:
    """Monitoring of one simulated version for decisions of single requests, with its stores in memory."""

    def __init__(self, simulated: SimulatedVersion) -> None:
        contract = simulated.contract
        self._runner = simulated.runner
        self._version = MonitoredVersion(contract, simulated.reference, profile_layout(contract, simulated.reference))
        self._counted = CountedVersion(self._version)
        self._groups = SubjectGroups(contract)
        self._combinations = [*((each.name,) for each in contract.groups), *contract.intersections]
        self._place = contract.name, simulated.number
        self._labels, self._progress, findings = MemoryLabels(), MemoryProgress(), MemoryFindings()
        self._stores = MonitoringStores(
            MemoryProfiles(), MemoryStates(findings), MemoryCohorts(), findings, MemoryTrials()
        )
        self._served: ServedVersion | None = None

    def replay(self, requests: Iterable[SimulatedRequest]) -> None:
        """Count requests, review labels and groups each month, and judge drift.

        The requests are in the order of their days. The reviews are those of the nightly work. Drift is reviewed once,
        at the end: each day has the same findings as at night.
        """
        for day, of_day in groupby(requests, key=lambda request: request.at.date()):
            self._count(day, list(of_day))
            if self._served is None or not self._served.last_day.startswith(f"{day:%Y-%m}"):
                self._review_groups(self._serve(day))
            self._served = self._serve(day)
        if self._served:
            served = self._review_groups(self._served)
            reviews = DriftReview(self._stores.profiles, self._stores.states)
            reviews.review(TENANT, served, self._version, served.last_day)

    def report(self) -> HealthReport:
        """Return the health report that ends with the last replayed day.

        Raises ValueError before the first replayed request.
        """
        if self._served is None:
            raise ValueError("a report needs at least one replayed request")
        reports = HealthReports(OneModel(self._place[1], self._version), self._stores, self._now)
        return reports.report(TENANT, ReportRequest(self._place[0]))

    def findings(self) -> list[Finding]:
        """Return the findings of all replayed days, the earliest day first."""
        return [record.finding for record in self._stores.findings.findings(TENANT, self._place[0])][::-1]

    def _serve(self, day: date) -> ServedVersion:
        """Return the version after decisions of a day."""
        text = format_day(day)
        return (self._served or ServedVersion(*self._place, "single", text, text)).with_day(text)

    def _now(self) -> datetime:
        """Return the end of the last day."""
        last = date.fromisoformat(self._served.last_day) if self._served else date.min
        return datetime.combine(last + timedelta(days=1), time(), UTC)

    def _review_groups(self, served: ServedVersion) -> ServedVersion:
        """Judge the labels of ended weeks; compare groups if that is the first time of the month."""
        self._served, stores = served, self._stores
        labels = LabelReview({"single": self._labels}, stores.cohorts, stores.findings, self._progress, self._now)
        fairness = FairnessReview(stores.profiles, stores.cohorts, stores.findings, self._progress)
        self._served = labels.review(TENANT, served, served.last_day)
        self._served = fairness.review(TENANT, self._served, self._version, served.last_day)
        return self._served

    def _count(self, day: date, requests: Sequence[SimulatedRequest]) -> None:
        counter = self._counted.counter()
        decisions = [self._decide(number, request) for number, request in enumerate(requests)]
        for decision in first_of_subjects(decisions):
            counter.add(decision)
        self._stores.profiles.put(TENANT, *self._place, counter.profile(format_day(day), "single", len(decisions)))

    def _decide(self, number: int, request: SimulatedRequest) -> CountedDecision:
        """Score a request, and store its label for the time at which it is due."""
        contract, verdict = self._version.contract, self._runner.assess(request.row)
        groups = self._groups.known(request.groups) | self._groups.derive(request.row)
        is_flagged = contract.is_high_risk(verdict.band)
        due_at = contract.label.due_at(request.at, contract.decode(request.row))
        if due_at is not None and verdict.probability is not None:
            names = tuple(group_names(groups, self._combinations))
            self._labels.add(DueDecision(verdict.probability, is_flagged, due_at, request.label, groups=names))
        return CountedDecision(
            decision_id=f"{request.at:%Y%m%d}-{number:06d}",
            subject=request.subject,
            created_at=format_timestamp(request.at),
            row=request.row,
            probability=verdict.probability,
            band=verdict.band,
            decision=verdict.decision,
            is_flagged=is_flagged,
            abstention_reasons=verdict.reasons,
            degraded_engines=tuple(each.engine for each in verdict.degraded),
            groups=groups,
        )
