"""API keys and their tokens. Pure values and rules."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from vigil.errors import FieldError, Forbidden, InvalidInput
from vigil.kernel.tenants import PERMISSIONS, Role

MAX_ACTIVE_KEYS = 100
"""Of a tenant that live at a time, if operators do not make more: rates are per key: more keys ask more often."""


_TOKEN = re.compile(r"vgl_([a-z0-9]{1,16})_([a-z0-9]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as everybody who administers it may see it. Times are ISO 8601 in UTC."""

    key_id: str
    tenant_id: str
    role: Role
    created_at: str
    label: str = ""
    expires_at: str | None = None
    revoked_at: str | None = None
    replaced_by: str | None = None
    """The key that a rotation made of this one, which works on until `expires_at`."""
    last_used_at: str | None = None

    def is_active(self, now: datetime) -> bool:
        """Say whether the key opens anything."""
        return self.revoked_at is None and (self.expires_at is None or datetime.fromisoformat(self.expires_at) > now)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key: an HMAC-SHA256 of its secret under a versioned pepper, never the secret."""

    key: ApiKey
    digest: str
    pepper_version: str


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page of keys, and the position after it."""

    keys: tuple[ApiKey, ...]
    next: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class KeyToken:
    """An API key as its owner holds it: `vgl_<stage>_<key id>_<32 random bytes, base64url>`."""

    PREFIX: ClassVar[str] = "vgl_"
    stage: str
    key_id: str
    secret: str

    @classmethod
    def new(cls, stage: str) -> "KeyToken":
        """Return a fresh random token."""
        return cls(stage, secrets.token_hex(8), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> "KeyToken | None":
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


def check_grant(granter: Role, role: Role) -> None:
    """Raise Forbidden if a key of one role may not make, change or revoke a key of another, which may do more."""
    if role not in PERMISSIONS:
        raise InvalidInput(FieldError("role", "is not a role", ", ".join(PERMISSIONS)))
    if not PERMISSIONS[role] <= PERMISSIONS[granter]:
        raise Forbidden(f"A key of the role {granter} cannot make or change one of the role {role}.")
