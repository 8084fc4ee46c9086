"""What sessions need from outside: who is behind a key, an issuer of access tokens, and somewhere to live."""

from typing import Protocol

from vigil.access.keys.model import ApiKey
from vigil.access.tenants.model import Tenant
from vigil.access.tokens.oauth_model import Session
from vigil.access.tokens.signing_keys_model import TokenClaims


class KeyHolders(Protocol):
    """Who is behind an API key.

    Both raise Unauthenticated for a key that is not, or no longer, good, and TenantSuspended for a suspended tenant's.
    """

    def authenticate(self, token_text: str) -> tuple[ApiKey, Tenant]:
        """Return the key and tenant behind the text of a key."""
        ...

    def find_holder(self, key_id: str) -> tuple[ApiKey, Tenant]:
        """Return a living key and its active tenant by the key's id."""
        ...


class TokenSigner(Protocol):
    """The issuer of access tokens."""

    def sign(self, claims: TokenClaims) -> str:
        """Return the token; raise Unavailable while there is no key that may sign."""
        ...


class RequestCounter(Protocol):
    """The limits of keys, against which whatever is done for one counts."""

    def __call__(self, key: ApiKey, tenant: Tenant) -> object:
        """Count a request; raise RateLimited when the key has none left."""
        ...


class SessionStore(Protocol):
    """Sessions by tenant and id."""

    def start(self, tenant_id: str, session: Session) -> None:
        """Store a new session; raise Conflict on the one in 2**64 chance that its id is taken."""
        ...

    def get(self, tenant_id: str, session_id: str) -> Session | None:
        """Return a session, read consistently, or None."""
        ...

    def advance(self, tenant_id: str, session_id: str, used: str, new: str) -> bool:
        """Replace the digest `used` by `new`; return False if the session has ended or another digest is there."""
        ...

    def end(self, tenant_id: str, session_id: str, why: str) -> None:
        """End a session; the first reason stays, and a session that is not there is none to end."""
        ...
