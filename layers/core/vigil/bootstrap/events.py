"""Wiring of the events that decisions become."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.events.service import Announcer


@process.once
def stream() -> process.Handler:
    """Return the Lambda entry of the decisions table's stream."""
    from vigil.events.stream import DecisionStream

    return process.telemetry().wrap(DecisionStream(announcer(), process.telemetry()).handle)


def announcer() -> "Announcer":
    """Return what tells others of decisions."""
    from vigil.events.service import Announcer
    from vigil.events.store import EventBridgeBus

    return Announcer(EventBridgeBus(process.client("events"), process.settings().event_bus))
