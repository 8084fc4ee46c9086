"""Ports of sessions: key authentication, token signing, rate limits and session storage."""

from typing import Protocol

from vigil.access.keys.model import ApiKey
from vigil.access.tenants.model import Tenant
from vigil.access.tokens.oauth_model import Session
from vigil.access.tokens.signing_keys_model import TokenClaims


class KeyHolders(Protocol):
    """Lookup of the key and tenant of a credential.

    Both methods raise Unauthenticated for an invalid or inactive key, and TenantSuspended for a key of a suspended
    tenant.
    """

    def authenticate(self, token_text: str, address: str | None = None) -> tuple[ApiKey, Tenant]:
        """Return the key and tenant of an API key's text.

        Raises SignInsRefused if its address has too many failed sign-ins.
        """
        ...

    def find_holder(self, key_id: str) -> tuple[ApiKey, Tenant]:
        """Return an active key and its active tenant by the id of the key."""
        ...


class TokenSigner(Protocol):
    """Signing of access tokens."""

    def sign(self, claims: TokenClaims) -> str:
        """Return the token; raise Unavailable if there is no key that may sign."""
        ...


class TokenUses(Protocol):
    """Rate limits of API keys, and reports of tokens that were used twice."""

    def count_request(self, key: ApiKey, tenant: Tenant) -> object:
        """Count a request; raise RateLimited if the key has reached a limit."""
        ...

    def report_reuse(self, session: Session) -> None:
        """Report a session that ended because its refresh token was used twice. It does not raise."""
        ...


class SessionStore(Protocol):
    """Sessions by tenant and id."""

    def start(self, tenant_id: str, session: Session) -> None:
        """Store a new session; raise Conflict if its id is taken (a chance of one in 2**64)."""
        ...

    def get(self, tenant_id: str, session_id: str) -> Session | None:
        """Return a session, read consistently, or None."""
        ...

    def advance(self, tenant_id: str, session_id: str, used: str, new: str) -> bool:
        """Replace the digest `used` by `new`; return False if the session has ended or has another digest."""
        ...

    def end(self, tenant_id: str, session_id: str, why: str) -> None:
        """End a session. The first reason remains; an unknown session is ignored."""
        ...
