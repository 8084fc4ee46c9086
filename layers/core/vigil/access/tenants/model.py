"""Tenants, what they may do and use, and their API keys. Pure values and rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from vigil.errors import Conflict, FieldError, InvalidInput
from vigil.kernel.money import HardStop
from vigil.kernel.tenants import TIERS, Limits, Tier

TenantStatus = Literal["active", "suspended", "offboarding", "closed"]
_AFTER: Mapping[TenantStatus, frozenset[TenantStatus]] = {
    "active": frozenset({"suspended", "offboarding"}),
    "suspended": frozenset({"active", "offboarding"}),
    # Keys are refused from here on and the erasure has begun: there is no way back.
    "offboarding": frozenset({"closed"}),
    "closed": frozenset(),
}
MAX_OVERLAP_HOURS = 168
MAX_KEY_DAYS = 3_650
_TENANT_ID = re.compile(r"[a-z][a-z0-9-]{2,31}")


TIER_LIMITS: Mapping[Tier, Limits] = {
    "FREE": Limits(1_000, 60, 1_000, 10),
    "BASIC": Limits(10_000, 60, 1_000, 50),
    "PROFESSIONAL": Limits(100_000, 60, 1_000, 500),
    "ENTERPRISE": Limits(None, 60, 1_000, None),
}
"""What each tier includes."""
MAX_OVERRIDES: Mapping[str, int] = {
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
            raise _invalid("settings.name", "must have at most 100 characters", "100")
        if len(self.contact) > 254:
            raise _invalid("settings.contact", "must have at most 254 characters", "254")
        if self.max_key_days is not None and not 1 <= self.max_key_days <= MAX_KEY_DAYS:
            raise _invalid("settings.max_key_days", "is out of range", f"1 to {MAX_KEY_DAYS}, or null")
        if not 0 <= self.overlap_hours <= MAX_OVERLAP_HOURS:
            raise _invalid("settings.overlap_hours", "is out of range", f"0 to {MAX_OVERLAP_HOURS}")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer. `tenant_id` leads every key of what it owns. Each change makes a new `version`."""

    tenant_id: str
    tier: Tier
    status: TenantStatus
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
            raise _invalid("tenant_id", "is not well formed", bound)
        if self.tier not in TIERS:
            raise _invalid("tier", "is not a tier", ", ".join(TIERS))
        for name, value in self.overrides.items():
            if name not in MAX_OVERRIDES:
                raise _invalid(f"limits.{name}", "is not a limit", ", ".join(MAX_OVERRIDES))
            if not 1 <= value <= MAX_OVERRIDES[name]:
                raise _invalid(f"limits.{name}", "is out of range", f"1 to {MAX_OVERRIDES[name]}")

    @property
    def limits(self) -> Limits:
        """What holds: the tier's limits and what was agreed apart from them."""
        return replace(TIER_LIMITS[self.tier], **self.overrides, hard_stop=self.hard_stop)

    def with_status(self, status: TenantStatus) -> "Tenant":
        """Return the tenant in another state; raise Conflict if no way leads there from the present one."""
        if status == self.status:
            return self
        if status not in _AFTER[self.status]:
            raise Conflict(f"A tenant that is {self.status} cannot become {status}.")
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class TenantPage:
    """One page of tenants, and the position after it: the `tenant_id` of the last."""

    tenants: tuple[Tenant, ...]
    next: dict[str, str] | None


def _invalid(field_name: str, message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError(field_name, message, bound))
