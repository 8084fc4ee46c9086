"""Wires the events that decisions publish."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process, stores

if TYPE_CHECKING:
    from vigil.alerting.events.service import DecisionPublisher


@process.entry("event_bus")
def events_publisher() -> process.Handler:
    """Return the Lambda entry of the decisions table's stream."""
    from vigil.alerting.events.stream import DecisionStream

    return process.telemetry().wrap(DecisionStream(decision_publisher(), process.telemetry()).handle)


def decision_publisher() -> "DecisionPublisher":
    """Return the service that publishes an event for each decision."""
    from vigil.alerting.events.service import DecisionPublisher

    return DecisionPublisher(stores.event_bus("vigil.scoring"))
