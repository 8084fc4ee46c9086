"""What tenancy needs from outside: somewhere tenants and keys live, and the peppers."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from vigil.tenancy.model import ApiKey, Tenant


class AccessStore(Protocol):
    """Tenants and API keys."""

    def create_tenant(self, tenant: Tenant) -> None:
        """Store a new tenant; raise Conflict if the id is taken."""
        ...

    def tenant(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, or None."""
        ...

    def tenant_ids(self) -> Iterator[str]:
        """Yield the ids of all tenants."""
        ...

    def create_key(self, key: ApiKey) -> None:
        """Store a new key."""
        ...

    def key(self, key_id: str) -> ApiKey | None:
        """Return a key, or None."""
        ...

    def revoke_key(self, key_id: str, at: str) -> None:
        """Mark a key revoked, the first time only; raise NotFound for an unknown one."""
        ...


class Peppers(Protocol):
    """The secrets under which keys are hashed, by version."""

    def peppers(self) -> tuple[str, Mapping[str, bytes]]:
        """Return the version that new keys use, and all versions that old keys may still use."""
        ...
