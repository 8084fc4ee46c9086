"""Tiers, roles, permissions and limits of tenants."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from vigil.kernel.money import SpendLimit

OPERATORS = "_operators"
"""Tenant id of the deployment itself: its alerts, endpoints, and work that belongs to several tenants or to none."""

UNKNOWN_ORIGIN = "unknown"
"""Origin of the API keys of earlier releases, and of all keys that descend from them."""

Tier = Literal["FREE", "BASIC", "PROFESSIONAL", "ENTERPRISE"]


TIERS: tuple[Tier, ...] = get_args(Tier)
"""All tiers in ascending order. A tier includes everything that the tiers before it offer."""


Role = Literal["producer", "viewer", "member", "admin", "operator"]
"""The role of an API key: report usage, read, use or administer its own tenant, or operate the deployment."""


Permission = Literal[
    "scores:read",
    "scores:write",
    "batches:read",
    "batches:write",
    "outcomes:read",
    "outcomes:write",
    "models:read",
    "models:promote",
    "findings:decide",
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
    "alerts:read",
    "alerts:send",
    "alerts:acknowledge",
    "alerting:configure",
    "webhooks:manage",
    "breakers:read",
    "breakers:manage",
    "failures:read",
    "failures:manage",
    "objectives:read",
    "metrics:read",
    "incidents:read",
    "incidents:run",
]


_VIEWER: frozenset[Permission] = frozenset(
    {
        *("scores:read", "batches:read", "outcomes:read", "models:read"),
        *("flags:read", "usage:read", "costs:read", "dlq:read", "health:read", "consents:read"),
        *("alerts:read", "breakers:read"),
    }
)


_MEMBER: frozenset[Permission] = _VIEWER | {
    *("scores:write", "batches:write", "outcomes:write", "consents:write"),
    *("alerts:send", "alerts:acknowledge"),
}


_ADMIN: frozenset[Permission] = _MEMBER | {
    *("tenants:read", "tenants:configure", "keys:manage", "dlq:manage", "budgets:write", "usage:write"),
    "findings:decide",
    *("subjects:export", "subjects:erase", "alerting:configure", "webhooks:manage", "breakers:manage"),
}


_OPERATOR: frozenset[Permission] = _ADMIN | {
    *("models:promote", "tenants:manage", "flags:write", "prices:write"),
    *("failures:read", "failures:manage", "objectives:read", "metrics:read"),
    *("incidents:read", "incidents:run"),
}


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    "producer": frozenset({"usage:write"}),
    "viewer": _VIEWER,
    "member": _MEMBER,
    "admin": _ADMIN,
    "operator": _OPERATOR,
}
"""Permissions of each role. Every role except `operator` is confined to the data of its own tenant."""


def effective_permissions(role: Role, own: frozenset[Permission] | None) -> frozenset[Permission]:
    """Return the permissions of a key: all of its role, or only its own ones if it has a list."""
    return PERMISSIONS[role] if own is None else PERMISSIONS[role] & own


def sort_permissions(permissions: frozenset[Permission]) -> list[Permission]:
    """Return the given permissions in the order of the type `Permission`."""
    return [permission for permission in get_args(Permission) if permission in permissions]


KEYS_AT_FULL_RATE: Mapping[Tier, int] = {"FREE": 5, "BASIC": 10, "PROFESSIONAL": 20, "ENTERPRISE": 40}
"""Number of API keys that may use their whole key limit at once, by tier: the default of the tenant limit."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Maximum requests per clock minute and per clock hour."""

    per_minute: int
    per_hour: int

    def times(self, number: int) -> "Rates":
        """Return the rates of a number of keys together."""
        return Rates(self.per_minute * number, self.per_hour * number)


_rates = lru_cache(maxsize=256)(Rates)


@dataclass(frozen=True, slots=True)
class Limits:
    """Usage limits of a tenant; None is unlimited."""

    predictions_per_month: int | None
    per_minute: int
    """Requests of each API key per clock minute."""
    per_hour: int
    """Requests of each API key per clock hour."""
    storage_gb: int | None
    tenant_per_minute: int
    """Requests of all API keys of the tenant together per clock minute."""
    tenant_per_hour: int
    """Requests of all API keys of the tenant together per clock hour."""
    hard_stop: SpendLimit | None = None
    """Spend limit of predictions, if the tenant has budgets with a hard stop."""

    @property
    def key_rates(self) -> Rates:
        """The key limit."""
        return _rates(self.per_minute, self.per_hour)

    @property
    def tenant_rates(self) -> Rates:
        """The tenant limit."""
        return _rates(self.tenant_per_minute, self.tenant_per_hour)

    def to_context(self) -> dict[str, str]:
        """Return the limits as compact JSON for the authorizer's context.

        The tenant limit has a field of its own, because functions of earlier releases refuse unknown names in `limits`.
        """
        fields = {name: value for name, value in asdict(self).items() if name not in _OWN_FIELDS}
        if self.hard_stop:
            fields["hard_stop"] = self.hard_stop.to_stored()
        return {"limits": _compact(fields), "tenant_rates": _compact(asdict(self.tenant_rates))}

    @classmethod
    def from_context(cls, limits: str, tenant_rates: str | None, tier: Tier) -> "Limits":
        """Return the limits of texts made by `to_context`; without `tenant_rates`, with the tier's tenant limit."""
        fields = json.loads(limits)
        stop = fields.pop("hard_stop", None)
        default = Rates(fields["per_minute"], fields["per_hour"]).times(KEYS_AT_FULL_RATE[tier])
        rates = Rates(**json.loads(tenant_rates)) if tenant_rates else default
        return cls(
            **fields,
            tenant_per_minute=rates.per_minute,
            tenant_per_hour=rates.per_hour,
            hard_stop=SpendLimit.from_stored(stop) if stop else None,
        )


_OWN_FIELDS = {"tenant_per_minute", "tenant_per_hour", "hard_stop"}


def _compact(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"))
