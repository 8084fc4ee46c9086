"""Sessions and their refresh tokens. Times are seconds since 1970, UTC."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from vigil.access.tokens.signing_keys_model import TokenClaims
from vigil.errors import VigilError
from vigil.kernel.events import Event, create_event
from vigil.kernel.time import format_timestamp

SESSION_SECONDS = 30 * 24 * 3600
"""Maximum lifetime of a session, in seconds; a new session needs the API key."""
GrantError = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "unsupported_grant_type",
    "unauthorized_client",
]
_REFRESH = re.compile(
    r"vgr_([a-z0-9]{1,16})_([a-z][a-z0-9-]{2,31})_([0-9a-f]{16})_([A-Za-z0-9_-]{43})_[A-Za-z0-9_-]{22}"
)


class GrantRefused(VigilError):
    """The request gets no token; `error` is the code of RFC 6749, section 5.2, and the message its description.

    `problem` is the name in the log.
    """

    def __init__(self, error: GrantError, description: str) -> None:
        super().__init__(description)
        self.error: GrantError = error
        self.problem: str = error


class RefreshTokenReused(GrantRefused):
    """A refresh token was used a second time; its session has ended."""

    def __init__(self) -> None:
        super().__init__("invalid_grant", "The refresh token was already used; its session has ended.")
        self.problem = "reused_refresh_token"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """Refresh token of a session: `vgr_<stage>_<tenant>_<session>_<32 random bytes>_<seal>`.

    The seal is an HMAC under the pepper. It proves that Vigil issued the token, so an invented token cannot end a
    session.
    """

    stage: str
    tenant_id: str
    session_id: str
    text: str = field(repr=False)

    @classmethod
    def new(cls, stage: str, tenant_id: str, session_id: str, pepper: bytes) -> "RefreshToken":
        """Return a new token of a session."""
        body = f"vgr_{stage}_{tenant_id}_{session_id}_{secrets.token_urlsafe(32)}"
        return cls(stage, tenant_id, session_id, f"{body}_{_seal(body, pepper)}")

    @classmethod
    def parse(cls, stage: str, text: str, peppers: Mapping[str, bytes]) -> "RefreshToken | None":
        """Return the parsed token, or None if its stage or seal is wrong."""
        match = _REFRESH.fullmatch(text)
        if match is None or match[1] != stage:
            return None
        body, seal = text[:-23], text[-22:]
        genuine = [hmac.compare_digest(seal, _seal(body, pepper)) for pepper in peppers.values()]
        return cls(stage, match[2], match[3], text) if any(genuine) else None

    @property
    def digest(self) -> str:
        """Stored form of the token: a SHA-256, which needs no pepper for 32 random bytes."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """A session that starts with a sign-in. Only its newest refresh token is valid, and only once."""

    session_id: str
    tenant_id: str
    key_id: str
    digest: str
    started_at: int
    expires_at: int
    ended: str | None = None
    """Reason for an early end: `revoked`, or `reused` after a second use of a refresh token."""


def reused_event(session: Session, at: datetime) -> Event:
    """Return the event of a session that ended because its refresh token was used twice."""
    fields = {"tenant_id": session.tenant_id, "key_id": session.key_id, "session_id": session.session_id}
    return create_event(f"{session.tenant_id}.{session.session_id}", "tokens.reused", format_timestamp(at), fields)


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens that a sign-in or a refresh returns."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    claims: TokenClaims
    key_expires_at: str | None = None
    """Time at which the API key expires, if that is near."""


def _seal(body: str, pepper: bytes) -> str:
    tag = hmac.digest(pepper, b"vigil-refresh-token/1\n" + body.encode(), hashlib.sha256)[:16]
    return urlsafe_b64encode(tag).rstrip(b"=").decode()
