"""OAuth sessions: sign in with an API key, refresh, and revoke."""

import hmac
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime

from vigil.access.keys.model import ApiKey
from vigil.access.keys.ports import Peppers
from vigil.access.tenants.model import Tenant
from vigil.access.tokens.oauth_model import (
    SESSION_SECONDS,
    Grant,
    GrantRefused,
    RefreshToken,
    RefreshTokenReused,
    Session,
)
from vigil.access.tokens.oauth_ports import KeyHolders, SessionStore, TokenSigner, TokenUses
from vigil.access.tokens.signing_keys_model import ACCESS_SECONDS, Issuer, TokenClaims
from vigil.errors import TenantSuspended, Unauthenticated

ClientCredentials = tuple[str, str]
"""The `client_id` and `client_secret` of a request: the id of an API key, and the key."""


class Sessions:
    """Issues tokens to the holders of API keys.

    `address` is the caller's. A client's wrong API key counts as a failed sign-in; too many raise SignInsRefused.
    """

    def __init__(
        self,
        holders: KeyHolders,
        signer: TokenSigner,
        store: SessionStore,
        peppers: Peppers,
        issuer: Issuer,
        clock: Callable[[], datetime],
        uses: TokenUses,
    ) -> None:
        self._holders = holders
        self._signer = signer
        self._store = store
        self._peppers = peppers
        self._issuer = issuer
        self._clock = clock
        self._uses = uses

    def sign_in(self, client: ClientCredentials | None, address: str | None = None) -> Grant:
        """Start a session; raise GrantRefused for an invalid key, or RateLimited."""
        if client is None:
            raise GrantRefused("invalid_client", "Send the API key's id as client_id and the API key as client_secret.")
        key, tenant = self._authenticate(client, address)
        self._uses.count_request(key, tenant)
        session_id, now = secrets.token_hex(8), self._now()
        token = self._new_token(key.tenant_id, session_id)
        ends = now + SESSION_SECONDS
        claims = self._claims(key, now, ends)
        access_token = self._signer.sign(claims)
        self._store.start(key.tenant_id, Session(session_id, key.tenant_id, key.key_id, token.digest, now, ends))
        return Grant(access_token, token.text, claims, key.near_expiry(self._clock()))

    def refresh(self, text: str, client: ClientCredentials | None = None, address: str | None = None) -> Grant:
        """Exchange a refresh token for new tokens; raise GrantRefused for an invalid token, or RateLimited.

        A second use of a token ends its session: one of two holders has a stolen copy, and the service does not know
        which.
        """
        client_key = self._authenticate(client, address)[0] if client else None
        token, session = self._session(text)
        if session.ended or self._now() >= session.expires_at:
            raise _invalid_refresh_token()
        if not hmac.compare_digest(token.digest, session.digest):
            raise self._reused(session)
        if client_key and client_key.key_id != session.key_id:
            raise GrantRefused("invalid_grant", "The refresh token belongs to another client.")
        try:
            key, tenant = self._holders.find_holder(session.key_id)
        except Unauthenticated as error:
            raise _invalid_refresh_token() from error
        except TenantSuspended as error:
            raise _suspended() from error
        # Every step that can fail precedes the write that consumes the token.
        self._uses.count_request(key, tenant)
        new = self._new_token(session.tenant_id, session.session_id)
        claims = self._claims(key, self._now(), session.expires_at)
        access_token = self._signer.sign(claims)
        if not self._store.advance(session.tenant_id, session.session_id, token.digest, new.digest):
            raise self._reused(session)
        return Grant(access_token, new.text, claims, key.near_expiry(self._clock()))

    def revoke(self, text: str, client: ClientCredentials | None = None, address: str | None = None) -> None:
        """End the session of a refresh token, used or not; any other text is ignored."""
        client_key = self._authenticate(client, address)[0] if client else None
        try:
            _, session = self._session(text)
        except GrantRefused:
            return
        if client_key is None or client_key.key_id == session.key_id:
            self._store.end(session.tenant_id, session.session_id, "revoked")

    def _authenticate(self, client: ClientCredentials, address: str | None) -> tuple[ApiKey, Tenant]:
        try:
            key, tenant = self._holders.authenticate(client[1], address)
        except Unauthenticated as error:
            raise GrantRefused("invalid_client", "The API key is not valid.") from error
        except TenantSuspended as error:
            raise _suspended() from error
        if key.key_id != client[0]:
            raise GrantRefused("invalid_client", "The API key is not valid.")
        return key, tenant

    def _session(self, text: str) -> tuple[RefreshToken, Session]:
        """Return a parsed refresh token and its session. An invented token causes no read."""
        _, peppers = self._peppers.peppers()
        token = RefreshToken.parse(self._issuer.stage, text, peppers)
        session = self._store.get(token.tenant_id, token.session_id) if token else None
        if token is None or session is None:
            raise _invalid_refresh_token()
        return token, session

    def _reused(self, session: Session) -> GrantRefused:
        self._store.end(session.tenant_id, session.session_id, "reused")
        self._uses.report_reuse(session)
        return RefreshTokenReused()

    def _new_token(self, tenant_id: str, session_id: str) -> RefreshToken:
        version, peppers = self._peppers.peppers()
        return RefreshToken.new(self._issuer.stage, tenant_id, session_id, peppers[version])

    def _claims(self, key: ApiKey, now: int, session_ends: int) -> TokenClaims:
        expires_at = min(now + ACCESS_SECONDS, session_ends)
        return TokenClaims(uuid.uuid4().hex, key.key_id, key.tenant_id, key.role, now, expires_at, key.permissions)

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _invalid_refresh_token() -> GrantRefused:
    return GrantRefused("invalid_grant", "The refresh token is not valid, or its session has ended.")


def _suspended() -> GrantRefused:
    return GrantRefused("unauthorized_client", "The tenant is suspended.")
