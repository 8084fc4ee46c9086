"""Ports of API keys: storage, the peppers for hashing, and counts of failed sign-ins."""

from collections.abc import Mapping
from typing import Protocol

from vigil.access.keys.model import ApiKey, KeyPage, KeyRecord


class KeyStore(Protocol):
    """Stores the API keys of all tenants."""

    def create(self, tenant_id: str, record: KeyRecord) -> None:
        """Store a new key; raise Conflict if its id is taken."""
        ...

    def find(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id alone, read consistently, or None.

        Authentication uses it before the tenant is known.
        """
        ...

    def get(self, tenant_id: str, key_id: str) -> ApiKey | None:
        """Return a tenant's key, read consistently, or None."""
        ...

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> KeyPage:
        """Return a page of a tenant's keys, oldest first."""
        ...

    def rotate(self, tenant_id: str, old: ApiKey, new: KeyRecord) -> bool:
        """Store the new key and the changes of the old one (`replaced_by`, `expires_at`) in one transaction.

        Returns False without writing if the old key was revoked or rotated in the meantime.
        """
        ...

    def revoke(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Mark a tenant's key as revoked; a second call has no effect. Return False if the tenant has no such key."""
        ...

    def record_use(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Store the time of a key's last use; return False without writing if the key is revoked or unknown."""
        ...


class Peppers(Protocol):
    """Secrets for hashing keys, by version."""

    def peppers(self) -> tuple[str, Mapping[str, bytes]]:
        """Return the version for new keys, and all versions that existing keys may use."""
        ...


class FailureCounters(Protocol):
    """Counts of failed sign-ins by source, a keyed hash of an address."""

    def add(self, source: str, start: int, end: int) -> int:
        """Count a failure of a source in the window from `start` to `end` (epoch seconds). Return its failures there.

        Raises Unavailable.
        """
        ...
