"""Tiers, roles, permissions and limits of tenants."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from vigil.kernel.money import SpendLimit

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


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a tenant may use. None is unlimited. The rates are per key and per minute or hour of the clock."""

    predictions_per_month: int | None
    per_minute: int
    per_hour: int
    storage_gb: int | None
    hard_stop: SpendLimit | None = None
    """What predictions may cost, where the tenant has set budgets that stop them."""

    def encoded(self) -> str:
        """Return compact JSON, as the authorizer's context carries it."""
        said = {name: value for name, value in asdict(self).items() if name != "hard_stop"}
        if self.hard_stop:
            said["hard_stop"] = self.hard_stop.to_stored()
        return json.dumps(said, separators=(",", ":"))

    @classmethod
    def decoded(cls, text: str) -> "Limits":
        """Return the limits that were encoded so."""
        said = json.loads(text)
        stop = said.pop("hard_stop", None)
        return cls(**said, hard_stop=SpendLimit.from_stored(stop) if stop else None)
