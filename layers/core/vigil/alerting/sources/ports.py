"""Port of the sources of alerts."""

from typing import Protocol

from vigil.alerting.alerts.model import AlertEvent


class AlertIntake(Protocol):
    """Intake of alert events of all tenants."""

    def accept(self, event: AlertEvent, /) -> object:
        """Apply an event once; a repeated event has no effect.

        Raises Conflict after too many lost races, and Unavailable. The event can then be repeated.
        """
        ...
