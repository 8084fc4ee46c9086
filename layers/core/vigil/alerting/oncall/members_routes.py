"""`/v1/alerting/members`: people of a tenant for on-call duty."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vigil.alerting.oncall.model import Member
from vigil.alerting.oncall.schemas import MemberBody, MemberList, MemberView
from vigil.alerting.oncall.service import OnCall
from vigil.web import gateway, versions
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.versions import ExpectedVersion, set_etag

PATH = "/v1/alerting/members"
router = APIRouter(prefix=PATH, tags=["members"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("alerts:read")]
Configurer = Annotated[Principal, requires("alerting:configure")]
MemberId = Annotated[str, Path(max_length=40)]
Service = Annotated[OnCall, from_app("on_call")]


@router.get("", name="list", summary="List members", responses=versions.LISTED)
async def list_members(on_call: Service, caller: Reader) -> MemberList:
    """Return every member. `address` is null for callers without `alerting:configure`."""
    with_address = caller.has_permission("alerting:configure")
    found = on_call.plan(caller.acting_tenant).members.values()
    return MemberList(items=[MemberView.from_member(member, with_address) for member in found])


@router.post("", name="create", status_code=201, summary="Create a member", responses=versions.CREATED)
async def create_member(
    request: Request, response: Response, body: MemberBody, on_call: Service, caller: Configurer
) -> MemberView:
    """Create a member. Notices to this person go to the address."""
    member = on_call.create_member(caller.acting_tenant, body.to_member())
    response.headers["Location"] = f"{gateway.stage_prefix(request)}{PATH}/{member.member_id}"
    return _view(member, caller, response)


@router.get("/{member_id}", name="get", summary="Fetch a member", responses=versions.FETCHED)
async def get_member(member_id: MemberId, response: Response, on_call: Service, caller: Reader) -> MemberView:
    """Return a member. `address` is null for callers without `alerting:configure`."""
    return _view(on_call.member(caller.acting_tenant, member_id), caller, response)


@router.put("/{member_id}", name="set", summary="Replace a member", responses=versions.CHANGED)
async def put_member(
    member_id: MemberId,
    body: MemberBody,
    response: Response,
    on_call: Service,
    caller: Configurer,
    version: ExpectedVersion,
) -> MemberView:
    """Replace a member.

    `If-Match` is optional; with it, the response is 412 if the member has another version.
    """
    member = on_call.replace_member(caller.acting_tenant, body.to_member(member_id), version)
    return _view(member, caller, response)


@router.delete("/{member_id}", name="delete", status_code=204, summary="Delete a member", responses=versions.DELETED)
async def delete_member(member_id: MemberId, on_call: Service, caller: Configurer, version: ExpectedVersion) -> None:
    """Delete a member, with name and address.

    The response is 409, with the ids of the schedules and policies, if these name the member. `If-Match` is optional;
    with it, the response is 412 if the member has another version.
    """
    on_call.delete_member(caller.acting_tenant, member_id, version)


def _view(member: Member, caller: Principal, response: Response) -> MemberView:
    set_etag(response, member.version)
    return MemberView.from_member(member, caller.has_permission("alerting:configure"))
