"""Ports of health reports: the model versions that are monitored."""

from typing import Protocol

from vigil.monitoring.report.monitored_model import MonitoredVersion


class MonitoredModels(Protocol):
    """Monitored models with their versions, which are the same for all tenants."""

    def champion(self, model: str) -> int:
        """Return the number of the version that decides now, the champion.

        Raises NotFound for a model that is unknown or has no champion, and Unavailable.
        """
        ...

    def version(self, model: str, version: int) -> MonitoredVersion:
        """Return a published version, also after its expiry.

        Raises NotFound if its package is missing, ModelRefused for a package that fails verification, and Unavailable.
        """
        ...
