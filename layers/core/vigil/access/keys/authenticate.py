"""Who is behind a credential."""

import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from vigil.access.keys.model import ApiKey, KeyToken
from vigil.access.keys.ports import KeyStore, Peppers
from vigil.access.keys.ttl_cache import Recent
from vigil.access.tenants.model import Tenant
from vigil.access.tenants.ports import TenantStore
from vigil.errors import TenantSuspended, Unauthenticated, Unavailable

CACHE_AGE = timedelta(seconds=30)
"""How long a record is good without being read again; with API Gateway's 30 s it makes the promised 60 s."""
USE_RECORD_INTERVAL = timedelta(minutes=5)


class Authenticator:
    """Authenticates the holders of keys, and notes that they came."""

    def __init__(
        self, tenants: TenantStore, keys: KeyStore, peppers: Peppers, stage: str, clock: Callable[[], datetime]
    ) -> None:
        self._tenants = tenants
        self._keys = keys
        self._peppers = peppers
        self._stage = stage
        self._clock = clock
        self._recent_tenants: Recent[Tenant] = Recent(CACHE_AGE, clock)
        self._recent_keys: Recent[ApiKey] = Recent(CACHE_AGE, clock)
        self._recorded_uses: Recent[bool] = Recent(USE_RECORD_INTERVAL, clock)

    def authenticate(self, token_text: str) -> tuple[ApiKey, Tenant]:
        """Return the key and tenant behind a token.

        Raises Unauthenticated with one and the same message for every cause, TenantSuspended for a good key of a
        suspended tenant. A wrong secret costs the same calls whether the key id exists or not: what is remembered is
        found by the whole token only.
        """
        token = KeyToken.parse(token_text)
        if token is None or token.stage != self._stage:
            raise _refusal()
        whole = hashlib.sha256(token_text.encode()).digest()
        key = self._recent_keys.get(whole)
        if key is None:
            key = self._verified(token)
            self._recent_keys.put(whole, key)
        return key, self._tenant_of(key)

    def find_holder(self, key_id: str) -> tuple[ApiKey, Tenant]:
        """Return a living key and its active tenant by the key's id, for who has proved to act for it otherwise.

        Raises as `authenticate`.
        """
        key = self._recent_keys.get(key_id)
        if key is None:
            record = self._keys.find(key_id)
            if record is None:
                raise _refusal()
            key = record.key
            self._recent_keys.put(key_id, key)
        return key, self._tenant_of(key)

    def record_use(self, key: ApiKey) -> None:
        """Note that a key was used, unless that was noted in the last five minutes; failing to is no failure."""
        now = self._clock().astimezone(UTC)
        noted = key.last_used_at and now - datetime.fromisoformat(key.last_used_at) < USE_RECORD_INTERVAL
        if noted or self._recorded_uses.get(key.key_id):
            return
        self._recorded_uses.put(key.key_id, True)
        with suppress(Unavailable):
            if not self._keys.record_use(key.tenant_id, key.key_id, now.isoformat(timespec="seconds")):
                self.clear_cache()

    def clear_cache(self) -> None:
        """Read everything anew from here on, as after the news that a key is no longer what was remembered."""
        self._recent_keys.forget()
        self._recent_tenants.forget()

    def _verified(self, token: KeyToken) -> ApiKey:
        current, peppers = self._peppers.peppers()
        record = self._keys.find(token.key_id)
        digest = token.digest(peppers.get(record.pepper_version if record else current, b""))
        if not hmac.compare_digest(digest, record.digest if record else "") or record is None:
            raise _refusal()
        return record.key

    def _tenant_of(self, key: ApiKey) -> Tenant:
        if not key.is_active(self._clock()):
            raise _refusal()
        tenant = self._recent_tenants.get(key.tenant_id)
        if tenant is None and (tenant := self._tenants.get(key.tenant_id)) is not None:
            self._recent_tenants.put(key.tenant_id, tenant)
        if tenant is None or tenant.status in {"offboarding", "closed"}:
            raise _refusal()
        if tenant.status == "suspended":
            raise TenantSuspended("The tenant is suspended.")
        return tenant


def _refusal() -> Unauthenticated:
    return Unauthenticated("The credential is not valid.")
