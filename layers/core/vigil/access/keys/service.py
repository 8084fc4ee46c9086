"""API keys: made, shown once, rotated with an overlap, revoked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from vigil.access.keys.model import MAX_ACTIVE_KEYS, ApiKey, KeyPage, KeyRecord, KeyToken, check_grant
from vigil.access.keys.ports import KeyStore, Peppers
from vigil.access.tenants.model import MAX_KEY_DAYS, MAX_OVERLAP_HOURS, Tenant
from vigil.access.tenants.ports import TenantStore
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.tenants import Role

_MIN_LIFETIME = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key, and its token, which is nowhere else."""

    key: ApiKey
    token: KeyToken


class ApiKeys:
    """The keys of all tenants. `by` is the role on whose behalf something is done: nobody makes more than they are."""

    def __init__(
        self, tenants: TenantStore, keys: KeyStore, peppers: Peppers, stage: str, clock: Callable[[], datetime]
    ) -> None:
        self._tenants = tenants
        self._keys = keys
        self._peppers = peppers
        self._stage = stage
        self._clock = clock

    def create(
        self, tenant_id: str, role: Role = "member", label: str = "", ends: datetime | None = None, *, by: Role
    ) -> NewKey:
        """Create a key for a tenant.

        Raises NotFound for an unknown tenant, Conflict for one that is leaving or has keys enough, Forbidden for a role
        that may do more than the caller's, InvalidInput for an end in the past or later than the tenant allows.
        """
        tenant = self._tenant(tenant_id)
        check_grant(by, role)
        self._check_key_count(tenant_id, by)
        new = self._new_key(tenant, role, label, ends)
        self._keys.create(tenant_id, new[0])
        return NewKey(new[0].key, new[1])

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> KeyPage:
        """Return a page of a tenant's keys, dead ones too, oldest first; raise NotFound for an unknown tenant."""
        self._tenant(tenant_id, leaving=True)
        return self._keys.page(tenant_id, after, limit)

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """Return a tenant's key; raise NotFound, alike for an unknown one and another tenant's."""
        if (key := self._keys.get(tenant_id, key_id)) is None:
            raise NotFound(_NO_KEY)
        return key

    def rotate(
        self,
        tenant_id: str,
        key_id: str,
        overlap: timedelta | None = None,
        ends: datetime | None = None,
        *,
        by: Role,
    ) -> NewKey:
        """Make a key that takes another's place; the old one works on for the overlap, the tenant's if none is given.

        The new key lives as long as the old one was to, from now on, or as long as the tenant allows by now, unless
        `ends` is given. Raises as `create`,
        NotFound for a key that is not the tenant's, Conflict for one that is dead or has been rotated already.
        """
        tenant = self._tenant(tenant_id)
        old = self.get(tenant_id, key_id)
        check_grant(by, old.role)
        now = self._clock().astimezone(UTC)
        if not old.is_active(now) or old.replaced_by:
            raise Conflict("The key is revoked, expired, or has been rotated already.")
        self._check_key_count(tenant_id, by)
        pause = timedelta(hours=tenant.settings.overlap_hours) if overlap is None else overlap
        if not timedelta() <= pause <= timedelta(hours=MAX_OVERLAP_HOURS):
            raise InvalidInput(FieldError("overlap_hours", "is out of range", f"0 to {MAX_OVERLAP_HOURS}"))
        if ends is None and old.expires_at:
            life = datetime.fromisoformat(old.expires_at) - datetime.fromisoformat(old.created_at)
            ends = now + min(life, timedelta(days=tenant.settings.max_key_days or MAX_KEY_DAYS))
        record, token = self._new_key(tenant, old.role, old.label, ends)
        end = min(filter(None, (old.expires_at, _timestamp(now + pause))))
        if not self._keys.rotate(tenant_id, replace(old, expires_at=end, replaced_by=token.key_id), record):
            raise Conflict("The key was revoked or rotated at this very moment.")
        return NewKey(record.key, token)

    def revoke(self, tenant_id: str, key_id: str, *, by: Role) -> None:
        """Revoke a key of a tenant, which a second time changes nothing; it stops working within 60 s.

        Raises NotFound for a key that is not the tenant's, Forbidden for one that may do more than the caller.
        """
        check_grant(by, self.get(tenant_id, key_id).role)
        if not self._keys.revoke(tenant_id, key_id, _timestamp(self._clock())):
            raise NotFound(_NO_KEY)

    def _check_key_count(self, tenant_id: str, by: Role) -> None:
        """Raise Conflict where a tenant has all the keys that it may make; some more, if it makes them at once."""
        if by == "operator":
            return
        living, now, after = 0, self._clock(), None
        while True:
            page = self._keys.page(tenant_id, after, 1_000)
            living += sum(key.is_active(now) for key in page.keys)
            if living >= MAX_ACTIVE_KEYS:
                raise Conflict(f"At most {MAX_ACTIVE_KEYS} keys of a tenant live at a time: revoke one.")
            if (after := page.next) is None:
                return

    def _tenant(self, tenant_id: str, *, leaving: bool = False) -> Tenant:
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            raise NotFound("There is no such tenant.")
        if not leaving and tenant.status in {"offboarding", "closed"}:
            raise Conflict(f"A tenant that is {tenant.status} gets no keys.")
        return tenant

    def _new_key(self, tenant: Tenant, role: Role, label: str, ends: datetime | None) -> tuple[KeyRecord, KeyToken]:
        now = self._clock().astimezone(UTC)
        most = tenant.settings.max_key_days
        latest = now + timedelta(days=most or MAX_KEY_DAYS)
        if ends is not None and not now + _MIN_LIFETIME <= ends <= latest:
            bound = f"a minute to {most or MAX_KEY_DAYS} days from now"
            raise InvalidInput(FieldError("expires_at", "is out of range", bound))
        if ends is None and most:
            ends = latest
        token = KeyToken.new(self._stage)
        version, peppers = self._peppers.peppers()
        key = ApiKey(token.key_id, tenant.tenant_id, role, _timestamp(now), label, _timestamp(ends) if ends else None)
        return KeyRecord(key, token.digest(peppers[version]), version), token


_NO_KEY = "There is no such key."


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
