"""`/v1/tenants/{tenant_id}/keys`: administration of API keys by a tenant's administrators."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response

from vigil.access.keys.model import Rights
from vigil.access.keys.schemas import KeyBody, KeyList, KeyView, NewKeyView, RotationBody
from vigil.access.keys.service import ApiKeys
from vigil.web import gateway
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends
from vigil.web.tenant_routes import TenantId, check_administrator

router = APIRouter(prefix="/v1/tenants/{tenant_id}/keys", tags=["keys"], route_class=IdempotentRoute)
KeyId = Annotated[str, Path(max_length=64)]
Administrator = Annotated[Principal, requires("keys:manage")]


@router.post(
    "",
    status_code=201,
    summary="Create a key",
    responses={201: sends("Location"), **responses(400, 401, 403, 404, 409, 413, 415, 422, 503)},
)
async def create(
    request: Request, response: Response, tenant_id: TenantId, body: KeyBody, caller: Administrator
) -> NewKeyView:
    """Create a key. Its permissions must not exceed yours. Only this response contains the key's secret."""
    keys: ApiKeys = request.app.state.keys
    check_administrator(caller, tenant_id)
    permissions = frozenset(body.permissions) if body.permissions is not None else None
    new = keys.create(tenant_id, body.role, body.label, body.expires_at, permissions=permissions, by=_rights(caller))
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/tenants/{tenant_id}/keys/{new.key.key_id}"
    return NewKeyView.from_new_key(new, _now(request))


@router.get("", name="list", summary="List keys", responses=responses(400, 401, 403, 404, 422, 503))
async def page(
    request: Request,
    tenant_id: TenantId,
    caller: Administrator,
    place: RequestedPage,
    limit: PageSize = 20,
) -> KeyList:
    """List a tenant's keys without secrets, oldest first. A new key may appear after a second."""
    keys: ApiKeys = request.app.state.keys
    scope = f"keys\n{check_administrator(caller, tenant_id)}"
    found = keys.page(tenant_id, place.after(scope), limit)
    return KeyList(
        items=[KeyView.from_key(key, _now(request)) for key in found.keys],
        next_cursor=place.next_cursor(scope, found.next),
    )


@router.get("/{key_id}", summary="Show a key", responses=responses(401, 403, 404, 503))
async def get(request: Request, tenant_id: TenantId, key_id: KeyId, caller: Administrator) -> KeyView:
    """Return a key without its secret."""
    keys: ApiKeys = request.app.state.keys
    return KeyView.from_key(keys.get(check_administrator(caller, tenant_id), key_id), _now(request))


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    summary="Rotate a key",
    responses={201: sends("Location"), **responses(400, 401, 403, 404, 409, 413, 415, 422, 503)},
)
async def rotate(
    request: Request,
    response: Response,
    tenant_id: TenantId,
    key_id: KeyId,
    caller: Administrator,
    body: Annotated[RotationBody, Body(default_factory=RotationBody)],
) -> NewKeyView:
    """Replace a key by a new one with the same rights. A request without a body uses the defaults.

    Both work during the overlap, so clients can switch without failed requests.
    """
    keys: ApiKeys = request.app.state.keys
    check_administrator(caller, tenant_id)
    overlap = timedelta(hours=body.overlap_hours) if body.overlap_hours is not None else None
    new = keys.rotate(tenant_id, key_id, overlap, body.expires_at, by=_rights(caller))
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/tenants/{tenant_id}/keys/{new.key.key_id}"
    return NewKeyView.from_new_key(new, _now(request))


@router.delete("/{key_id}", status_code=204, summary="Revoke a key", responses=responses(401, 403, 404, 503))
async def revoke(request: Request, tenant_id: TenantId, key_id: KeyId, caller: Administrator) -> None:
    """Revoke a key. It stops working within 60 s; a second call has no effect."""
    keys: ApiKeys = request.app.state.keys
    keys.revoke(check_administrator(caller, tenant_id), key_id, by=_rights(caller))


def _rights(caller: Principal) -> Rights:
    return Rights(caller.role, caller.permissions)


def _now(request: Request) -> datetime:
    now: datetime = request.app.state.clock()
    return now
