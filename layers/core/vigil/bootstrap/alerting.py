"""Wires the events that decisions publish."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process, stores

if TYPE_CHECKING:
    from vigil.alerting.events.service import Announcer


@process.entry("event_bus")
def decision_events() -> process.Handler:
    """Return the Lambda entry of the decisions table's stream."""
    from vigil.alerting.events.stream import DecisionStream

    return process.telemetry().wrap(DecisionStream(announcer(), process.telemetry()).handle)


def announcer() -> "Announcer":
    """Return the service that publishes an event for each decision."""
    from vigil.alerting.events.service import Announcer

    return Announcer(stores.event_bus("vigil.scoring"))
