"""`/v1/tenants/{tenant_id}/keys`: administration of API keys by a tenant's administrators."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Request, Response

from vigil.access.keys.model import Grantor, Rights
from vigil.access.keys.schemas import KeyBody, KeyList, KeyView, NewKeyView, RotationBody
from vigil.access.keys.service import ApiKeys
from vigil.web import gateway
from vigil.web.app_state import Now, from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends
from vigil.web.tenant_routes import TenantId, check_administrator

router = APIRouter(prefix="/v1/tenants/{tenant_id}/keys", tags=["keys"], route_class=IdempotentRoute)
KeyId = Annotated[str, Path(max_length=64)]
Administrator = Annotated[Principal, requires("keys:manage")]
Service = Annotated[ApiKeys, from_app("keys")]


@dataclass(frozen=True, slots=True)
class KeyPath:
    """Parameters of a path that names one key."""

    tenant_id: str
    key_id: str


async def _read_path(tenant_id: TenantId, key_id: KeyId) -> KeyPath:
    return KeyPath(tenant_id, key_id)


NamedKey = Annotated[KeyPath, Depends(_read_path)]


@router.post(
    "",
    status_code=201,
    summary="Create a key",
    responses={201: sends("Location"), **responses(400, 401, 403, 404, 409, 413, 415, 422, 503)},
)
async def create(
    request: Request,
    keys: Service,
    now: Now,
    response: Response,
    tenant_id: TenantId,
    body: KeyBody,
    caller: Administrator,
) -> NewKeyView:
    """Create a key. Its permissions must not exceed yours. Only this response contains the key's secret."""
    check_administrator(caller, tenant_id)
    permissions = frozenset(body.permissions) if body.permissions is not None else None
    new = keys.create(tenant_id, body.role, body.label, body.expires_at, permissions=permissions, by=_grantor(caller))
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/tenants/{tenant_id}/keys/{new.key.key_id}"
    return NewKeyView.from_new_key(new, now)


@router.get("", name="list", summary="List keys", responses=responses(400, 401, 403, 404, 422, 503))
async def page(
    keys: Service,
    now: Now,
    tenant_id: TenantId,
    caller: Administrator,
    place: RequestedPage,
    limit: PageSize = 20,
) -> KeyList:
    """List a tenant's keys without secrets, oldest first. A new key may appear after a second."""
    scope = f"keys\n{check_administrator(caller, tenant_id)}"
    found = keys.page(tenant_id, place.after(scope), limit)
    return KeyList(
        items=[KeyView.from_key(key, now) for key in found.keys],
        next_cursor=place.next_cursor(scope, found.next),
    )


@router.get("/{key_id}", summary="Show a key", responses=responses(401, 403, 404, 503))
async def get(keys: Service, now: Now, named: NamedKey, caller: Administrator) -> KeyView:
    """Return a key without its secret."""
    return KeyView.from_key(keys.get(check_administrator(caller, named.tenant_id), named.key_id), now)


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    summary="Rotate a key",
    responses={201: sends("Location"), **responses(400, 401, 403, 404, 409, 413, 415, 422, 503)},
)
async def rotate(
    request: Request,
    keys: Service,
    now: Now,
    response: Response,
    named: NamedKey,
    caller: Administrator,
    body: Annotated[RotationBody, Body(default_factory=RotationBody)],
) -> NewKeyView:
    """Replace a key by a new one with the same rights. A request without a body uses the defaults.

    Both work during the overlap, so clients can switch without failed requests.
    """
    tenant_id = check_administrator(caller, named.tenant_id)
    overlap = timedelta(hours=body.overlap_hours) if body.overlap_hours is not None else None
    new = keys.rotate(tenant_id, named.key_id, overlap, body.expires_at, by=_grantor(caller))
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/tenants/{tenant_id}/keys/{new.key.key_id}"
    return NewKeyView.from_new_key(new, now)


@router.delete("/{key_id}", status_code=204, summary="Revoke a key", responses=responses(401, 403, 404, 503))
async def revoke(keys: Service, named: NamedKey, caller: Administrator) -> None:
    """Revoke a key. It stops working within 60 s; a second call has no effect."""
    keys.revoke(check_administrator(caller, named.tenant_id), named.key_id, by=_grantor(caller))


def _grantor(caller: Principal) -> Grantor:
    return Grantor(Rights(caller.role, caller.permissions), caller.key_origins)
