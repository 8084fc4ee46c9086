"""Monitored model versions, read from their signed packages without their engines."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

from vigil.errors import ModelRefused, NotFound
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.prediction.packages.model import PackageDescription
from vigil.prediction.packages.ports import CHAMPION, PointerStore

DescribePackage: TypeAlias = Callable[[str, int], PackageDescription]
"""Function that returns the verified description of a model's version. The function raises ModelRefused or Unavailable.
"""
_MAX_CACHED = 32
"""Maximum versions in the memory of a process. A published version never changes."""


class PackagedModels:
    """Monitored models with their versions, which are the same for all tenants."""

    def __init__(self, describe: DescribePackage, pointers: PointerStore) -> None:
        self._describe = describe
        self._pointers = pointers
        self._cached = lru_cache(maxsize=_MAX_CACHED)(self._read)

    def champion(self, model: str) -> int:
        """Return the number of the version that decides now, the champion.

        Raises NotFound for a model that is unknown or has no champion, and Unavailable.
        """
        champion = self.aliases(model).get(CHAMPION)
        if champion is None:
            raise NotFound("There is no such model. GET /v1/models lists all.")
        return champion

    def aliases(self, model: str) -> Mapping[str, int]:
        """Return the version of each alias that is not withdrawn, such as `champion`. Raises Unavailable."""
        pointers = self._pointers.pointers(model)
        return {alias: pointer.version for alias, pointer in pointers.items() if pointer.share is not None}

    def version(self, model: str, version: int) -> MonitoredVersion:
        """Return a published version, also after its expiry.

        Raises NotFound if the package or a file of it is missing, and Unavailable. Raises ModelRefused for a package
        that fails verification: a file was altered, or its key is no longer pinned. The last 32 versions are cached.
        """
        return self._cached(model, version)

    def _read(self, model: str, version: int) -> MonitoredVersion:
        try:
            described = self._describe(model, version)
        except ModelRefused as error:
            if error.reason == "missing_file":
                raise NotFound("this model has no such version; list its versions first") from error
            raise
        contract = described.manifest.contract
        return MonitoredVersion(contract, described.reference, profile_layout(contract, described.reference))
