"""Port of tenants: their storage."""

from typing import Protocol

from vigil.access.tenants.model import Tenant, TenantPage


class TenantStore(Protocol):
    """Stored records of all tenants."""

    def create(self, tenant: Tenant) -> None:
        """Store a new tenant and its key for pseudonyms.

        Raises Conflict if the id is taken, also by a closed tenant.
        """
        ...

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, read consistently, or None."""
        ...

    def replace(self, old: Tenant, new: Tenant) -> bool:
        """Replace a tenant; return False if its version in the store is not the old one.

        A tenant that starts offboarding is added to the list of erasures in the same transaction.
        """
        ...

    def page(self, after: dict[str, str] | None, limit: int) -> TenantPage:
        """Return a page of tenants sorted by id, after a `tenant_id` or from the start."""
        ...
