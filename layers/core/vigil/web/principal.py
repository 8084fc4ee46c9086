"""Who is asking, and may they: the tenant that the authorizer found behind the credential, never one that is named."""

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
    """The tenant, key, tier, role and limits of a request, and whether the tenant keeps consents of persons."""

    tenant_id: str
    key_id: str
    tier: Tier
    role: Role
    limits: Limits
    consents: bool = False

    def may(self, permission: Permission) -> bool:
        """Say whether the caller's role carries a permission."""
        return permission in PERMISSIONS[self.role]

    @property
    def confined_to(self) -> str | None:
        """The only tenant whose data a request may touch; None for operators, who run the deployment for all."""
        return None if self.may("tenants:manage") else self.tenant_id


def find(scope: Scope) -> Principal | None:
    """Return who API Gateway's authorizer found behind the credential, None where it was not asked."""
    context = (scope.get("aws.event") or {}).get("requestContext", {}).get("authorizer") or {}
    if not all(context.get(name) for name in _CONTEXT) or context["role"] not in PERMISSIONS:
        return None
    tenant_id, key_id, tier, role, limits = (context[name] for name in _CONTEXT)
    return Principal(tenant_id, key_id, tier, role, _limits(limits), context.get("consents") == "true")


@lru_cache(maxsize=64)
def _limits(encoded: str) -> Limits:
    return Limits.decoded(encoded)


async def principal(request: Request) -> Principal:
    """Return the caller; raise Unauthenticated where there is none."""
    if (caller := find(request.scope)) is None:
        raise Unauthenticated("This resource needs a credential.")
    facts = telemetry.current.get()
    facts.tenant_id, facts.key_id = caller.tenant_id, caller.key_id
    if any(name != caller.tenant_id for name in _named(request)):
        raise TenantMismatch("X-Tenant-ID, or the host, names another tenant than the credential.")
    return caller


def _named(request: Request) -> list[str]:
    """Return the tenants that a request itself names: in headers, and by the first label before our own domain.

    This is no business of the authorizer's, whose answers API Gateway keeps by the Authorization header alone.
    """
    named = request.headers.getlist("x-tenant-id")
    if domain := request.app.state.tenant_domain:
        host = request.headers.get("host", "").partition(":")[0].lower()
        named += [host.removesuffix(f".{domain}")] if host.endswith(f".{domain}") else []
    return named


def requires(permission: Permission) -> Any:
    """Return the dependency that gives the caller to a route, and refuses one whose role lacks the permission.

    `caller: Annotated[Principal, requires("scores:write")]`. The answer to a refused caller is a 403 `forbidden`.
    """
    if permission not in get_args(Permission):
        raise ValueError("no such permission")  # annotations are not type-checked

    async def guard(request: Request) -> Principal:
        caller = await principal(request)
        if not caller.may(permission):
            raise Forbidden(f"This needs the permission {permission}.")
        return caller

    return Depends(guard)


def requires_tier(lowest: Tier) -> Any:
    """Return the dependency that refuses tenants below a tier, with a 403 `tier-required`."""
    enough = frozenset(TIERS[TIERS.index(lowest) :])

    async def guard(caller: Annotated[Principal, Depends(principal)]) -> Principal:
        if caller.tier not in enough:
            raise TierRequired(f"This needs the tier {lowest} or a larger one.")
        return caller

    return Depends(guard)
