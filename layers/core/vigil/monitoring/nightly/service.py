"""The nightly sweep over all tenants: count decisions, join labels, judge both, and publish findings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from vigil.errors import DamagedData, ModelRefused, NotFound
from vigil.kernel.time import format_day
from vigil.monitoring.findings.ports import FindingAlerts, FindingStore
from vigil.monitoring.nightly.counting_service import DayCounting
from vigil.monitoring.nightly.drift_service import DriftReview
from vigil.monitoring.nightly.fairness_service import FairnessReview
from vigil.monitoring.nightly.labels_service import LabelReview
from vigil.monitoring.nightly.model import ACTIVE_DAYS, ServedVersion
from vigil.monitoring.nightly.ports import ProgressStore, VersionReader
from vigil.monitoring.nightly.trials_service import TrialReview
from vigil.monitoring.report.days_model import day_before
from vigil.monitoring.report.metrics_service import ModelMetrics
from vigil.monitoring.report.service import ReportRequest

_SETTLING = timedelta(hours=1)
"""Wait after the end of a day for decisions that are still being stored."""
_MAX_NAMED = 20
"""Maximum damaged items that an error names."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """Reviews of a version, in this order: labels, trials, fairness, drift, metrics.

    Drift and metrics are skipped for a version without a decision in the last 35 days.
    """

    labels: LabelReview
    drift: DriftReview
    fairness: FairnessReview
    trials: TrialReview
    metrics: ModelMetrics


class MonitoringSweep:
    """Sweep whose name is the last day (`2026-11-21`) that it counts. All its work is safe to repeat."""

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
        """Count the days up to and including `day` (`2026-11-21`), judge them, and publish findings.

        Returns the numbers of stored profiles, of findings about drift, and of versions whose packages are refused. An
        error of one version is raised after the work on all others, so that the night is repeated. DamagedData names
        all damaged items. Raises Unavailable.
        """
        counts = {"profiles": 0, "findings": 0, "refused": 0}
        errors: list[Exception] = [*self._progress.damaged(tenant_id)]
        with _postponed(errors):
            counts["profiles"] = self._counting.count_days(tenant_id, day)
        served = self._progress.served(tenant_id)
        for each in served:
            with _postponed(errors):
                try:
                    counts["findings"] += self._judge(tenant_id, each, day)
                except (ModelRefused, NotFound):  # an old package: its key is no longer pinned, or it was deleted
                    counts["refused"] += 1
        for model in sorted({each.model for each in served}):
            with _postponed(errors):
                for record in self._findings.findings(tenant_id, model):
                    self._alerts.publish(tenant_id, record)
        if errors:
            raise _sum_up(errors)
        return counts

    def _judge(self, tenant_id: str, served: ServedVersion, day: str) -> int:
        version = self._models.version(served.model, served.version)
        served = self._reviews.labels.review(tenant_id, served, day)
        served = self._reviews.trials.review(tenant_id, served, day)
        served = self._reviews.fairness.review(tenant_id, served, version, day)
        is_active = served.last_day > day_before(day, ACTIVE_DAYS)
        if not is_active:
            return 0
        count = self._reviews.drift.review(tenant_id, served, version, day)
        wanted = ReportRequest(served.model, served.source, served.version, date.fromisoformat(day))
        self._reviews.metrics.report_metrics(tenant_id, wanted)
        return count


@contextmanager
def _postponed(errors: list[Exception]) -> Iterator[None]:
    """End the block at an error, and append the error to a list."""
    try:
        yield
    except Exception as error:
        errors.append(error)


def _sum_up(errors: Sequence[Exception]) -> Exception:
    """Return the first error; with damaged items, DamagedData with their names, caused by the first other error."""
    others = [error for error in errors if not isinstance(error, DamagedData)]
    items = dict.fromkeys(item for error in errors if isinstance(error, DamagedData) for item in error.items)
    if not items:
        return errors[0]
    found = DamagedData(f"{len(items)} stored items are damaged", tuple(items)[:_MAX_NAMED])
    found.__cause__ = next(iter(others), None)
    return found
