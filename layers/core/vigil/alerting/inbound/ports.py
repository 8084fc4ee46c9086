"""Ports of actions from outside: alerts, the secrets of vendors, and the ids of applied reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from vigil.alerting.inbound.model import Endpoint, Vendor


class Acknowledger(Protocol):
    """Alerts of all tenants, which people acknowledge and resolve."""

    def acknowledge(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> object:
        """Mark a firing alert as taken by a person, which stops its escalation. Other alerts are not changed.

        `alert_id` is the id of the API or the key of the incident at a vendor. `by` names the person or key. `origin`
        is the channel of the vendor at which the person acted, or empty; it receives no notice of the act. `acted_at`
        is the time of an act that a vendor reports, or None for an act now.

        Raises NotFound; PreconditionFailed if `acted_at` is before the alert last opened again or rose; Conflict after
        lost races; Unavailable.
        """
        ...

    def resolve(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> object:
        """End an alert; a resolved one is not changed.

        Arguments and errors are those of `acknowledge`.
        """
        ...


class SigningSecrets(Protocol):
    """Secrets with which vendors sign their reports."""

    def find(self, endpoint: Endpoint, vendor: Vendor) -> Sequence[str]:
        """Return the secrets with which the vendor signs reports to a channel.

        Empty for a channel that does not exist, is of another vendor, or has no such secret. Raises Unavailable.
        """
        ...


class AppliedReports(Protocol):
    """Stored ids of the reports that were applied to an alert."""

    def has(self, endpoint: Endpoint, report_id: str) -> bool:
        """Return True if a report was applied, read consistently. Raises Unavailable."""
        ...

    def add(self, endpoint: Endpoint, report_id: str, until: datetime) -> None:
        """Store the id of a report until a time. A stored id is no error. Raises Unavailable."""
        ...
