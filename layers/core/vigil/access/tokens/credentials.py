"""Authentication of a bearer credential: an API key or an access token."""

from vigil.access.keys.authenticate import Authenticator
from vigil.access.keys.model import ApiKey
from vigil.access.keys.token import KeyToken
from vigil.access.tenants.model import Tenant
from vigil.access.tokens.signing_keys_ports import TokenVerifier
from vigil.errors import Unauthenticated


class CredentialAuthenticator:
    """Authenticates API keys and access tokens."""

    def __init__(self, authenticator: Authenticator, tokens: TokenVerifier) -> None:
        self._authenticator = authenticator
        self._tokens = tokens

    def authenticate(self, text: str, address: str | None = None) -> tuple[ApiKey, Tenant]:
        """Return the key and tenant of a credential; raises as `Authenticator.authenticate`.

        An access token is valid only while its key is active, has the same rights, and its tenant is active.
        """
        if text.startswith(KeyToken.PREFIX):
            return self._authenticator.authenticate(text, address)
        claims = self._tokens.verify(text)
        key, tenant = self._authenticator.find_holder(claims.key_id)
        rights = claims.tenant_id, claims.role, claims.permissions
        if (key.tenant_id, key.role, key.permissions) != rights:
            raise Unauthenticated("The credential is not valid.")
        return key, tenant

    def record_use(self, key: ApiKey) -> None:
        """Store the time of a key's use, direct or through a token; an unavailable store is ignored."""
        self._authenticator.record_use(key)
