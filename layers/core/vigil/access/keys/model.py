"""API keys, the warning before their expiry, and the rule for granting rights."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from vigil.errors import FieldError, Forbidden, InvalidInput
from vigil.kernel.tenants import (
    PERMISSIONS,
    UNKNOWN_ORIGIN,
    Permission,
    Role,
    effective_permissions,
    sort_permissions,
)

MAX_ACTIVE_KEYS = 100
"""Maximum active keys per tenant (operators may exceed it).

Rate limits are per key, so more keys allow more requests.
"""
DEFAULT_LIFETIME = timedelta(days=365)
"""Lifetime of a new key if none is requested. A shorter maximum of the tenant applies."""
EXPIRY_WARNING = timedelta(days=30)
"""Time before the expiry of a key in which views and answers warn of it."""
EXACT_WARNING = timedelta(days=2)
"""Time before the expiry of a key in which its warning names the minute instead of the day."""


_ALL: frozenset[Permission] = frozenset(get_args(Permission))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret. Times are ISO 8601 in UTC."""

    key_id: str
    tenant_id: str
    role: Role
    created_at: str
    label: str = ""
    expires_at: str | None = None
    """Time of expiry; None only for keys of earlier releases."""
    revoked_at: str | None = None
    replaced_by: str | None = None
    """Id of the key that replaced this one in a rotation; this key stays valid until `expires_at`."""
    last_used_at: str | None = None
    permissions: frozenset[Permission] | None = None
    """Permissions of the role to which the key is narrowed; None for all of them."""
    origins: frozenset[str] = frozenset({UNKNOWN_ORIGIN})
    """Ids of the keys of the command line from which this key descends.

    A key of the command line is its own origin. A created key has the origins of its creator. A rotated key has those
    of the old key and of the key that rotated it. A key of an earlier release has UNKNOWN_ORIGIN.
    """

    @property
    def rights(self) -> "Rights":
        """Role and permissions of the key."""
        return Rights(self.role, self.permissions)

    def is_active(self, now: datetime) -> bool:
        """Return True if the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or datetime.fromisoformat(self.expires_at) > now)

    def near_expiry(self, now: datetime) -> str | None:
        """Return the time of expiry of an active key if it is at most EXPIRY_WARNING away."""
        if self.expires_at is None or not self.is_active(now):
            return None
        return self.expires_at if datetime.fromisoformat(self.expires_at) - now <= EXPIRY_WARNING else None

    def expiry_warning(self, now: datetime) -> str | None:
        """Return a warning with the day or time of the expiry and the remedy, or None if the expiry is not near."""
        if (end := self.near_expiry(now)) is None:
            return None
        unit, time = "day", end[:10]
        if datetime.fromisoformat(end) - now < EXACT_WARNING:
            unit, time = "time", f"{end[:10]} at {end[11:16]}"
        if self.replaced_by:
            return f"The key expires on {time} (UTC). Use the key {self.replaced_by} that replaces it."
        return f"The key expires on {time} (UTC). Rotate it and use the new key before that {unit}."


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
class Rights:
    """Role of a key, and the permissions to which it is narrowed; None for all permissions of the role."""

    role: Role
    permissions: frozenset[Permission] | None = None

    @property
    def effective(self) -> frozenset[Permission]:
        """Permissions of the key: those of its list, or all of its role."""
        return effective_permissions(self.role, self.permissions)

    def check(self) -> None:
        """Raise InvalidInput for an unknown role, and for permissions that the role does not include."""
        if self.role not in PERMISSIONS:
            raise InvalidInput(FieldError("role", "is not a known role", ", ".join(PERMISSIONS)))
        if self.permissions is None:
            return
        bound = _describe(PERMISSIONS[self.role])
        if not self.permissions:
            raise InvalidInput(FieldError("permissions", "is empty", "at least one permission, or no list"))
        if not self.permissions <= _ALL:
            raise InvalidInput(FieldError("permissions", "contains an unknown permission", bound))
        if excess := self.permissions - PERMISSIONS[self.role]:
            message = f"{', '.join(sort_permissions(excess))} is not among the permissions of the role {self.role}"
            raise InvalidInput(FieldError("permissions", message, bound))

    def check_grant(self, wanted: "Rights") -> None:
        """Raise Forbidden unless a key with these rights may create, change or revoke a key with the rights `wanted`.

        A key passes on only its own permissions, and only roles without more permissions than its own role.
        """
        if not PERMISSIONS[wanted.role] <= PERMISSIONS[self.role]:
            raise Forbidden(
                f"A key with the role {self.role} cannot create, change or revoke a key with the role {wanted.role}."
            )
        if excess := wanted.effective - self.effective:
            raise Forbidden(
                f"Your key lacks {', '.join(sort_permissions(excess))} and cannot create, change or revoke a key with "
                f"more permissions than its own: {', '.join(sort_permissions(self.effective))}."
            )


@dataclass(frozen=True, slots=True)
class Grantor:
    """A key that creates, rotates or revokes another one: its rights and its origins, which its new keys inherit."""

    rights: Rights
    origins: frozenset[str] = frozenset({UNKNOWN_ORIGIN})


def _describe(permissions: frozenset[Permission]) -> str:
    """Return the shortest complete text: the names, the missing names, or those of another role and the rest."""
    if permissions == _ALL:
        return "every permission of the documentation"
    listed = ", ".join(sort_permissions(permissions))
    missing = "all except " + ", ".join(sort_permissions(_ALL - permissions))
    grown = [
        f"all of the role {role}, {', '.join(sort_permissions(permissions - included))}"
        for role, included in PERMISSIONS.items()
        if included < permissions
    ]
    return min(listed, missing, *grown, key=len)
