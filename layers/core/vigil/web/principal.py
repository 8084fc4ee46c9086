"""The caller of a request and its permissions. The tenant comes from the credential, never from the request."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.types import Scope

from vigil.errors import Forbidden, TenantMismatch, TierRequired, Unauthenticated
from vigil.kernel.tenants import (
    OPERATORS,
    PERMISSIONS,
    TIERS,
    UNKNOWN_ORIGIN,
    Limits,
    Permission,
    Role,
    Tier,
    effective_permissions,
    sort_permissions,
)
from vigil.runtime import telemetry
from vigil.web.header_fields import find_header, header_values

KEY_EXPIRY_HEADER = "vigil-key-expires-at"
"""Response header with the time at which the caller's key expires; only if that is near."""
_REQUIRED = ("tenant_id", "key_id", "tier", "role", "limits")
_OPTIONAL = ("tenant_rates", "consents", "permissions", "key_expires_at", "key_created_at", "key_origins")
_CALLER = "vigil.caller"
"""Key of the ASGI scope under which the caller of the request is stored."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The tenant, key, tier, role and limits of a caller; `consents` is True if the tenant records consents.

    `permissions` is the key's own list, or None for all permissions of the role. `key_expires_at` is the time at which
    the key expires, if that is near. `key_origins` are the keys of the command line from which the key descends. An
    authorizer of an earlier release names neither them nor `key_created_at`.
    """

    tenant_id: str
    key_id: str
    tier: Tier
    role: Role
    limits: Limits
    consents: bool = False
    permissions: frozenset[Permission] | None = None
    key_expires_at: str | None = None
    key_created_at: str | None = None
    key_origins: frozenset[str] = frozenset({UNKNOWN_ORIGIN})

    def has_permission(self, permission: Permission) -> bool:
        """Return True if the caller's key has a permission."""
        return permission in effective_permissions(self.role, self.permissions)

    @property
    def confined_to(self) -> str | None:
        """The only tenant that the request may access; None for operators, because they may access all tenants."""
        return None if self.role == "operator" else self.tenant_id

    @property
    def acting_tenant(self) -> str:
        """The tenant whose alerts, channels, webhooks and circuits the request is about.

        Operators act on those of the deployment, which belong to OPERATORS.
        """
        return OPERATORS if self.role == "operator" else self.tenant_id

    @property
    def actor(self) -> str:
        """Name of the caller in records of changes: the role and the id of the key."""
        return f"{self.role}:{self.key_id}"

    @property
    def authority(self) -> str:
        """The role, followed by the key's own permissions if it has a list. Equal texts mean equal rights."""
        return " ".join([self.role, *(sort_permissions(self.permissions) if self.permissions is not None else ())])


def find_principal(scope: Scope) -> Principal | None:
    """Return the caller that API Gateway's authorizer identified, or None if the request was not authorized."""
    if _CALLER not in scope:
        context = (scope.get("aws.event") or {}).get("requestContext", {}).get("authorizer") or {}
        required = tuple(map(context.get, _REQUIRED))
        scope[_CALLER] = _principal(required, tuple(map(context.get, _OPTIONAL))) if all(required) else None
    caller: Principal | None = scope[_CALLER]
    return caller


@lru_cache(maxsize=256)
def _principal(required: tuple[Any, ...], optional: tuple[str | None, ...]) -> Principal | None:
    """Return the caller of an authorizer's context, which is the same for all requests of a key."""
    tenant_id, key_id, tier, role, limits = required
    tenant_rates, consents, permissions, key_expires_at, key_created_at, key_origins = optional
    if role not in PERMISSIONS:
        return None
    return Principal(
        tenant_id,
        key_id,
        tier,
        role,
        Limits.from_context(limits, tenant_rates, tier),
        consents == "true",
        None if permissions is None else _permissions(permissions),
        key_expires_at,
        key_created_at,
        frozenset((key_origins or UNKNOWN_ORIGIN).split()),
    )


def _permissions(encoded: str) -> frozenset[Permission]:
    """Return the permissions of the authorizer's context. Names of a later release grant nothing here."""
    return frozenset(name for name in get_args(Permission) if name in encoded.split())


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
    named = [*header_values(request.scope, "x-tenant-id")]
    if domain := request.app.state.tenant_domain:
        host = (find_header(request.scope, "host") or "").partition(":")[0].lower()
        named += [host.removesuffix(f".{domain}")] if host.endswith(f".{domain}") else []
    return named


@dataclass(frozen=True, slots=True)
class PermissionGuard:
    """FastAPI dependency that returns the caller, and raises Forbidden for a key without the permission."""

    permission: Permission

    async def __call__(self, request: Request) -> Principal:
        """Return the caller of a request."""
        caller = await require_principal(request)
        if not caller.has_permission(self.permission):
            raise Forbidden(f"This request needs the permission {self.permission}. Use a key that has it.")
        return caller


def requires(permission: Permission) -> Any:
    """Return the dependency that passes the caller to a route and requires a permission of its key.

    Usage: `caller: Annotated[Principal, requires("scores:write")]`. Other callers get a 403 `forbidden`.
    """
    if permission not in get_args(Permission):
        raise ValueError(f"unknown permission: {permission}")  # annotations are not type-checked
    return Depends(PermissionGuard(permission))


def required_permission(route: APIRoute) -> Permission | None:
    """Return the permission that a route requires, or None if it requires none."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, PermissionGuard):
            return dependant.call.permission
        waiting += dependant.dependencies
    return None


def requires_tier(lowest: Tier) -> Any:
    """Return the dependency that rejects tenants below a tier with a 403 `tier-required`."""
    allowed = frozenset(TIERS[TIERS.index(lowest) :])

    async def guard(caller: Annotated[Principal, Depends(require_principal)]) -> Principal:
        if caller.tier not in allowed:
            raise TierRequired(f"This request needs the tier {lowest} or a larger one; the tenant has {caller.tier}.")
        return caller

    return Depends(guard)
