"""Events for subscribers: an alert was raised or cleared."""

from vigil.alerting.alerts.model import BusEvent, Episode
from vigil.kernel.events import Event, create_event


def to_bus_event(episode: Episode, waits: BusEvent) -> Event:
    """Return the event for the bus of an entry that waits in `Episode.unpublished`.

    Its id, kind, time, severity and title are the same in every attempt; the facts are those of the episode now.
    """
    alert_id = waits.source_id.rpartition("-")[0]
    fields = {
        "tenant_id": episode.tenant_id,
        "alert_id": alert_id,
        "event_type": episode.type,
        "severity": waits.severity,
        "source": episode.source,
        "title": waits.title,
        "facts": dict(episode.facts),
    }
    return create_event(waits.source_id, waits.kind, waits.occurred_at, fields)
