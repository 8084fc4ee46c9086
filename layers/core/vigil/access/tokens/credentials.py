"""The one way in: an API key, or an access token that stands in for one."""

from vigil.access.keys.authenticate import Access
from vigil.access.keys.model import ApiKey, Token
from vigil.access.tenants.model import Tenant
from vigil.access.tokens.signing_keys_ports import AccessTokens
from vigil.errors import Unauthenticated


class Credentials:
    """Tells who is behind a bearer credential, of either kind."""

    def __init__(self, access: Access, tokens: AccessTokens) -> None:
        self._access = access
        self._tokens = tokens

    def authenticate(self, text: str) -> tuple[ApiKey, Tenant]:
        """Return the key and tenant behind a credential; raises as `Access.authenticate`.

        An access token is worth what its key is worth now: revoked, suspended or given another role, it counts no more.
        """
        if text.startswith(Token.PREFIX):
            return self._access.authenticate(text)
        claims = self._tokens.verify(text)
        key, tenant = self._access.holder(claims.key_id)
        if (key.tenant_id, key.role) != (claims.tenant_id, claims.role):
            raise Unauthenticated("The credential is not valid.")
        return key, tenant

    def touch(self, key: ApiKey) -> None:
        """Note that a key was used, itself or by a token; failing to is no failure."""
        self._access.touch(key)
