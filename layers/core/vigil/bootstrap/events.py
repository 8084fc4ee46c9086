"""Wiring of the events that decisions become."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.alerting.events.service import DecisionPublisher
    from vigil.alerting.events.store import EventBridgeBus


@process.once
def stream() -> process.Handler:
    """Return the Lambda entry of the decisions table's stream."""
    from vigil.alerting.events.stream import DecisionStream

    return process.telemetry().wrap(DecisionStream(announcer(), process.telemetry()).handle)


def announcer() -> "DecisionPublisher":
    """Return what tells others of decisions."""
    from vigil.alerting.events.service import DecisionPublisher

    return DecisionPublisher(bus("vigil.scoring"))


def bus(source: str) -> "EventBridgeBus":
    """Return the bus on which others hear of what happens; `source` is who speaks."""
    from vigil.alerting.events.store import EventBridgeBus

    return EventBridgeBus(process.client("events"), process.settings().event_bus, source)
