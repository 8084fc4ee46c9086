"""Ports of health reports: the model versions that are monitored."""

from typing import Protocol

from vigil.monitoring.report.monitored_model import MonitoredVersion


class MonitoredModels(Protocol):
    """Models with their versions."""

    def champion(self, model: str) -> int:
        """Return the number of the version that decides now. Raises NotFound for an unknown model, and Unavailable."""
        ...

    def version(self, model: str, version: int) -> MonitoredVersion:
        """Return a published version, also after its expiry.

        Raises NotFound if its package is missing, ModelRefused for a package that fails verification, and Unavailable.
        """
        ...
