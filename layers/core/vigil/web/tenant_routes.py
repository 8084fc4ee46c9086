"""Routes of one endpoint under two paths: the caller's own tenant, and any tenant with `tenants:manage`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Request

from vigil.errors import NotFound
from vigil.kernel.tenants import Limits, Permission
from vigil.runtime import telemetry
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_PARAMETER = "tenant_id"
_MAX_CHARACTERS = 64
TenantId = Annotated[str, Path(max_length=_MAX_CHARACTERS)]


@dataclass(frozen=True, slots=True)
class TargetTenant:
    """The tenant that a request is about, and its limits."""

    tenant_id: str
    limits: Limits


def target_tenant(permission: Permission) -> Any:
    """Return the dependency that passes the target tenant to a route: the tenant in the path, or the caller's own.

    Another tenant than the caller's needs `tenants:manage`. Without it, the dependency raises NotFound. The state of
    the app must have `limits_of(tenant_id)`, which raises NotFound for an unknown tenant.
    """

    async def find(request: Request, caller: Annotated[Principal, requires(permission)]) -> TargetTenant:
        named = request.path_params.get(_PARAMETER, caller.tenant_id)
        if named == caller.tenant_id:
            return TargetTenant(named, caller.limits)
        if not caller.has_permission("tenants:manage") or len(named) > _MAX_CHARACTERS:
            raise NotFound("There is no such tenant. Operators list all by GET /v1/tenants.")
        telemetry.current.get().target_tenant = named
        return TargetTenant(named, request.app.state.limits_of(named))

    return Depends(find)


def check_administrator(caller: Principal, tenant_id: str) -> str:
    """Return the tenant id of a path; raise NotFound for another tenant if the caller lacks `tenants:manage`.

    The answer is the same as for an unknown tenant.
    """
    if tenant_id != caller.tenant_id and not caller.has_permission("tenants:manage"):
        raise NotFound("There is no such tenant. Operators list all by GET /v1/tenants.")
    telemetry.current.get().target_tenant = tenant_id
    return tenant_id


def tenant_route(
    router: APIRouter, path: str, *, name: str, summary: str, **settings: Any
) -> Callable[[Endpoint], Endpoint]:
    """Register a GET endpoint under `/v1<path>` and under `/v1/tenants/{tenant_id}<path>`.

    The endpoint has a parameter of the type `TargetTenant`: the caller's own tenant, or the tenant in the path.
    Another tenant than the caller's needs `tenants:manage`.
    """

    def register(endpoint: Endpoint) -> Endpoint:
        router.get(f"/v1{path}", name=name, summary=summary, **settings)(endpoint)
        named = {
            "name": f"{name}_of_tenant",
            "summary": f"{summary}, for any tenant",
            "dependencies": [*settings.get("dependencies", ()), Depends(_check_path)],
            "responses": settings["responses"] | responses(404),
        }
        router.get(f"/v1/tenants/{{{_PARAMETER}}}{path}", **settings | named)(endpoint)
        return endpoint

    return register


async def _check_path(
    tenant_id: Annotated[
        str,
        Path(
            max_length=_MAX_CHARACTERS,
            description="The caller's own tenant, or any tenant with the permission `tenants:manage`.",
        ),
    ],
) -> None:
    """Validate and document the tenant in the path."""
