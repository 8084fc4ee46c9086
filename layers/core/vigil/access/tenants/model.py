"""Tenants: status, tier limits, overrides and settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from vigil.errors import Conflict, FieldError, InvalidInput
from vigil.kernel.money import SpendLimit
from vigil.kernel.tenants import KEYS_AT_FULL_RATE, TIERS, Limits, Rates, Tier

TenantStatus = Literal["active", "suspended", "offboarding", "closed"]
_AFTER: Mapping[TenantStatus, frozenset[TenantStatus]] = {
    "active": frozenset({"suspended", "offboarding"}),
    "suspended": frozenset({"active", "offboarding"}),
    # Keys are rejected and the erasure has started, so this is final.
    "offboarding": frozenset({"closed"}),
    "closed": frozenset(),
}
MAX_OVERLAP_HOURS = 168
"""Maximum overlap of a rotated API key with its successor, in hours."""
MAX_KEY_DAYS = 3_650
"""Maximum lifetime of an API key, in days."""
_TENANT_ID = re.compile(r"[a-z][a-z0-9-]{2,31}")


_KEY_RATES = Rates(60, 1_000)


def _tier_limits(tier: Tier, predictions_per_month: int | None, storage_gb: int | None) -> Limits:
    tenant = _KEY_RATES.times(KEYS_AT_FULL_RATE[tier])
    key = _KEY_RATES.per_minute, _KEY_RATES.per_hour
    return Limits(predictions_per_month, *key, storage_gb, tenant.per_minute, tenant.per_hour)


TIER_LIMITS: Mapping[Tier, Limits] = {
    "FREE": _tier_limits("FREE", 1_000, 10),
    "BASIC": _tier_limits("BASIC", 10_000, 50),
    "PROFESSIONAL": _tier_limits("PROFESSIONAL", 100_000, 500),
    "ENTERPRISE": _tier_limits("ENTERPRISE", None, None),
}
"""Limits that each tier includes."""
MAX_OVERRIDES: Mapping[str, int] = {
    "predictions_per_month": 1_000_000_000,
    # One DynamoDB item counts a key's requests and allows 1,000 writes per second.
    "per_minute": 60_000,
    "per_hour": 3_600_000,
    "storage_gb": 1_000_000,
    # One DynamoDB item counts a tenant's leases. 40 keys at their maximum need 400 leases of 100 requests a second.
    "tenant_per_minute": 2_400_000,
    "tenant_per_hour": 144_000_000,
}
"""Maximum value of each limit override; the minimum is 1."""


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """Settings that a tenant's own administrators decide."""

    name: str = ""
    contact: str = ""
    """E-mail address for questions about the tenant's use of the service."""
    max_key_days: int | None = None
    """Maximum lifetime of a new key, in days; None allows MAX_KEY_DAYS."""
    overlap_hours: int = 24
    """Default overlap of a rotated key with its successor, in hours."""
    consents: bool = False
    """True if the tenant records consents of persons; scores then check them. The first recorded consent sets it."""

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
    """A customer. `tenant_id` is the first part of every key of its data. Each change creates a new `version`."""

    tenant_id: str
    tier: Tier
    status: TenantStatus
    created_at: str
    changed_at: str = ""
    version: int = 1
    overrides: Mapping[str, int] = field(default_factory=dict)
    """Limits agreed separately from the tier, by their names in `Limits`."""
    settings: TenantSettings = TenantSettings()
    hard_stop: SpendLimit | None = None
    """Spend limit from the tenant's budgets; see `vigil.money.budgets`."""

    def __post_init__(self) -> None:
        if not _TENANT_ID.fullmatch(self.tenant_id):
            bound = "3 to 32 lower-case letters, digits and hyphens, starting with a letter"
            raise _invalid("tenant_id", "is malformed", bound)
        if self.tier not in TIERS:
            raise _invalid("tier", "is not a known tier", ", ".join(TIERS))
        for name, value in self.overrides.items():
            if name not in MAX_OVERRIDES:
                raise _invalid(f"limits.{name}", "is not a known limit", ", ".join(MAX_OVERRIDES))
            if not 1 <= value <= MAX_OVERRIDES[name]:
                raise _invalid(f"limits.{name}", "is out of range", f"1 to {MAX_OVERRIDES[name]}")

    @property
    def limits(self) -> Limits:
        """Effective limits: the limits of the tier with the tenant's overrides.

        Another key limit changes the tenant limit in proportion, unless the tenant limit is agreed too.
        """
        limits = replace(TIER_LIMITS[self.tier], **self.overrides, hard_stop=self.hard_stop)
        rates = limits.key_rates.times(KEYS_AT_FULL_RATE[self.tier])
        return replace(
            limits,
            tenant_per_minute=self.overrides.get("tenant_per_minute", rates.per_minute),
            tenant_per_hour=self.overrides.get("tenant_per_hour", rates.per_hour),
        )

    def with_status(self, status: TenantStatus) -> "Tenant":
        """Return the tenant with another status; raise Conflict if the present status does not allow the change."""
        if status == self.status:
            return self
        if status not in _AFTER[self.status]:
            allowed = " or ".join(sorted(_AFTER[self.status] - {"closed"})) or "none, because the status is final"
            raise Conflict(f"A tenant with status {self.status} cannot change to {status}. Allowed: {allowed}.")
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class TenantPage:
    """One page of tenants, and the position of the next one: the `tenant_id` of the last tenant."""

    tenants: tuple[Tenant, ...]
    next: dict[str, str] | None


def _invalid(field_name: str, message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError(field_name, message, bound))
