"""Tiers, roles, permissions and limits of tenants."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from vigil.kernel.money import SpendLimit

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
    *("scores:write", "batches:write", "outcomes:write", "consents:write"),
}


_ADMIN: frozenset[Permission] = _MEMBER | {
    *("tenants:read", "tenants:configure", "keys:manage", "dlq:manage", "budgets:write", "usage:write"),
    *("subjects:export", "subjects:erase"),
}


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    "producer": frozenset({"usage:write"}),
    "viewer": _VIEWER,
    "member": _MEMBER,
    "admin": _ADMIN,
    "operator": _ADMIN | {"models:promote", "tenants:manage", "flags:write", "prices:write"},
}
"""Permissions of each role. Every role except `operator` is confined to the data of its own tenant."""


def effective_permissions(role: Role, own: frozenset[Permission] | None) -> frozenset[Permission]:
    """Return the permissions of a key: all of its role, or only its own ones if it has a list."""
    return PERMISSIONS[role] if own is None else PERMISSIONS[role] & own


def list_permissions(permissions: frozenset[Permission]) -> list[Permission]:
    """Return permissions in the order of the documentation."""
    return [permission for permission in get_args(Permission) if permission in permissions]


@dataclass(frozen=True, slots=True)
class Limits:
    """Usage limits of a tenant; None is unlimited. The rates apply per API key and per clock minute or hour."""

    predictions_per_month: int | None
    per_minute: int
    per_hour: int
    storage_gb: int | None
    hard_stop: SpendLimit | None = None
    """Spend limit of predictions, if the tenant has budgets with a hard stop."""

    def to_json(self) -> str:
        """Return the limits as compact JSON for the authorizer's context."""
        fields = {name: value for name, value in asdict(self).items() if name != "hard_stop"}
        if self.hard_stop:
            fields["hard_stop"] = self.hard_stop.to_stored()
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Limits":
        """Return the limits of a text made by `to_json`."""
        fields = json.loads(text)
        stop = fields.pop("hard_stop", None)
        return cls(**fields, hard_stop=SpendLimit.from_stored(stop) if stop else None)
