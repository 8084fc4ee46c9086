"""`/v1/alerting/schedules`: schedules of a tenant, the member on call, and the shifts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from vigil.alerting.oncall.model import Schedule
from vigil.alerting.oncall.schemas import OnCallView, ScheduleBody, ScheduleList, ScheduleView, ShiftList, ShiftView
from vigil.alerting.oncall.service import OnCall
from vigil.web import gateway, versions
from vigil.web.app_state import from_app
from vigil.web.field_types import Moment
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses
from vigil.web.versions import ExpectedVersion, set_etag

PATH = "/v1/alerting/schedules"
router = APIRouter(prefix=PATH, tags=["schedules"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("alerts:read")]
Configurer = Annotated[Principal, requires("alerting:configure")]
ScheduleId = Annotated[str, Path(max_length=40)]
Service = Annotated[OnCall, from_app("on_call")]


@router.get("", name="list", summary="List schedules", responses=versions.LISTED)
async def list_schedules(on_call: Service, caller: Reader) -> ScheduleList:
    """Return every schedule of the tenant."""
    found = on_call.plan(caller.acting_tenant).schedules.values()
    return ScheduleList(items=list(map(ScheduleView.from_schedule, found)))


@router.post("", name="create", status_code=201, summary="Create a schedule", responses=versions.CREATED)
async def create_schedule(
    request: Request, response: Response, body: ScheduleBody, on_call: Service, caller: Configurer
) -> ScheduleView:
    """Create a schedule of at most ten layers. All people that it names must be members."""
    schedule = on_call.create_schedule(caller.acting_tenant, body.to_schedule())
    response.headers["Location"] = f"{gateway.stage_prefix(request)}{PATH}/{schedule.schedule_id}"
    return _view(schedule, response)


@router.get("/{schedule_id}", name="get", summary="Fetch a schedule", responses=versions.FETCHED)
async def get_schedule(schedule_id: ScheduleId, response: Response, on_call: Service, caller: Reader) -> ScheduleView:
    """Return a schedule."""
    return _view(on_call.schedule(caller.acting_tenant, schedule_id), response)


@router.put("/{schedule_id}", name="set", summary="Replace a schedule", responses=versions.CHANGED)
async def put_schedule(
    schedule_id: ScheduleId,
    body: ScheduleBody,
    response: Response,
    on_call: Service,
    caller: Configurer,
    version: ExpectedVersion,
) -> ScheduleView:
    """Replace a schedule. Alerts follow the change within a minute.

    `If-Match` is optional; with it, the response is 412 if the schedule has another version.
    """
    schedule = on_call.replace_schedule(caller.acting_tenant, body.to_schedule(schedule_id), version)
    return _view(schedule, response)


@router.delete(
    "/{schedule_id}", name="delete", status_code=204, summary="Delete a schedule", responses=versions.DELETED
)
async def delete_schedule(
    schedule_id: ScheduleId, on_call: Service, caller: Configurer, version: ExpectedVersion
) -> None:
    """Delete a schedule.

    The response is 409, with the ids of the policies, if policies name the schedule. `If-Match` is optional; with it,
    the response is 412 if the schedule has another version.
    """
    on_call.delete_schedule(caller.acting_tenant, schedule_id, version)


@router.get(
    "/{schedule_id}/on-call",
    name="get_on_call",
    summary="Find the member on call",
    responses=responses(401, 403, 404, 422, 503),
)
async def get_on_call(
    schedule_id: ScheduleId,
    on_call: Service,
    caller: Reader,
    at: Annotated[Moment | None, Query(description="Default: now.")] = None,
) -> OnCallView:
    """Return the member on call at a moment, and the end of the shift.

    `member` is null if no layer is on duty. The address of the member is null for callers without `alerting:configure`.
    """
    now = on_call.on_call(caller.acting_tenant, schedule_id, at)
    return OnCallView.from_now(now, caller.has_permission("alerting:configure"))


@router.get(
    "/{schedule_id}/shifts",
    name="list_shifts",
    summary="List the shifts of a schedule",
    responses=responses(401, 403, 404, 422, 503),
)
async def list_shifts(
    schedule_id: ScheduleId,
    on_call: Service,
    caller: Reader,
    start: Annotated[Moment | None, Query(alias="from", description="Default: now.")] = None,
    end: Annotated[
        Moment | None,
        Query(alias="to", description="At most 31 days after `from`. Default: seven days after `from`."),
    ] = None,
) -> ShiftList:
    """Return the shifts between two moments in order. In a gap between two shifts, no member is on call."""
    found = on_call.shifts(caller.acting_tenant, schedule_id, start, end)
    return ShiftList(items=list(map(ShiftView.from_shift, found)))


def _view(schedule: Schedule, response: Response) -> ScheduleView:
    set_etag(response, schedule.version)
    return ScheduleView.from_schedule(schedule)
