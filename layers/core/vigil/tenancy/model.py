"""Tenants and their API keys. Pure values and rules."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

Tier = Literal["FREE", "BASIC", "PROFESSIONAL", "ENTERPRISE"]
Role = Literal["member", "operator"]
"""What a key may do: use its own tenant's data, or also decide for the whole deployment, as by promoting a model."""
TIERS: tuple[str, ...] = get_args(Tier)
_TOKEN = re.compile(r"vgl_([a-z0-9]{1,16})_([a-z0-9]{16})_([A-Za-z0-9_-]{43})")
_TENANT_ID = re.compile(r"[a-z][a-z0-9-]{2,31}")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer. `tenant_id` leads every key of what it owns."""

    tenant_id: str
    tier: Tier
    status: Literal["active", "suspended"]
    created_at: str

    def __post_init__(self) -> None:
        if not _TENANT_ID.fullmatch(self.tenant_id):
            raise ValueError("tenant_id must be 3 to 32 lower-case letters, digits and hyphens, a letter first")
        if self.tier not in TIERS:
            raise ValueError(f"tier must be one of {', '.join(TIERS)}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: an HMAC-SHA256 of its secret under a versioned pepper, never the secret."""

    key_id: str
    tenant_id: str
    digest: str
    pepper_version: str
    created_at: str
    revoked_at: str | None = None
    role: Role = "member"


@dataclass(frozen=True, slots=True)
class Token:
    """An API key as its owner holds it: `vgl_<stage>_<key id>_<32 random bytes, base64url>`."""

    PREFIX: ClassVar[str] = "vgl_"
    stage: str
    key_id: str
    secret: str

    @classmethod
    def new(cls, stage: str) -> "Token":
        """Return a fresh random token."""
        return cls(stage, secrets.token_hex(8), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> "Token | None":
        """Return the parts of a well-formed token, None otherwise."""
        return cls(*match.groups()) if (match := _TOKEN.fullmatch(text)) else None

    def __str__(self) -> str:
        return f"vgl_{self.stage}_{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        """Show no secret: tokens end up in tracebacks."""
        return f"Token({self.stage}, {self.key_id})"

    def digest(self, pepper: bytes) -> str:
        """Return what is stored of the secret."""
        return hmac.new(pepper, str(self).encode(), hashlib.sha256).hexdigest()
