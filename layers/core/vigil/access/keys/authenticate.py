"""Who is behind a credential."""

import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from vigil.access.keys.model import ApiKey, Token
from vigil.access.keys.ports import KeyStore, Peppers
from vigil.access.keys.ttl_cache import Recent
from vigil.access.tenants.model import Tenant
from vigil.access.tenants.ports import TenantStore
from vigil.errors import TenantSuspended, Unauthenticated, Unavailable

RECENT = timedelta(seconds=30)
"""Default lifetime of a cached record. API Gateway caches answers for the same time, which makes the promised 60 s."""
BETWEEN_TOUCHES = timedelta(minutes=5)


class Access:
    """Authenticates the holders of keys, and notes that they came."""

    def __init__(
        self,
        tenants: TenantStore,
        keys: KeyStore,
        peppers: Peppers,
        stage: str,
        clock: Callable[[], datetime],
        cache_lifetime: timedelta = RECENT,
    ) -> None:
        self._tenants = tenants
        self._keys = keys
        self._peppers = peppers
        self._stage = stage
        self._clock = clock
        self._recent_tenants: Recent[Tenant] = Recent(cache_lifetime, clock)
        self._recent_keys: Recent[ApiKey] = Recent(cache_lifetime, clock)
        self._touched: Recent[bool] = Recent(BETWEEN_TOUCHES, clock)

    def authenticate(self, token_text: str) -> tuple[ApiKey, Tenant]:
        """Return the key and tenant behind a token.

        Raises Unauthenticated with one and the same message for every cause, TenantSuspended for a good key of a
        suspended tenant. A wrong secret costs the same calls whether the key id exists or not: what is remembered is
        found by the whole token only.
        """
        token = Token.parse(token_text)
        if token is None or token.stage != self._stage:
            raise _refusal()
        whole = hashlib.sha256(token_text.encode()).digest()
        key = self._recent_keys.get(whole)
        if key is None:
            key = self._verified(token)
            self._recent_keys.put(whole, key)
        return key, self._tenant_of(key)

    def holder(self, key_id: str) -> tuple[ApiKey, Tenant]:
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

    def touch(self, key: ApiKey) -> None:
        """Note that a key was used, unless that was noted in the last five minutes; failing to is no failure."""
        now = self._clock().astimezone(UTC)
        noted = key.last_used_at and now - datetime.fromisoformat(key.last_used_at) < BETWEEN_TOUCHES
        if noted or self._touched.get(key.key_id):
            return
        self._touched.put(key.key_id, True)
        with suppress(Unavailable):
            if not self._keys.touch(key.tenant_id, key.key_id, now.isoformat(timespec="seconds")):
                self.forget()

    def forget(self) -> None:
        """Read everything anew from here on, as after the news that a key is no longer what was remembered."""
        self._recent_keys.forget()
        self._recent_tenants.forget()

    def _verified(self, token: Token) -> ApiKey:
        current, peppers = self._peppers.peppers()
        record = self._keys.find(token.key_id)
        digest = token.digest(peppers.get(record.pepper_version if record else current, b""))
        if not hmac.compare_digest(digest, record.digest if record else "") or record is None:
            raise _refusal()
        return record.key

    def _tenant_of(self, key: ApiKey) -> Tenant:
        if not key.lives(self._clock()):
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
