"""Health reports of the models of a tenant."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.time import format_day
from vigil.monitoring.drift.ports import DriftStateStore
from vigil.monitoring.findings.ports import FindingStore
from vigil.monitoring.performance.ports import CohortStore
from vigil.monitoring.profiles.model import Source
from vigil.monitoring.profiles.ports import ProfileStore
from vigil.monitoring.report.assembly_model import Observations, ReportOrigin, assemble_facts
from vigil.monitoring.report.facts_model import HealthFacts
from vigil.monitoring.report.model import HealthReport
from vigil.monitoring.report.ports import MonitoredModels
from vigil.monitoring.report.publishing_model import publish
from vigil.monitoring.trials.ports import TrialStore


@dataclass(frozen=True, slots=True)
class MonitoringStores:
    """Stores that a report reads."""

    profiles: ProfileStore
    states: DriftStateStore
    cohorts: CohortStore
    findings: FindingStore
    trials: TrialStore


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Choice of a report. `version` None means the champion. `until` is the last day; None means yesterday in UTC."""

    model: str
    source: Source = "single"
    version: int | None = None
    until: date | None = None


class HealthReports:
    """Health reports of the models of all tenants."""

    def __init__(self, models: MonitoredModels, stores: MonitoringStores, clock: Callable[[], datetime]) -> None:
        self._models = models
        self._stores = stores
        self._clock = clock

    def report(self, tenant_id: str, wanted: ReportRequest) -> HealthReport:
        """Return the published report, whose counts are rounded and hidden.

        Raises NotFound for an unknown model or version, and ModelRefused for a package that fails verification. Raises
        InvalidInput if `until` has not ended yet, DamagedData for damaged stored data, and Unavailable.
        """
        return publish(self.facts(tenant_id, wanted))

    def facts(self, tenant_id: str, wanted: ReportRequest) -> HealthFacts:
        """Return the exact facts of a report, which only Vigil may read. Raises as `report`."""
        number = self._models.champion(wanted.model) if wanted.version is None else wanted.version
        version = self._models.version(wanted.model, number)
        origin = self._origin(wanted, number)
        place = tenant_id, origin.model, origin.version, origin.source
        observed = Observations(
            profiles=tuple(self._stores.profiles.profiles(*place, origin.start, origin.until)),
            state=self._stores.states.load(*place),
            cohorts=tuple(self._stores.cohorts.cohorts(*place)),
            findings=tuple(self._stores.findings.findings(tenant_id, origin.model)),
            trial=self._stores.trials.load(*place[:3]) if origin.source == "single" else None,
        )
        return assemble_facts(version, origin, observed)

    def _origin(self, wanted: ReportRequest, version: int) -> ReportOrigin:
        """Return the origin. The newest report also has the decisions of today about findings."""
        today = self._clock().date()
        yesterday = today - timedelta(days=1)
        until = wanted.until or yesterday
        if until > yesterday:
            bound = f"a day until {format_day(yesterday)}"
            raise InvalidInput(FieldError("until", "must be a day that has ended, in UTC", bound))
        decided_until = today if until == yesterday else until
        return ReportOrigin(wanted.model, version, wanted.source, format_day(until), format_day(decided_until))
