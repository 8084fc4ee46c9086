"""Tenants, what they may do and use, and their API keys. Pure values and rules."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Literal, get_args

from vigil.errors import Conflict, FieldError, Forbidden, InvalidInput
from vigil.money.budgets.hard_limits.model import HardStop

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
    "usage:write",
    "costs:read",
    "prices:write",
    "budgets:write",
    "dlq:read",
    "dlq:manage",
    "consents:read",
    "consents:write",
    "subjects:export",
    "subjects:erase",
    "health:read",
]
_VIEWER: frozenset[Permission] = frozenset(
    {
        *("scores:read", "batches:read", "outcomes:read", "models:read"),
        *("flags:read", "usage:read", "costs:read", "dlq:read", "health:read", "consents:read"),
    }
)
_MEMBER: frozenset[Permission] = _VIEWER | {
    *("scores:write", "batches:write", "outcomes:write", "consents:write", "usage:write"),
}
_ADMIN: frozenset[Permission] = _MEMBER | {
    *("tenants:read", "tenants:configure", "keys:manage", "dlq:manage", "budgets:write"),
    *("subjects:export", "subjects:erase"),
}
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "member": _MEMBER,
    "admin": _ADMIN,
    "operator": _ADMIN | {"models:promote", "tenants:manage", "flags:write", "prices:write"},
}
"""What each role may do; of whose data is another matter, and never any but its own tenant's below an operator."""
Status = Literal["active", "suspended", "offboarding", "closed"]
_AFTER: Mapping[Status, frozenset[Status]] = {
    "active": frozenset({"suspended", "offboarding"}),
    "suspended": frozenset({"active", "offboarding"}),
    # Keys are refused from here on and the erasure has begun: there is no way back.
    "offboarding": frozenset({"closed"}),
    "closed": frozenset(),
}
MOST_OVERLAP_HOURS = 168
MOST_KEY_DAYS = 3_650
MOST_KEYS = 100
"""Of a tenant that live at a time, if operators do not make more: rates are per key: more keys ask more often."""
_TOKEN = re.compile(r"vgl_([a-z0-9]{1,16})_([a-z0-9]{16})_([A-Za-z0-9_-]{43})")
_TENANT_ID = re.compile(r"[a-z][a-z0-9-]{2,31}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a tenant may use. None is unlimited. The rates are per key and per minute or hour of the clock."""

    predictions_per_month: int | None
    per_minute: int
    per_hour: int
    storage_gb: int | None
    hard_stop: HardStop | None = None
    """What predictions may cost, where the tenant has set budgets that stop them."""

    def encoded(self) -> str:
        """Return compact JSON, as the authorizer's context carries it."""
        said = {name: value for name, value in asdict(self).items() if name != "hard_stop" or value}
        return json.dumps(said, separators=(",", ":"))

    @classmethod
    def decoded(cls, text: str) -> "Limits":
        """Return the limits that were encoded so."""
        said = json.loads(text)
        stop = said.pop("hard_stop", None)
        return cls(**said, hard_stop=HardStop(**stop) if stop else None)


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
class TenantSettings:
    """What a tenant's own administrators decide."""

    name: str = ""
    contact: str = ""
    """Where to write to about the tenant's use of the service."""
    max_key_days: int | None = None
    """The longest life of a new key in days; None for keys without an end."""
    overlap_hours: int = 24
    """For how long the old key works beside the new one after a rotation, unless the rotation says otherwise."""
    consents: bool = False
    """Whether consents of persons are kept here and looked at before a score; the first record of one says so."""

    def __post_init__(self) -> None:
        if len(self.name) > 100:
            raise _broken("settings.name", "must have at most 100 characters", "100")
        if len(self.contact) > 254:
            raise _broken("settings.contact", "must have at most 254 characters", "254")
        if self.max_key_days is not None and not 1 <= self.max_key_days <= MOST_KEY_DAYS:
            raise _broken("settings.max_key_days", "is out of range", f"1 to {MOST_KEY_DAYS}, or null")
        if not 0 <= self.overlap_hours <= MOST_OVERLAP_HOURS:
            raise _broken("settings.overlap_hours", "is out of range", f"0 to {MOST_OVERLAP_HOURS}")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer. `tenant_id` leads every key of what it owns. Each change makes a new `version`."""

    tenant_id: str
    tier: Tier
    status: Status
    created_at: str
    changed_at: str = ""
    version: int = 1
    overrides: Mapping[str, int] = field(default_factory=dict)
    """The limits that were agreed apart from the tier's, by their names in `Limits`."""
    settings: TenantSettings = TenantSettings()
    hard_stop: HardStop | None = None
    """What its budgets come to; see `vigil.budgets`."""

    def __post_init__(self) -> None:
        if not _TENANT_ID.fullmatch(self.tenant_id):
            bound = "3 to 32 lower-case letters, digits and hyphens, a letter first"
            raise _broken("tenant_id", "is not well formed", bound)
        if self.tier not in TIERS:
            raise _broken("tier", "is not a tier", ", ".join(TIERS))
        for name, value in self.overrides.items():
            if name not in BOUNDS:
                raise _broken(f"limits.{name}", "is not a limit", ", ".join(BOUNDS))
            if not 1 <= value <= BOUNDS[name]:
                raise _broken(f"limits.{name}", "is out of range", f"1 to {BOUNDS[name]}")

    @property
    def limits(self) -> Limits:
        """What holds: the tier's limits and what was agreed apart from them."""
        return replace(LIMITS[self.tier], **self.overrides, hard_stop=self.hard_stop)

    def become(self, status: Status) -> "Tenant":
        """Return the tenant in another state; raise Conflict if no way leads there from the present one."""
        if status == self.status:
            return self
        if status not in _AFTER[self.status]:
            raise Conflict(f"A tenant that is {self.status} cannot become {status}.")
        return replace(self, status=status)


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

    def lives(self, now: datetime) -> bool:
        """Say whether the key opens anything."""
        return self.revoked_at is None and (self.expires_at is None or datetime.fromisoformat(self.expires_at) > now)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key: an HMAC-SHA256 of its secret under a versioned pepper, never the secret."""

    key: ApiKey
    digest: str
    pepper_version: str


@dataclass(frozen=True, slots=True)
class TenantPage:
    """One page of tenants, and the position after it: the `tenant_id` of the last."""

    tenants: tuple[Tenant, ...]
    next: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page of keys, and the position after it."""

    keys: tuple[ApiKey, ...]
    next: dict[str, str] | None


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


def check_grant(granter: Role, role: Role) -> None:
    """Raise Forbidden if a key of one role may not make, change or revoke a key of another, which may do more."""
    if role not in PERMISSIONS:
        raise _broken("role", "is not a role", ", ".join(PERMISSIONS))
    if not PERMISSIONS[role] <= PERMISSIONS[granter]:
        raise Forbidden(f"A key of the role {granter} cannot make or change one of the role {role}.")


def _broken(field_name: str, message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError(field_name, message, bound))
