"""`/v1/tenants`: tenants, for operators, and what their own administrators may decide."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from vigil.access.tenants.model import Tenant
from vigil.access.tenants.schemas import TenantBody, TenantList, TenantPatch, TenantView, given
from vigil.access.tenants.service import Change, Tenants
from vigil.errors import Forbidden
from vigil.runtime import telemetry
from vigil.web import gateway
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import Asked, Limit
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses
from vigil.web.tenant_routes import TenantId, check_administrator

router = APIRouter(prefix="/v1/tenants", tags=["tenants"], route_class=IdempotentRoute)
Manager = Annotated[Principal, requires("tenants:manage")]
Reader = Annotated[Principal, requires("tenants:read")]
Configurer = Annotated[Principal, requires("tenants:configure")]
IfMatch = Annotated[
    str | None,
    Header(pattern=r'^(\*|"[0-9]{1,12}")$', description="The ETag that the change is meant for; another is a 412."),
]


@router.post(
    "", status_code=201, summary="Create a tenant", responses=responses(400, 401, 403, 409, 413, 415, 422, 503)
)
async def create(request: Request, response: Response, body: TenantBody, _: Manager) -> TenantView:
    """Create an active tenant, which has no key yet. The id of a closed tenant is not given again. For operators."""
    tenants: Tenants = request.app.state.tenants
    telemetry.current.get().target_tenant = body.tenant_id
    tenant = tenants.create(body.tenant_id, body.tier, Change(limits=given(body.limits), settings=given(body.settings)))
    response.headers["Location"] = f"{gateway.prefix(request)}/v1/tenants/{tenant.tenant_id}"
    return _view(tenant, response)


@router.get("", summary="List tenants", responses=responses(400, 401, 403, 422, 503))
async def page(
    request: Request,
    caller: Manager,
    place: Asked,
    limit: Limit = 20,
) -> TenantList:
    """List all tenants by id, closed ones too. A new tenant may take a second to appear. For operators."""
    tenants: Tenants = request.app.state.tenants
    scope = f"tenants\n{caller.tenant_id}"
    found = tenants.page(place.after(scope), limit)
    items = [TenantView.of(tenant) for tenant in found.tenants]
    return TenantList(items=items, next_cursor=place.next(scope, found.next))


@router.get("/{tenant_id}", summary="Show a tenant", responses=responses(401, 403, 404, 503))
async def get(request: Request, response: Response, tenant_id: TenantId, caller: Reader) -> TenantView:
    """Return a tenant: any for operators, its own for an administrator."""
    tenants: Tenants = request.app.state.tenants
    check_administrator(caller, tenant_id)
    return _view(tenants.get(tenant_id), response)


@router.patch(
    "/{tenant_id}",
    summary="Change a tenant",
    responses=responses(400, 401, 403, 404, 409, 412, 413, 415, 422, 503),
)
async def change(
    request: Request,
    response: Response,
    tenant_id: TenantId,
    body: TenantPatch,
    caller: Configurer,
    if_match: IfMatch = None,
) -> TenantView:
    """Change what is given, whole or not at all. Tier, status and limits are for operators to say, of others.

    A suspended tenant's requests are refused and a resumed one's pass within 60 s. `offboarding` refuses all keys for
    good and erases what the tenant owns.
    """
    tenants: Tenants = request.app.state.tenants
    check_administrator(caller, tenant_id)
    agreed = given(body).keys() - {"settings"}
    if agreed and not caller.may("tenants:manage"):
        raise Forbidden("Only operators change the tier, status or limits of a tenant.")
    if "status" in agreed and tenant_id == caller.tenant_id:
        raise Forbidden("Nobody suspends or offboards the tenant of the very key that asks for it.")
    wanted = Change(body.tier, body.status, given(body.limits), given(body.settings))
    version = int(if_match.strip('"')) if if_match and if_match != "*" else None
    return _view(tenants.change(tenant_id, wanted, version), response)


def _view(tenant: Tenant, response: Response) -> TenantView:
    response.headers["ETag"] = f'"{tenant.version}"'
    return TenantView.of(tenant)
