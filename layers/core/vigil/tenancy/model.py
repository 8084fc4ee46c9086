"""Tenants and their API keys. Pure values and rules."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

Tier = Literal["FREE", "BASIC", "PROFESSIONAL", "ENTERPRISE"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""From the smallest to the largest: whoever has one also has what those before it offer."""
Role = Literal["viewer", "member", "admin", "operator"]
"""What a key is for: reading; using; administering its tenant; or running the deployment, for all tenants at once."""
Permission = Literal[
    "scores:read",
    "scores:write",
    "batches:read",
    "batches:write",
    "outcomes:read",
    "outcomes:write",
    "models:read",
    "models:promote",
    "tenants:read",
    "tenants:configure",
    "tenants:manage",
    "keys:manage",
    "flags:read",
    "flags:write",
    "usage:read",
    "dlq:read",
    "dlq:manage",
    "subjects:export",
    "subjects:erase",
    "health:read",
]
_VIEWER: frozenset[Permission] = frozenset(
    {
        *("scores:read", "batches:read", "outcomes:read", "models:read"),
        *("tenants:read", "flags:read", "usage:read", "dlq:read", "health:read"),
    }
)
_MEMBER: frozenset[Permission] = _VIEWER | {"scores:write", "batches:write", "outcomes:write"}
_ADMIN: frozenset[Permission] = _MEMBER | {
    *("tenants:configure", "keys:manage", "dlq:manage"),
    *("subjects:export", "subjects:erase"),
}
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "member": _MEMBER,
    "admin": _ADMIN,
    "operator": _ADMIN | {"models:promote", "tenants:manage", "flags:write"},
}
"""What each role may do; of whose data is another matter, and never any but its own tenant's below an operator."""
_TOKEN = re.compile(r"vgl_([a-z0-9]{1,16})_([a-z0-9]{16})_([A-Za-z0-9_-]{43})")
_TENANT_ID = re.compile(r"[a-z][a-z0-9-]{2,31}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a tenant may use. None is unlimited. The rates are per key and per minute or hour of the clock."""

    predictions_per_month: int | None
    per_minute: int
    per_hour: int
    storage_gb: int | None

    def encoded(self) -> str:
        """Return compact JSON, as the authorizer's context carries it."""
        return json.dumps(asdict(self), separators=(",", ":"))


LIMITS: Mapping[Tier, Limits] = {
    "FREE": Limits(1_000, 60, 1_000, 10),
    "BASIC": Limits(10_000, 60, 1_000, 50),
    "PROFESSIONAL": Limits(100_000, 60, 1_000, 500),
    "ENTERPRISE": Limits(None, 60, 1_000, None),
}
"""What each tier includes."""
BOUNDS: Mapping[str, int] = {
    "predictions_per_month": 1_000_000_000,
    # One DynamoDB item counts a key's requests, and takes 1,000 writes a second.
    "per_minute": 60_000,
    "per_hour": 3_600_000,
    "storage_gb": 1_000_000,
}
"""How far an override may go; each is at least 1."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer. `tenant_id` leads every key of what it owns."""

    tenant_id: str
    tier: Tier
    status: Literal["active", "suspended"]
    created_at: str
    overrides: Mapping[str, int] = field(default_factory=dict)
    """The limits that were agreed apart from the tier's, by their names in `Limits`."""

    @property
    def limits(self) -> Limits:
        """What holds: the tier's limits and what was agreed apart from them."""
        return replace(LIMITS[self.tier], **self.overrides)

    def __post_init__(self) -> None:
        if not _TENANT_ID.fullmatch(self.tenant_id):
            raise ValueError("tenant_id must be 3 to 32 lower-case letters, digits and hyphens, a letter first")
        if self.tier not in TIERS:
            raise ValueError(f"tier must be one of {', '.join(TIERS)}")
        for name, value in self.overrides.items():
            if name not in BOUNDS or not 1 <= value <= BOUNDS[name]:
                raise ValueError(f"limits.{name} must be between 1 and {BOUNDS.get(name, 0)}")


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
