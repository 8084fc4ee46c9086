"""Tenants: created, configured, suspended, resumed, and on their way out."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from vigil.access.tenants.model import Status, Tenant, TenantPage, TenantSettings
from vigil.access.tenants.ports import TenantStore
from vigil.errors import Conflict, NotFound, PreconditionFailed
from vigil.kernel.money import HardStop
from vigil.kernel.tenants import Tier
from vigil.runtime.retries import TryAgain, retry

_TRIES = 5
_LEAVING: Collection[Status] = ("offboarding", "closed")
_STAYING = ("active", "suspended")
"""Of the others everything is, or is being, erased: nothing may be written for them."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different of a tenant. None and absent names stay; a limit of None is the tier's again."""

    tier: Tier | None = None
    status: Status | None = None
    limits: Mapping[str, int | None] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def of(self, tenant: Tenant) -> Tenant:
        """Return the tenant changed; raise Conflict for a state that it cannot take, InvalidInput for a bound."""
        overrides = {name: limit for name, limit in ({**tenant.overrides, **self.limits}).items() if limit is not None}
        settings = TenantSettings(**{**asdict(tenant.settings), **self.settings})
        changed = replace(tenant, tier=self.tier or tenant.tier, overrides=overrides, settings=settings)
        return changed.become(self.status or tenant.status)


class Tenants:
    """Tenants and their life cycle. Who may ask for what is for the routes to say."""

    def __init__(self, store: TenantStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def create(self, tenant_id: str, tier: Tier, change: Change | None = None) -> Tenant:
        """Create an active tenant; raise Conflict if the id is or was taken, InvalidInput if it is malformed."""
        now = self._now()
        tenant = (change or Change()).of(Tenant(tenant_id, tier, "active", now, now))
        self._store.create(tenant)
        return tenant

    def get(self, tenant_id: str) -> Tenant:
        """Return a tenant; raise NotFound for an unknown one."""
        if (tenant := self._store.get(tenant_id)) is None:
            raise NotFound("There is no such tenant.")
        return tenant

    def page(self, after: dict[str, str] | None, limit: int) -> TenantPage:
        """Return a page of all tenants by id."""
        return self._store.page(after, limit)

    def ids(self, after: str = "") -> Iterator[str]:
        """Yield the ids of the tenants whose data stays, in order, for jobs that concern each of them."""
        place = {"tenant_id": after} if after else None
        while True:
            page = self._store.page(place, 100)
            yield from (tenant.tenant_id for tenant in page.tenants if tenant.status in _STAYING)
            if (place := page.next) is None:
                return

    def change(self, tenant_id: str, change: Change, version: int | None = None) -> Tenant:
        """Change a tenant, whole or not at all, and return it; a change that changes nothing makes no version.

        Raises NotFound, PreconditionFailed where it is not of the version that the caller has read, Conflict for a
        state that it cannot take, InvalidInput for a bound.
        """
        if change.status == "closed":
            raise Conflict("A tenant is closed by the end of its offboarding, when everything is erased.")
        return self._change(tenant_id, change.of, version)

    def stop(self, tenant_id: str, hard_stop: HardStop | None) -> None:
        """Say what a tenant's predictions may cost, unless it leaves and makes none; raises NotFound."""

        def stopped(tenant: Tenant) -> Tenant:
            return tenant if tenant.status in _LEAVING else replace(tenant, hard_stop=hard_stop)

        self._change(tenant_id, stopped, None)

    def _change(self, tenant_id: str, change: Callable[[Tenant], Tenant], version: int | None) -> Tenant:
        def attempt() -> Tenant:
            old = self.get(tenant_id)
            if version is not None and old.version != version:
                raise PreconditionFailed("The tenant is of another version by now.")
            new = change(old)
            if new == old:
                return old
            if old.status in _LEAVING:
                raise Conflict(f"A tenant that is {old.status} is not changed any more.")
            new = replace(new, version=old.version + 1, changed_at=self._now())
            if self._store.replace(old, new):
                return new
            raise TryAgain

        error = Conflict("The tenant is being changed by others; try again.")
        return retry(attempt, attempts=_TRIES, error=error)

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="seconds")
