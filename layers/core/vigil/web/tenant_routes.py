"""Routes about what a tenant owns: its own callers ask for theirs, and operators for any tenant's, by one endpoint."""

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
_LONGEST = 64
TenantId = Annotated[str, Path(max_length=_LONGEST)]


@dataclass(frozen=True, slots=True)
class Owner:
    """The tenant that a request is about, and what holds for it."""

    tenant_id: str
    limits: Limits


def owner(permission: Permission) -> Any:
    """Return the dependency that gives whom a route is about: the caller's tenant, or the one in its path.

    Another than one's own is for operators; to everybody else it looks like one that is not there. Whoever serves such
    routes has `limits_of`, which raises NotFound, in the state of its app.
    """

    async def find(request: Request, caller: Annotated[Principal, requires(permission)]) -> Owner:
        named = request.path_params.get(_PARAMETER, caller.tenant_id)
        if named == caller.tenant_id:
            return Owner(named, caller.limits)
        if not caller.may("tenants:manage") or len(named) > _LONGEST:
            raise NotFound("There is no such tenant.")
        telemetry.current.get().target_tenant = named
        return Owner(named, request.app.state.limits_of(named))

    return Depends(find)


def check_administrator(caller: Principal, tenant_id: str) -> str:
    """Return the tenant id of a path; raise NotFound unless it is the caller's own tenant or the caller is an operator.

    An unknown tenant and another tenant get the same answer.
    """
    if tenant_id != caller.tenant_id and not caller.may("tenants:manage"):
        raise NotFound("There is no such tenant.")
    telemetry.current.get().target_tenant = tenant_id
    return tenant_id


def of_tenants(router: APIRouter, path: str, *, summary: str, **settings: Any) -> Callable[[Endpoint], Endpoint]:
    """Register a GET endpoint that takes an `owner` under `/v1<path>` and under `/v1/tenants/{tenant_id}<path>`."""

    def register(endpoint: Endpoint) -> Endpoint:
        router.get(f"/v1{path}", summary=summary, **settings)(endpoint)
        named = {
            "summary": f"{summary}, of any tenant",
            "dependencies": [*settings.get("dependencies", ()), Depends(_named)],
            "responses": settings["responses"] | responses(404),
        }
        router.get(f"/v1/tenants/{{{_PARAMETER}}}{path}", **settings | named)(endpoint)
        return endpoint

    return register


async def _named(
    tenant_id: Annotated[str, Path(max_length=_LONGEST, description="One's own, or any for operators.")],
) -> None:
    """Have the path's tenant checked and documented."""
