"""`/v1/tenants`: administration of all tenants by operators, and of its own tenant by an administrator."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from vigil.access.tenants.model import Tenant
from vigil.access.tenants.schemas import TenantBody, TenantList, TenantPatch, TenantView, provided_fields
from vigil.access.tenants.service import TenantChange, Tenants
from vigil.errors import Forbidden
from vigil.runtime import telemetry
from vigil.web import gateway
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends
from vigil.web.tenant_routes import TenantId, check_administrator
from vigil.web.versions import ExpectedVersion, set_etag

router = APIRouter(prefix="/v1/tenants", tags=["tenants"], route_class=IdempotentRoute)
Manager = Annotated[Principal, requires("tenants:manage")]
Reader = Annotated[Principal, requires("tenants:read")]
Configurer = Annotated[Principal, requires("tenants:configure")]
Service = Annotated[Tenants, from_app("tenants")]


@router.post(
    "",
    status_code=201,
    summary="Create a tenant",
    responses={201: sends("ETag", "Location"), **responses(400, 401, 403, 409, 413, 415, 422, 503)},
)
async def create(request: Request, tenants: Service, response: Response, body: TenantBody, _: Manager) -> TenantView:
    """Create an active tenant without API keys. The id of a closed tenant cannot be reused. Only for operators."""
    telemetry.current.get().target_tenant = body.tenant_id
    tenant = tenants.create(
        body.tenant_id,
        body.tier,
        TenantChange(limits=provided_fields(body.limits), settings=provided_fields(body.settings)),
    )
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/tenants/{tenant.tenant_id}"
    return _view(tenant, response)


@router.get("", name="list", summary="List tenants", responses=responses(400, 401, 403, 422, 503))
async def page(
    tenants: Service,
    caller: Manager,
    place: RequestedPage,
    limit: PageSize = 20,
) -> TenantList:
    """List all tenants by id, including closed ones. A new tenant may appear after a second. Only for operators."""
    scope = f"tenants\n{caller.tenant_id}"
    found = tenants.page(place.after(scope), limit)
    items = [TenantView.from_tenant(tenant) for tenant in found.tenants]
    return TenantList(items=items, next_cursor=place.next_cursor(scope, found.next))


@router.get("/{tenant_id}", summary="Show a tenant", responses={200: sends("ETag"), **responses(401, 403, 404, 503)})
async def get(tenants: Service, response: Response, tenant_id: TenantId, caller: Reader) -> TenantView:
    """Return a tenant. Another tenant than the caller's needs the permission `tenants:manage`."""
    check_administrator(caller, tenant_id)
    return _view(tenants.get(tenant_id), response)


@router.patch(
    "/{tenant_id}",
    name="update",
    summary="Change a tenant",
    responses={200: sends("ETag"), **responses(400, 401, 403, 404, 409, 412, 413, 415, 422, 503)},
)
async def change(
    tenants: Service,
    response: Response,
    tenant_id: TenantId,
    body: TenantPatch,
    caller: Configurer,
    version: ExpectedVersion,
) -> TenantView:
    """Change the given fields, all or none.

    Tier, status and limits need the permission `tenants:manage`. The status of the caller's own tenant cannot be
    changed. A suspension or resumption takes effect within 60 s. `offboarding` is final: it rejects all keys and
    erases the tenant's data.
    """
    check_administrator(caller, tenant_id)
    operator_fields = provided_fields(body).keys() - {"settings"}
    if operator_fields and not caller.has_permission("tenants:manage"):
        raise Forbidden("A change of the tier, status or limits of a tenant needs the permission tenants:manage.")
    if "status" in operator_fields and tenant_id == caller.tenant_id:
        raise Forbidden("The status of the caller's own tenant cannot be changed; use a key of another tenant.")
    tenant_change = TenantChange(body.tier, body.status, provided_fields(body.limits), provided_fields(body.settings))
    return _view(tenants.change(tenant_id, tenant_change, version), response)


def _view(tenant: Tenant, response: Response) -> TenantView:
    set_etag(response, tenant.version)
    return TenantView.from_tenant(tenant)
