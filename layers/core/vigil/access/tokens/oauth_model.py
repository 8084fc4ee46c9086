"""Sessions and the refresh tokens that carry them on. Times are seconds since 1970, UTC."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vigil.access.tokens.signing_keys_model import TokenClaims
from vigil.errors import VigilError

SESSION_SECONDS = 30 * 24 * 3600
"""How long a session can be refreshed; then the key is needed again."""
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
    """No token is given; `error` is the code of RFC 6749, section 5.2, and the message its description.

    `problem` is what the log calls it.
    """

    def __init__(self, error: GrantError, description: str) -> None:
        super().__init__(description)
        self.error: GrantError = error
        self.problem: str = error


class RefreshTokenReused(GrantRefused):
    """A used refresh token came again; its session has ended."""

    def __init__(self) -> None:
        super().__init__("invalid_grant", "The refresh token was used before: the session has ended.")
        self.problem = "reused_refresh_token"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token as its owner holds it: `vgr_<stage>_<tenant>_<session>_<32 random bytes>_<seal>`.

    The seal, an HMAC under the pepper, tells a token that was once given out from one that was made up: only the
    former, coming again, may end a session.
    """

    stage: str
    tenant_id: str
    session_id: str
    text: str = field(repr=False)

    @classmethod
    def new(cls, stage: str, tenant_id: str, session_id: str, pepper: bytes) -> "RefreshToken":
        """Return a fresh token of a session."""
        body = f"vgr_{stage}_{tenant_id}_{session_id}_{secrets.token_urlsafe(32)}"
        return cls(stage, tenant_id, session_id, f"{body}_{_seal(body, pepper)}")

    @classmethod
    def parse(cls, stage: str, text: str, peppers: Mapping[str, bytes]) -> "RefreshToken | None":
        """Return a token that was sealed on this stage, or None."""
        match = _REFRESH.fullmatch(text)
        if match is None or match[1] != stage:
            return None
        body, seal = text[:-23], text[-22:]
        genuine = [hmac.compare_digest(seal, _seal(body, pepper)) for pepper in peppers.values()]
        return cls(stage, match[2], match[3], text) if any(genuine) else None

    @property
    def digest(self) -> str:
        """What is kept of it: a SHA-256, which for 32 random bytes needs no pepper."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """A line of refresh tokens that one sign-in began; only the last token of it is good, once."""

    session_id: str
    tenant_id: str
    key_id: str
    digest: str
    started_at: int
    expires_at: int
    ended: str | None = None
    """Why it ended before its time: `revoked`, or `reused` when a used token came again."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in or a refresh gives."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    claims: TokenClaims


def _seal(body: str, pepper: bytes) -> str:
    tag = hmac.digest(pepper, b"vigil-refresh-token/1\n" + body.encode(), hashlib.sha256)[:16]
    return urlsafe_b64encode(tag).rstrip(b"=").decode()
