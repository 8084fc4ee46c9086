"""Maximum notices of a tenant per hour."""

from dataclasses import dataclass

from vigil.alerting.alerts.model import Severity

MAX_LIMIT = 1_000
"""Highest limit that a tenant can set, in notices per hour."""


@dataclass(frozen=True, slots=True)
class NoticeLimits:
    """Maximum triggers of a tenant per hour by severity, 0 to MAX_LIMIT each. CRITICAL has no limit.

    `version` grows with each change; it is 0 for the defaults of a tenant that has set no limits.
    """

    error: int = 60
    warning: int = 20
    info: int = 6
    version: int = 0

    def maximum(self, severity: Severity) -> int | None:
        """Return the maximum triggers per hour of a severity, or None for CRITICAL, which has no limit."""
        return {"ERROR": self.error, "WARNING": self.warning, "INFO": self.info}.get(severity)
