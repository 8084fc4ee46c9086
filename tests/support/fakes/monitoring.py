"""Models of monitoring without packages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vigil.errors import NotFound
from vigil.monitoring.report.monitored_model import MonitoredVersion


@dataclass
class FakeModels:
    """Monitored versions by model and number; the highest version is the champion. `challenger` is that of all."""

    versions: Mapping[tuple[str, int], MonitoredVersion] = field(default_factory=dict)
    challenger: int | None = None

    def champion(self, model: str) -> int:
        """Return the highest version of a model. Raises NotFound."""
        if numbers := [number for name, number in self.versions if name == model]:
            return max(numbers)
        raise NotFound("There is no such model. GET /v1/models lists all.")

    def aliases(self, model: str) -> Mapping[str, int]:
        """Return the version of each alias."""
        found = {"champion": max(number for name, number in self.versions if name == model)}
        return found | ({"challenger": self.challenger} if self.challenger else {})

    def version(self, model: str, version: int) -> MonitoredVersion:
        """Return a version. Raises NotFound."""
        if found := self.versions.get((model, version)):
            return found
        raise NotFound("this model has no such version; list its versions first")
