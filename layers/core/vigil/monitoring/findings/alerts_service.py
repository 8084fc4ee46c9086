"""Alerts about findings: each state of a finding is published once."""

from vigil.kernel.events import PublishEvent
from vigil.monitoring.findings.alerts_model import to_event
from vigil.monitoring.findings.ports import FindingStore
from vigil.monitoring.findings.records_model import FindingRecord


class PublishedFindingAlerts:
    """Alerts that follow the events of findings on the bus.

    An event is published before its finding is marked. A crash between both repeats the event with its id.
    """

    def __init__(self, store: FindingStore, publish: PublishEvent) -> None:
        self._store = store
        self._publish = publish

    def tell(self, tenant_id: str, record: FindingRecord) -> None:
        """Publish the event of a record's state, and store the state as `told`. Raises Unavailable.

        A record whose `told` equals its `state` has no effect.
        """
        if record.told == record.state:
            return
        self._publish(to_event(tenant_id, record))
        self._store.mark_told(tenant_id, record)
