"""Conversion of a tenant: every unkeyed digest becomes a keyed one, before requests may use the tenant's key."""

from collections.abc import Mapping
from typing import Protocol

from vigil.kernel.pseudonyms import TenantKey


class ConvertingKeys(Protocol):
    """Keys of tenants, which requests cannot use during a conversion."""

    def begin_conversion(self, tenant_id: str) -> TenantKey | None:
        """Return the key of a tenant with older rows, a new one if it has none; None if its rows are converted."""
        ...

    def end_conversion(self, tenant_id: str) -> None:
        """Allow requests to use the key of a tenant."""
        ...


class ConvertibleStore(Protocol):
    """A store with older rows."""

    def convert(self, key: TenantKey) -> int:
        """Convert the tenant's older rows and return their number. Safe to repeat."""
        ...


class Conversion:
    """Converts the rows of tenants that are older than keyed digests."""

    def __init__(self, keys: ConvertingKeys, stores: Mapping[str, ConvertibleStore]) -> None:
        self._keys = keys
        self._stores = stores

    def run(self, tenant_id: str) -> dict[str, int]:
        """Convert a tenant and return the number of converted rows by store; all are 0 for a converted tenant.

        A pass without finds ends the conversion, because an index may list a row late. An interrupted run is repeated.
        """
        counts = dict.fromkeys(self._stores, 0)
        if (key := self._keys.begin_conversion(tenant_id)) is None:
            return counts
        while sum(self._pass(name, key, counts) for name in self._stores):
            continue
        self._keys.end_conversion(tenant_id)
        return counts

    def _pass(self, name: str, key: TenantKey, counts: dict[str, int]) -> int:
        count = self._stores[name].convert(key)
        counts[name] += count
        return count
