"""Authentication of API keys, with a cache of 30 s."""

import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vigil.access.keys.failed_sign_ins import FailedSignIns
from vigil.access.keys.model import ApiKey
from vigil.access.keys.ports import KeyStore, Peppers
from vigil.access.keys.token import KeyToken
from vigil.access.tenants.model import Tenant
from vigil.access.tenants.ports import TenantStore
from vigil.errors import TenantSuspended, Unauthenticated, Unavailable
from vigil.kernel.time import format_timestamp
from vigil.runtime.last_known_cache import CacheObserver, CacheRules, LastKnownCache
from vigil.runtime.ttl_cache import TtlCache

CACHE_AGE = timedelta(seconds=30)
"""Default maximum age of cached keys and tenants. API Gateway caches for another 30 s, so changes take 60 s at most."""
USE_RECORD_INTERVAL = timedelta(minutes=5)
"""Minimum time between two stored uses of a key."""
VERIFIED_AGE = timedelta(hours=1)
"""Time in which a verified key is looked up again although its address has too many failed sign-ins."""
REJECTED_AGE = timedelta(seconds=30)
"""Time in which a wrong key is refused again without a look-up."""


@dataclass(frozen=True, slots=True)
class Caching:
    """Observer and maximum age of cached keys and tenants."""

    observer: CacheObserver
    age: timedelta = CACHE_AGE


class Authenticator:
    """Authenticates API keys and records their last use."""

    def __init__(
        self,
        tenants: TenantStore,
        keys: KeyStore,
        peppers: Peppers,
        stage: str,
        clock: Callable[[], datetime],
        failures: FailedSignIns,
        caching: Caching,
    ) -> None:
        self._tenants = tenants
        self._keys = keys
        self._peppers = peppers
        self._stage = stage
        self._clock = clock
        self._failures = failures
        # Without `stale_for`: a revoked key and a suspended tenant end with the cache age, although the store is away.
        rules, observer = CacheRules(caching.age), caching.observer
        self._recent_tenants: LastKnownCache[str, Tenant | None] = LastKnownCache(
            "tenants", rules, clock, observer, is_kept=lambda tenant: tenant is not None
        )
        self._recent_keys: LastKnownCache[str | bytes, ApiKey] = LastKnownCache("keys", rules, clock, observer)
        self._verified: TtlCache[bytes, bool] = TtlCache(VERIFIED_AGE, clock)
        self._rejected: TtlCache[bytes, bool] = TtlCache(REJECTED_AGE, clock)
        self._recorded_uses: TtlCache[str, bool] = TtlCache(USE_RECORD_INTERVAL, clock)

    def authenticate(self, token_text: str, address: str | None = None) -> tuple[ApiKey, Tenant]:
        """Return the key and tenant of a token that was sent from an address.

        Raises Unauthenticated with the same message for every cause, TenantSuspended for a valid key of a suspended
        tenant, and SignInsRefused for an unknown token of an address with too many failures. A malformed token and a
        wrong checksum cost no call. A wrong secret costs the same calls for known and unknown key ids: the caches use
        the whole token.
        """
        token = KeyToken.parse(token_text)
        if token is None or token.stage != self._stage:
            raise _invalid_credential()
        token_digest = hashlib.sha256(token_text.encode()).digest()
        key = self._recent_keys.get(token_digest, lambda: self._look_up(token, token_digest, address))
        return key, self._active_tenant(key)

    def find_holder(self, key_id: str) -> tuple[ApiKey, Tenant]:
        """Return an active key and its active tenant by key id, for a caller with another proof of identity.

        Raises as `authenticate`.
        """
        key = self._recent_keys.get(key_id, lambda: self._find(key_id))
        return key, self._active_tenant(key)

    def record_use(self, key: ApiKey) -> None:
        """Store the time of a key's use, at most once in five minutes; an unavailable store is ignored."""
        now = self._clock().astimezone(UTC)
        recorded = key.last_used_at and now - datetime.fromisoformat(key.last_used_at) < USE_RECORD_INTERVAL
        if recorded or self._recorded_uses.get(key.key_id):
            return
        self._recorded_uses.put(key.key_id, True)
        with suppress(Unavailable):
            if not self._keys.record_use(key.tenant_id, key.key_id, format_timestamp(now)):
                self.clear_cache()

    def clear_cache(self) -> None:
        """Remove all keys and tenants from the cache, for example after a cached key was found to be revoked."""
        self._recent_keys.clear()
        self._recent_tenants.clear()
        self._rejected.clear()

    def _look_up(self, token: KeyToken, token_digest: bytes, address: str | None) -> ApiKey:
        """Return the key of a token that is not cached; count a failure of the address."""
        if self._rejected.get(token_digest):
            raise _invalid_credential()
        if not self._verified.get(token_digest):
            self._failures.check(address)
        try:
            key = self._verify(token)
        except Unauthenticated:
            self._rejected.put(token_digest, True)
            self._verified.discard(token_digest)
            self._failures.record(address)
            raise
        self._verified.put(token_digest, True)
        return key

    def _verify(self, token: KeyToken) -> ApiKey:
        current, peppers = self._peppers.peppers()
        record = self._keys.find(token.key_id)
        digest = token.digest(peppers.get(record.pepper_version if record else current, b""))
        if not hmac.compare_digest(digest, record.digest if record else "") or record is None:
            raise _invalid_credential()
        return record.key

    def _find(self, key_id: str) -> ApiKey:
        if (record := self._keys.find(key_id)) is None:
            raise _invalid_credential()
        return record.key

    def _active_tenant(self, key: ApiKey) -> Tenant:
        if not key.is_active(self._clock()):
            raise _invalid_credential()
        tenant = self._recent_tenants.get(key.tenant_id, lambda: self._tenants.get(key.tenant_id))
        if tenant is None or tenant.status in {"offboarding", "closed"}:
            raise _invalid_credential()
        if tenant.status == "suspended":
            raise TenantSuspended("The tenant is suspended.")
        return tenant


def _invalid_credential() -> Unauthenticated:
    return Unauthenticated("The credential is not valid.")
