"""The nightly sweep over all tenants: count, join labels, judge, and tell about findings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from vigil.errors import ModelRefused, NotFound
from vigil.kernel.time import format_day
from vigil.monitoring.findings.ports import FindingAlerts, FindingStore
from vigil.monitoring.nightly.counting_service import DayCounting
from vigil.monitoring.nightly.drift_service import DriftReview
from vigil.monitoring.nightly.fairness_service import FairnessReview
from vigil.monitoring.nightly.labels_service import LabelReview
from vigil.monitoring.nightly.model import ACTIVE_DAYS, ServedVersion
from vigil.monitoring.nightly.ports import ProgressStore, VersionReader
from vigil.monitoring.report.days_model import day_before
from vigil.monitoring.report.metrics_service import ModelMetrics
from vigil.monitoring.report.service import ReportRequest

_SETTLING = timedelta(hours=1)
"""Wait after the end of a day for decisions that are still being stored."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """Reviews of a version. They work in this order: labels, fairness, drift, metrics."""

    labels: LabelReview
    drift: DriftReview
    fairness: FairnessReview
    metrics: ModelMetrics


class MonitoringSweep:
    """Sweep that is named by the last day that it counts. All its work is safe to repeat."""

    max_duration = timedelta(hours=12)

    def __init__(
        self,
        counting: DayCounting,
        reviews: Reviews,
        models: VersionReader,
        progress: ProgressStore,
        findings: FindingStore,
        alerts: FindingAlerts,
        clock: Callable[[], datetime],
    ) -> None:
        self._counting = counting
        self._reviews = reviews
        self._models = models
        self._progress = progress
        self._findings = findings
        self._alerts = alerts
        self._clock = clock

    def next_sweep(self, last: str) -> str | None:
        """Return the last day (`2026-11-21`, UTC) that ended at least an hour ago; None if it is not after `last`.

        `last` is the day of the last sweep, or "". One sweep counts all missed days.
        """
        newest = format_day((self._clock().astimezone(UTC) - _SETTLING).date() - timedelta(days=1))
        return newest if newest > last else None

    def process_tenant(self, tenant_id: str, day: str) -> Mapping[str, int]:
        """Count the days until `day` and judge them.

        Returns the numbers of stored profiles, of findings about drift, and of versions whose packages are refused.
        """
        counts = {"profiles": self._counting.count_days(tenant_id, day), "findings": 0, "refused": 0}
        served = self._progress.served(tenant_id)
        for each in served:
            try:
                counts["findings"] += self._judge(tenant_id, each, day)
            except (ModelRefused, NotFound):  # an old package: its key is no longer pinned, or it was deleted
                counts["refused"] += 1
        for model in sorted({each.model for each in served}):
            for record in self._findings.findings(tenant_id, model):
                self._alerts.tell(tenant_id, record)
        return counts

    def _judge(self, tenant_id: str, served: ServedVersion, day: str) -> int:
        version = self._models.version(served.model, served.version)
        served = self._reviews.labels.review(tenant_id, served, day)
        served = self._reviews.fairness.review(tenant_id, served, version, day)
        is_active = served.last_day > day_before(day, ACTIVE_DAYS)
        if not is_active:
            return 0
        count = self._reviews.drift.review(tenant_id, served, version, day)
        wanted = ReportRequest(served.model, served.source, served.version, date.fromisoformat(day))
        self._reviews.metrics.report_metrics(tenant_id, wanted)
        return count
