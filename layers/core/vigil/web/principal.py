"""The caller of a request and its permissions. The tenant comes from the credential, never from the request."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args

from fastapi import Depends, Request
from starlette.types import Scope

from vigil.errors import Forbidden, TenantMismatch, TierRequired, Unauthenticated
from vigil.kernel.tenants import PERMISSIONS, TIERS, Limits, Permission, Role, Tier
from vigil.runtime import telemetry

_CONTEXT = ("tenant_id", "key_id", "tier", "role", "limits")


@dataclass(frozen=True, slots=True)
class Principal:
    """The tenant, key, tier, role and limits of a caller; `consents` is True if the tenant records consents."""

    tenant_id: str
    key_id: str
    tier: Tier
    role: Role
    limits: Limits
    consents: bool = False

    def has_permission(self, permission: Permission) -> bool:
        """Return True if the caller's role includes a permission."""
        return permission in PERMISSIONS[self.role]

    @property
    def confined_to(self) -> str | None:
        """The only tenant that the request may access; None for operators, because they may access all tenants."""
        return None if self.has_permission("tenants:manage") else self.tenant_id


def find_principal(scope: Scope) -> Principal | None:
    """Return the caller that API Gateway's authorizer identified, or None if the request was not authorized."""
    context = (scope.get("aws.event") or {}).get("requestContext", {}).get("authorizer") or {}
    if not all(context.get(name) for name in _CONTEXT) or context["role"] not in PERMISSIONS:
        return None
    tenant_id, key_id, tier, role, encoded = (context[name] for name in _CONTEXT)
    limits = _limits(encoded, context.get("tenant_rates"), tier)
    return Principal(tenant_id, key_id, tier, role, limits, context.get("consents") == "true")


_limits = lru_cache(maxsize=64)(Limits.from_context)


async def require_principal(request: Request) -> Principal:
    """Return the caller. Raises Unauthenticated, or TenantMismatch if the request names another tenant."""
    if (caller := find_principal(request.scope)) is None:
        raise Unauthenticated("This resource needs an API key or an access token in the Authorization header.")
    facts = telemetry.current.get()
    facts.tenant_id, facts.key_id = caller.tenant_id, caller.key_id
    if any(name != caller.tenant_id for name in _named_tenants(request)):
        raise TenantMismatch("The X-Tenant-ID header or the host names another tenant than the credential.")
    return caller


def _named_tenants(request: Request) -> list[str]:
    """Return the tenants that the request names in `X-Tenant-ID` headers and in the first label of its host.

    The authorizer cannot check them: API Gateway caches its answers by the Authorization header alone.
    """
    named = request.headers.getlist("x-tenant-id")
    if domain := request.app.state.tenant_domain:
        host = request.headers.get("host", "").partition(":")[0].lower()
        named += [host.removesuffix(f".{domain}")] if host.endswith(f".{domain}") else []
    return named


def requires(permission: Permission) -> Any:
    """Return the dependency that passes the caller to a route and requires a permission of its role.

    Usage: `caller: Annotated[Principal, requires("scores:write")]`. Other callers get a 403 `forbidden`.
    """
    if permission not in get_args(Permission):
        raise ValueError(f"unknown permission: {permission}")  # annotations are not type-checked

    async def guard(request: Request) -> Principal:
        caller = await require_principal(request)
        if not caller.has_permission(permission):
            raise Forbidden(f"This request needs the permission {permission}, which the key's role does not include.")
        return caller

    return Depends(guard)


def requires_tier(lowest: Tier) -> Any:
    """Return the dependency that rejects tenants below a tier with a 403 `tier-required`."""
    allowed = frozenset(TIERS[TIERS.index(lowest) :])

    async def guard(caller: Annotated[Principal, Depends(require_principal)]) -> Principal:
        if caller.tier not in allowed:
            raise TierRequired(f"This request needs the tier {lowest} or a larger one; the tenant has {caller.tier}.")
        return caller

    return Depends(guard)
