"""API keys, their tokens, and the rule for granting roles."""

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
"""Maximum active keys per tenant (operators may exceed it).

Rate limits are per key, so more keys allow more requests.
"""


_TOKEN = re.compile(r"vgl_([a-z0-9]{1,16})_([a-z0-9]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret. Times are ISO 8601 in UTC."""

    key_id: str
    tenant_id: str
    role: Role
    created_at: str
    label: str = ""
    expires_at: str | None = None
    revoked_at: str | None = None
    replaced_by: str | None = None
    """Id of the key that replaced this one in a rotation; this key stays valid until `expires_at`."""
    last_used_at: str | None = None

    def is_active(self, now: datetime) -> bool:
        """Return True if the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or datetime.fromisoformat(self.expires_at) > now)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """Stored form of a key: an HMAC-SHA256 of its token under a versioned pepper, never the token."""

    key: ApiKey
    digest: str
    pepper_version: str


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page of keys, and the position of the next one."""

    keys: tuple[ApiKey, ...]
    next: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class KeyToken:
    """Secret text of an API key: `vgl_<stage>_<key id>_<32 random bytes, base64url>`."""

    PREFIX: ClassVar[str] = "vgl_"
    stage: str
    key_id: str
    secret: str

    @classmethod
    def new(cls, stage: str) -> "KeyToken":
        """Return a new random token."""
        return cls(stage, secrets.token_hex(8), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> "KeyToken | None":
        """Return the parts of a well-formed token, or None."""
        return cls(*match.groups()) if (match := _TOKEN.fullmatch(text)) else None

    def __str__(self) -> str:
        return f"vgl_{self.stage}_{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        """Return a text without the secret: tokens appear in tracebacks."""
        return f"Token({self.stage}, {self.key_id})"

    def digest(self, pepper: bytes) -> str:
        """Return the HMAC of the token that is stored."""
        return hmac.new(pepper, str(self).encode(), hashlib.sha256).hexdigest()


def check_grant(granter: Role, role: Role) -> None:
    """Raise Forbidden unless a key of the role `granter` may create, change or revoke keys of the role `role`."""
    if role not in PERMISSIONS:
        raise InvalidInput(FieldError("role", "is not a known role", ", ".join(PERMISSIONS)))
    if not PERMISSIONS[role] <= PERMISSIONS[granter]:
        raise Forbidden(f"A key with the role {granter} cannot create, change or revoke a key with the role {role}.")
