"""Life cycle of tenants: create, configure, suspend, resume and offboard."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from vigil.access.tenants.model import Tenant, TenantPage, TenantSettings, TenantStatus
from vigil.access.tenants.ports import TenantStore
from vigil.errors import Conflict, NotFound, PreconditionFailed
from vigil.kernel.money import SpendLimit
from vigil.kernel.tenants import Tier
from vigil.kernel.time import format_timestamp
from vigil.runtime.retries import TryAgain, retry

_MAX_ATTEMPTS = 5
_LEAVING_STATUSES: Collection[TenantStatus] = ("offboarding", "closed")
_SERVED_STATUSES = ("active", "suspended")
"""Statuses of tenants with data. The data of all others is erased or being erased, so jobs must not write for them."""


@dataclass(frozen=True, slots=True)
class TenantChange:
    """Fields of a tenant to change.

    None and absent names leave a field unchanged; a limit of None restores the tier's.
    """

    tier: Tier | None = None
    status: TenantStatus | None = None
    limits: Mapping[str, int | None] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, tenant: Tenant) -> Tenant:
        """Return the changed tenant; raise Conflict for a forbidden status, InvalidInput for a value out of range."""
        overrides = {name: limit for name, limit in ({**tenant.overrides, **self.limits}).items() if limit is not None}
        settings = TenantSettings(**{**asdict(tenant.settings), **self.settings})
        changed = replace(tenant, tier=self.tier or tenant.tier, overrides=overrides, settings=settings)
        return changed.with_status(self.status or tenant.status)


class Tenants:
    """Tenants and their life cycle. The routes check the permissions."""

    def __init__(self, store: TenantStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def create(self, tenant_id: str, tier: Tier, change: TenantChange | None = None) -> Tenant:
        """Create an active tenant; raise Conflict if the id is or was in use, InvalidInput if it is malformed."""
        now = self._now()
        tenant = (change or TenantChange()).apply(Tenant(tenant_id, tier, "active", now, now))
        self._store.create(tenant)
        return tenant

    def get(self, tenant_id: str) -> Tenant:
        """Return a tenant; raise NotFound for an unknown id."""
        if (tenant := self._store.get(tenant_id)) is None:
            raise NotFound("There is no such tenant. Operators list all by GET /v1/tenants.")
        return tenant

    def is_active(self, tenant_id: str) -> bool:
        """Return True if a tenant is active, read consistently; False for an unknown one."""
        tenant = self._store.get(tenant_id)
        return tenant is not None and tenant.status == "active"

    def page(self, after: dict[str, str] | None, limit: int) -> TenantPage:
        """Return a page of all tenants sorted by id."""
        return self._store.page(after, limit)

    def ids(self, after: str = "") -> Iterator[str]:
        """Yield the ids of active and suspended tenants in order, for jobs that process every tenant."""
        position = {"tenant_id": after} if after else None
        while True:
            page = self._store.page(position, 100)
            yield from (tenant.tenant_id for tenant in page.tenants if tenant.status in _SERVED_STATUSES)
            if (position := page.next) is None:
                return

    def change(self, tenant_id: str, change: TenantChange, version: int | None = None) -> Tenant:
        """Apply all changes or none, and return the tenant; a change without effect creates no version.

        Raises NotFound, PreconditionFailed if the tenant has another version than expected, Conflict for a forbidden
        status change, and InvalidInput for a value out of range.
        """
        if change.status == "closed":
            raise Conflict("The status closed cannot be set: it follows the end of the offboarding. Set offboarding.")
        return self._change(tenant_id, change.apply, version)

    def set_spend_limit(self, tenant_id: str, hard_stop: SpendLimit | None) -> None:
        """Store the spend limit of a tenant; None removes it. Has no effect for an offboarding or closed tenant.

        Raises NotFound for an unknown id.
        """

        def with_hard_stop(tenant: Tenant) -> Tenant:
            return tenant if tenant.status in _LEAVING_STATUSES else replace(tenant, hard_stop=hard_stop)

        self._change(tenant_id, with_hard_stop, None)

    def _change(self, tenant_id: str, change: Callable[[Tenant], Tenant], version: int | None) -> Tenant:
        def attempt() -> Tenant:
            old = self.get(tenant_id)
            if version is not None and old.version != version:
                raise PreconditionFailed("The tenant has changed since it was read; fetch it again, then repeat.")
            new = change(old)
            if new == old:
                return old
            if old.status in _LEAVING_STATUSES:
                raise Conflict(f"A tenant with status {old.status} cannot be changed. Create a new tenant.")
            new = replace(new, version=old.version + 1, changed_at=self._now())
            if self._store.replace(old, new):
                return new
            raise TryAgain

        error = Conflict("The tenant is being changed by other requests; try again.")
        return retry(attempt, attempts=_MAX_ATTEMPTS, error=error)

    def _now(self) -> str:
        return format_timestamp(self._clock())
