"""Ports: key storage and the peppers that hash secrets."""

from collections.abc import Mapping
from typing import Protocol

from vigil.access.keys.model import ApiKey, KeyPage, KeyRecord


class KeyStore(Protocol):
    """The keys of all tenants."""

    def create(self, tenant_id: str, record: KeyRecord) -> None:
        """Store a new key; raise Conflict if its id is taken."""
        ...

    def find(self, key_id: str) -> KeyRecord | None:
        """Return a key, read consistently, or None: the one read that no tenant leads, for it is what tells of one."""
        ...

    def get(self, tenant_id: str, key_id: str) -> ApiKey | None:
        """Return a tenant's key, read consistently, or None."""
        ...

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> KeyPage:
        """Return a page of a tenant's keys, oldest first."""
        ...

    def rotate(self, tenant_id: str, old: ApiKey, new: KeyRecord) -> bool:
        """Store the new key and give the old one its successor and its end, both or neither.

        Returns False, and changes nothing, if the old one has been revoked or rotated meanwhile.
        """
        ...

    def revoke(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Mark a tenant's key revoked, the first time only; return False if the tenant has no such key."""
        ...

    def record_use(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Note when a key was used; return False, and write nothing, if it is revoked or gone."""
        ...


class Peppers(Protocol):
    """The secrets under which keys are hashed, by version."""

    def peppers(self) -> tuple[str, Mapping[str, bytes]]:
        """Return the version that new keys use, and all versions that old keys may still use."""
        ...
