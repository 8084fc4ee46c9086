"""What tenancy needs from outside: somewhere tenants and keys live, and the peppers."""

from typing import Protocol

from vigil.access.tenants.model import Tenant, TenantPage


class TenantStore(Protocol):
    """All tenants."""

    def create(self, tenant: Tenant) -> None:
        """Store a new tenant; raise Conflict if the id is taken, be it by one that is closed."""
        ...

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, read consistently, or None."""
        ...

    def replace(self, old: Tenant, new: Tenant) -> bool:
        """Replace a tenant that is still of the old version, and say whether it was.

        One that begins to offboard is put on the list of erasures in the same step.
        """
        ...

    def page(self, after: dict[str, str] | None, limit: int) -> TenantPage:
        """Return a page of tenants by id, from behind any `tenant_id`, or the first."""
        ...
