"""Life cycle of API keys: create, rotate with an overlap, and revoke."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from vigil.access.keys.model import DEFAULT_LIFETIME, MAX_ACTIVE_KEYS, ApiKey, Grantor, KeyPage, KeyRecord, Rights
from vigil.access.keys.ports import KeyStore, Peppers
from vigil.access.keys.token import KeyToken
from vigil.access.tenants.model import MAX_KEY_DAYS, MAX_OVERLAP_HOURS, Tenant
from vigil.access.tenants.ports import TenantStore
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.tenants import Permission, Role
from vigil.kernel.time import format_timestamp

_MIN_LIFETIME = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key with its token, which is stored nowhere."""

    key: ApiKey
    token: KeyToken


class ApiKeys:
    """The keys of all tenants.

    `by` is the key of the caller, or a role for the command line with all permissions of that role. A key never gets
    more rights than its creator.
    """

    def __init__(
        self, tenants: TenantStore, keys: KeyStore, peppers: Peppers, stage: str, clock: Callable[[], datetime]
    ) -> None:
        self._tenants = tenants
        self._keys = keys
        self._peppers = peppers
        self._stage = stage
        self._clock = clock

    def create(
        self,
        tenant_id: str,
        role: Role = "member",
        label: str = "",
        ends: datetime | None = None,
        *,
        permissions: frozenset[Permission] | None = None,
        by: Role | Grantor,
    ) -> NewKey:
        """Create a key for a tenant, with all permissions of its role or only those of a list.

        Without `ends`, the key expires after DEFAULT_LIFETIME, or after the tenant's maximum if that is shorter.

        Raises NotFound for an unknown tenant, Conflict for a tenant that is leaving or has the maximum number of keys,
        Forbidden for more rights than the caller's, and InvalidInput for permissions outside of the role, and for an
        expiry in the past or later than the tenant allows.
        """
        tenant, caller, rights = self._tenant(tenant_id), _grantor(by), Rights(role, permissions)
        rights.check()
        caller.rights.check_grant(rights)
        self._check_key_count(tenant_id, caller.rights)
        new = self._new_key(tenant, rights, label, ends, self._clock().astimezone(UTC), caller.origins)
        self._keys.create(tenant_id, new[0])
        return NewKey(new[0].key, new[1])

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> KeyPage:
        """Return a page of a tenant's keys, oldest first, including inactive ones; raise NotFound."""
        self._tenant(tenant_id, leaving=True)
        return self._keys.page(tenant_id, after, limit)

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """Return a tenant's key; raise the same NotFound for an unknown key and for another tenant's key."""
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
        by: Role | Grantor,
    ) -> NewKey:
        """Create the successor of a key, with the same rights. The old key stays valid for `overlap`.

        The default of `overlap` is the tenant's setting. Without `ends`, the new key gets the lifetime of the old one,
        at most the tenant's maximum. Raises as `create`, NotFound for a key of another tenant, and Conflict for a key
        that is inactive or already rotated.
        """
        tenant, caller = self._tenant(tenant_id), _grantor(by)
        old = self.get(tenant_id, key_id)
        caller.rights.check_grant(old.rights)
        now = self._clock().astimezone(UTC)
        if not old.is_active(now) or old.replaced_by:
            raise Conflict("The key is revoked, expired or already rotated. Create a new key.")
        self._check_key_count(tenant_id, caller.rights)
        overlap_time = timedelta(hours=tenant.settings.overlap_hours) if overlap is None else overlap
        if not timedelta() <= overlap_time <= timedelta(hours=MAX_OVERLAP_HOURS):
            raise InvalidInput(FieldError("overlap_hours", "is out of range", f"0 to {MAX_OVERLAP_HOURS}"))
        if ends is None and old.expires_at:
            lifetime = datetime.fromisoformat(old.expires_at) - datetime.fromisoformat(old.created_at)
            ends = now + min(lifetime, timedelta(days=tenant.settings.max_key_days or MAX_KEY_DAYS))
        record, token = self._new_key(tenant, old.rights, old.label, ends, now, old.origins | caller.origins)
        end = min(filter(None, (old.expires_at, format_timestamp(now + overlap_time))))
        if not self._keys.rotate(tenant_id, replace(old, expires_at=end, replaced_by=token.key_id), record):
            raise Conflict("The key was revoked or rotated by another request at the same time. Fetch it again.")
        return NewKey(record.key, token)

    def revoke(self, tenant_id: str, key_id: str, *, by: Role | Grantor) -> None:
        """Revoke a tenant's key within 60 s; a second call has no effect.

        Raises NotFound for a key of another tenant, and Forbidden for a key with more rights than the caller's.
        """
        _grantor(by).rights.check_grant(self.get(tenant_id, key_id).rights)
        if not self._keys.revoke(tenant_id, key_id, format_timestamp(self._clock())):
            raise NotFound(_NO_KEY)

    def _check_key_count(self, tenant_id: str, caller: Rights) -> None:
        """Raise Conflict if a tenant has the maximum of active keys. Concurrent calls may exceed it slightly."""
        if caller.role == "operator":
            return
        active, now, after = 0, self._clock(), None
        while True:
            page = self._keys.page(tenant_id, after, 1_000)
            active += sum(key.is_active(now) for key in page.keys)
            if active >= MAX_ACTIVE_KEYS:
                raise Conflict(f"The tenant has {MAX_ACTIVE_KEYS} active keys, which is the maximum; revoke one.")
            if (after := page.next) is None:
                return

    def _tenant(self, tenant_id: str, *, leaving: bool = False) -> Tenant:
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            raise NotFound("There is no such tenant. Operators list all by GET /v1/tenants.")
        if not leaving and tenant.status in {"offboarding", "closed"}:
            raise Conflict(f"A tenant with status {tenant.status} cannot get keys. Create a new tenant.")
        return tenant

    def _new_key(
        self,
        tenant: Tenant,
        rights: Rights,
        label: str,
        ends: datetime | None,
        now: datetime,
        origins: frozenset[str],
    ) -> tuple[KeyRecord, KeyToken]:
        """Return a key with its token. Without `origins`, the key is its own origin."""
        longest = timedelta(days=tenant.settings.max_key_days or MAX_KEY_DAYS)
        if ends is None:
            ends = now + min(DEFAULT_LIFETIME, longest)
        if not now + _MIN_LIFETIME <= ends <= now + longest:
            bound = f"1 minute to {longest.days} days from now"
            raise InvalidInput(FieldError("expires_at", "is out of range", bound))
        token = KeyToken.new(self._stage)
        version, peppers = self._peppers.peppers()
        key = ApiKey(
            token.key_id,
            tenant.tenant_id,
            rights.role,
            format_timestamp(now),
            label,
            format_timestamp(ends),
            permissions=rights.permissions,
            origins=origins or frozenset({token.key_id}),
        )
        return KeyRecord(key, token.digest(peppers[version]), version), token


def _grantor(by: Role | Grantor) -> Grantor:
    """Return the key of a caller; a role alone stands for the command line, which has no origins."""
    return by if isinstance(by, Grantor) else Grantor(Rights(by), frozenset())


_NO_KEY = "There is no API key with this id. GET /v1/tenants/{tenant_id}/keys lists all."
