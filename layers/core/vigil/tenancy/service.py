"""Tenants, keys, and who is behind a credential."""

import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from vigil.errors import NotFound, Unauthenticated
from vigil.tenancy.model import ApiKey, Role, Tenant, Tier, Token
from vigil.tenancy.ports import AccessStore, Peppers


class Access:
    """Creates tenants and keys, and authenticates bearer tokens."""

    def __init__(self, store: AccessStore, peppers: Peppers, stage: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._peppers = peppers
        self._stage = stage
        self._clock = clock

    def authenticate(self, token_text: str) -> tuple[ApiKey, Tenant]:
        """Return the key and tenant behind a token.

        Raises Unauthenticated with one and the same message for every cause, and does the same work whether the
        key id exists or not.
        """
        token = Token.parse(token_text)
        if token is None or token.stage != self._stage:
            raise Unauthenticated("The credential is not valid.")
        current, peppers = self._peppers.peppers()
        key = self._store.key(token.key_id)
        digest = token.digest(peppers.get(key.pepper_version if key else current, b""))
        matches = hmac.compare_digest(digest, key.digest if key else "")
        tenant = self._store.tenant(key.tenant_id) if key and matches and not key.revoked_at else None
        if key is None or tenant is None or tenant.status != "active":
            raise Unauthenticated("The credential is not valid.")
        return key, tenant

    def tenant(self, tenant_id: str) -> Tenant:
        """Return a tenant; raise NotFound."""
        if (tenant := self._store.tenant(tenant_id)) is None:
            raise NotFound("There is no such tenant.")
        return tenant

    def tenant_ids(self) -> Iterator[str]:
        """Yield the ids of all tenants there ever were."""
        return self._store.tenant_ids()

    def create_tenant(self, tenant_id: str, tier: Tier) -> Tenant:
        """Create an active tenant; raise Conflict if the id is taken, ValueError if it is malformed."""
        tenant = Tenant(tenant_id, tier, "active", self._now())
        self._store.create_tenant(tenant)
        return tenant

    def create_key(self, tenant_id: str, role: Role = "member") -> Token:
        """Create a key for a tenant and return its token, which cannot be read again."""
        if self._store.tenant(tenant_id) is None:
            raise NotFound("There is no such tenant.")
        token = Token.new(self._stage)
        version, peppers = self._peppers.peppers()
        digest = token.digest(peppers[version])
        self._store.create_key(ApiKey(token.key_id, tenant_id, digest, version, self._now(), role=role))
        return token

    def revoke_key(self, key_id: str) -> None:
        """Revoke a key; it stops working within the authorizer's cache time, 60 s."""
        self._store.revoke_key(key_id, self._now())

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="seconds")
