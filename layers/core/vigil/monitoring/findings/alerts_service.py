"""Alerts about findings: each state of a finding is published once."""

from vigil.kernel.events import PublishEvent
from vigil.monitoring.findings.alerts_model import to_event
from vigil.monitoring.findings.ports import FindingStore
from vigil.monitoring.findings.records_model import FindingRecord


class PublishedFindingAlerts:
    """Alerts by events of findings on the bus, from which the rooms of alerting raise and clear alerts.

    An event is published first, and then stored as published. A crash between both repeats the event under its id.
    """

    def __init__(self, store: FindingStore, publish: PublishEvent) -> None:
        self._store = store
        self._publish = publish

    def publish(self, tenant_id: str, record: FindingRecord) -> None:
        """Publish the event of a record's state, and store the state as `published_state`. Raises Unavailable.

        A record with an equal `state` and `published_state` has no effect.
        """
        if record.published_state == record.state:
            return
        self._publish(to_event(tenant_id, record))
        self._store.mark_published(tenant_id, record)
