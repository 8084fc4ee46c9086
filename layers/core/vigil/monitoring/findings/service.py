"""Findings for people: list them, acknowledge them, and start a new baseline."""

from collections.abc import Callable
from datetime import datetime
from itertools import islice

from vigil.errors import Conflict
from vigil.kernel.time import format_timestamp
from vigil.monitoring.findings.model import Family
from vigil.monitoring.findings.ports import Baselines, FindingAlerts, FindingStore
from vigil.monitoring.findings.records_model import FindingDecision, FindingPage, FindingRecord, FindingState

DRIFT_FAMILIES: tuple[Family, ...] = ("covariates", "predictions")
"""Families whose findings compare with a baseline of drift."""


class Findings:
    """Findings of the models of all tenants. Every method raises Unavailable.

    The argument `by` is the role and the key id of the caller (`admin:0123456789abcdef`). A decision is final.
    """

    def __init__(
        self,
        store: FindingStore,
        baselines: Baselines,
        alerts: FindingAlerts,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._baselines = baselines
        self._alerts = alerts
        self._clock = clock

    def page(
        self, tenant_id: str, model: str, state: FindingState | None, after: dict[str, str] | None, limit: int
    ) -> FindingPage:
        """Return the next findings of a state, at most `limit` (1 or more), the newest day first.

        `state` None means all states. `after` is `next` of the page before; None starts with the newest finding.
        """
        start = (after["day"], after["id"]) if after else None
        following = (
            record
            for record in self._store.findings(tenant_id, model)
            if state in {None, record.state} and (start is None or record.position < start)
        )
        records = tuple(islice(following, limit + 1))
        if len(records) <= limit:
            return FindingPage(records)
        last = records[limit - 1]
        return FindingPage(records[:limit], {"day": last.finding.day, "id": last.finding_id})

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding. Raises NotFound if the tenant's model has no finding with this id."""
        return self._store.get(tenant_id, model, finding_id)

    def acknowledge(self, tenant_id: str, model: str, finding_id: str, by: str, reason: str) -> FindingRecord:
        """Acknowledge an open finding, clear its alert, and return the decided record.

        Raises NotFound for an unknown finding, and Conflict if it is decided already.
        """
        return self._decide(tenant_id, self._open(tenant_id, model, finding_id), "acknowledged", by, reason)

    def rebase(self, tenant_id: str, model: str, finding_id: str, by: str, reason: str) -> FindingRecord:
        """Start a new baseline of drift, clear the alert of an open finding, and return the decided record.

        The baseline begins on the day after the last judged one. Raises NotFound for an unknown finding. Raises
        Conflict if the finding is decided already, or is not about drift. Raises Conflict also without a baseline, or
        if another process changed the state of drift meanwhile.
        """
        record = self._open(tenant_id, model, finding_id)
        finding = record.finding
        if finding.family not in DRIFT_FAMILIES:
            raise Conflict(
                f"A finding of the family {finding.family} has no baseline of drift; acknowledge it instead."
            )
        # The baseline comes first: a crash then leaves the finding open, so that a person can repeat the request.
        self._baselines.restart(tenant_id, model, finding)
        return self._decide(tenant_id, record, "rebased", by, reason)

    def _open(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        record = self._store.get(tenant_id, model, finding_id)
        if record.state != "open":
            raise Conflict(
                f"The finding is {record.state} since {record.decided_at}; a decision is final. "
                "A further change of the model opens a new finding."
            )
        return record

    def _decide(
        self, tenant_id: str, record: FindingRecord, state: FindingState, by: str, reason: str
    ) -> FindingRecord:
        decided = record.decide(state, FindingDecision(by, reason, format_timestamp(self._clock())))
        self._store.decide(tenant_id, decided)
        self._alerts.publish(tenant_id, decided)
        return decided
