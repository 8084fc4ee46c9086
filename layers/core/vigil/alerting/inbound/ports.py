"""Ports of actions from outside: alerts, the secrets of vendors, and the reports that were applied."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from vigil.alerting.inbound.model import Endpoint, Vendor


class Acknowledger(Protocol):
    """Alerts of all tenants."""

    def acknowledge(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> object:
        """Take an alert; an alert that is not firing does not change.

        `alert_id` is the id of the API or the key of the incident at a vendor. The channel `origin` receives no notice
        of it. `acted_at` is the time of an act that is reported later, or None. Raises PreconditionFailed for an act
        before the alert opened again or rose; NotFound, Conflict and Unavailable.
        """
        ...

    def resolve(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> object:
        """End an alert, with arguments and errors as in `acknowledge`."""
        ...


class SigningSecrets(Protocol):
    """Secrets with which vendors sign their reports."""

    def find(self, endpoint: Endpoint, vendor: Vendor) -> Sequence[str]:
        """Return the secrets of a channel of this vendor. Empty for a channel that does not exist or has no secret."""
        ...


class AppliedReports(Protocol):
    """Ids of the reports that were applied."""

    def has(self, endpoint: Endpoint, report_id: str) -> bool:
        """Return True if a report was applied, read consistently."""
        ...

    def add(self, endpoint: Endpoint, report_id: str, until: datetime) -> None:
        """Store the id of a report until a time. A stored id is no error."""
        ...
