"""`/v1/incidents`: incidents, the steps of their runbooks, and their reports. Only operators may use it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from vigil.operations.incidents.authors_model import Author
from vigil.operations.incidents.markdown_model import to_markdown
from vigil.operations.incidents.model import IncidentState
from vigil.operations.incidents.report_schemas import IncidentReportView
from vigil.operations.incidents.schemas import (
    ConfirmBody,
    IncidentBody,
    IncidentList,
    IncidentStepView,
    IncidentSummaryView,
    IncidentView,
    NoteBody,
    ResolveBody,
    RunBody,
    SignBody,
)
from vigil.operations.incidents.service import Incidents
from vigil.web import gateway
from vigil.web.app_state import from_app
from vigil.web.field_types import as_query_whole_number
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends

router = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("incidents:read")]
Runner = Annotated[Principal, requires("incidents:run")]
IncidentId = Annotated[str, Path(max_length=64)]
StepNumber = Annotated[int, Path(ge=1, le=20, description="Number of the step, from 1."), as_query_whole_number]
_WRITES = (400, 401, 403, 404, 409, 413, 415, 422, 503)
_REPORT: dict[str, Any] = {"content": {"text/markdown": {"schema": {"type": "string"}, "example": "# Incident"}}}
Service = Annotated[Incidents, from_app("incidents")]


@router.post("", status_code=201, summary="Open an incident", responses={201: sends("Location"), **responses(*_WRITES)})
async def create(
    request: Request, response: Response, body: IncidentBody, incidents: Service, caller: Runner
) -> IncidentView:
    """Open an incident of a type, or from an alert that has a runbook. It escalates at `due_at` while open.

    An alert has one incident at a time, and one per episode. A further call returns that incident.
    """
    incident = incidents.open(body.type, body.alert or "", body.scope.to_scope(), _author(caller))
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/incidents/{incident.incident_id}"
    return IncidentView.from_incident(incident)


@router.get("", name="list", summary="List incidents", responses=responses(400, 401, 403, 422, 503))
async def page(
    incidents: Service,
    _caller: Reader,
    place: RequestedPage,
    state: Annotated[IncidentState, Query(description="Open or resolved incidents.")] = "open",
    limit: PageSize = 20,
) -> IncidentList:
    """List open or resolved incidents, latest first. A change can take a second to appear."""
    scope = f"incidents\n{state}"
    found = incidents.page(state, place.after(scope), limit)
    items = [IncidentSummaryView.from_incident(each) for each in found.incidents]
    return IncidentList(items=items, next_cursor=place.next_cursor(scope, found.next))


@router.get("/{incident_id}", summary="Fetch an incident", responses=responses(401, 403, 404, 503))
async def get(incident_id: IncidentId, incidents: Service, _caller: Reader) -> IncidentView:
    """Return an incident with its steps."""
    return IncidentView.from_incident(incidents.get(incident_id))


@router.post(
    "/{incident_id}/steps/{number}/run",
    status_code=202,
    name="run_step",
    summary="Run a step",
    responses=responses(*_WRITES),
)
async def run(
    incident_id: IncidentId, number: StepNumber, body: RunBody, incidents: Service, caller: Runner
) -> IncidentStepView:
    """Start a check, or the dry run of an action, which changes nothing. Fetch the incident for the result.

    The steps before it must be finished, and no step after it may run. A finished step may run again. The dry runs of
    later steps are then withdrawn.
    """
    incident = incidents.run(incident_id, number, body.action or "", _author(caller))
    return IncidentStepView.from_step(number, incident.step(number))


@router.post(
    "/{incident_id}/steps/{number}/confirm",
    status_code=202,
    name="confirm_step",
    summary="Confirm an action",
    responses=responses(*_WRITES),
)
async def confirm(
    incident_id: IncidentId,
    number: StepNumber,
    incidents: Service,
    caller: Runner,
    body: ConfirmBody | None = None,
) -> IncidentStepView:
    """Start the action whose dry run is done, at most 15 minutes after it. It has its effect once.

    Send the `attempt` of the dry run that you have read. The confirmation of another dry run is refused.

    A new run of an earlier step withdraws the dry run. The actions of `security_breach` need a second person. That
    person's key has another origin than the key of the dry run, and is older than the incident.
    """
    incident = incidents.confirm(incident_id, number, _author(caller), body.attempt if body else None)
    return IncidentStepView.from_step(number, incident.step(number))


@router.post(
    "/{incident_id}/steps/{number}/sign",
    name="sign_step",
    summary="Sign a manual step off",
    responses=responses(*_WRITES),
)
async def sign(
    incident_id: IncidentId, number: StepNumber, body: SignBody, incidents: Service, caller: Runner
) -> IncidentStepView:
    """Sign a manual step off with a name and a note."""
    incident = incidents.sign(incident_id, number, body.name, body.note, _author(caller))
    return IncidentStepView.from_step(number, incident.step(number))


@router.post(
    "/{incident_id}/steps/{number}/skip", name="skip_step", summary="Skip a step", responses=responses(*_WRITES)
)
async def skip(
    incident_id: IncidentId, number: StepNumber, body: NoteBody, incidents: Service, caller: Runner
) -> IncidentStepView:
    """Skip a step with a note. The report lists it as an open action."""
    incident = incidents.skip(incident_id, number, body.note, _author(caller))
    return IncidentStepView.from_step(number, incident.step(number))


@router.post("/{incident_id}/escalate", summary="Escalate an incident", responses=responses(*_WRITES))
async def escalate(incident_id: IncidentId, body: NoteBody, incidents: Service, caller: Runner) -> IncidentView:
    """Escalate an open incident: it becomes a CRITICAL alert of the operators. A second call has no effect."""
    return IncidentView.from_incident(incidents.escalate(incident_id, body.note, _author(caller)))


@router.post("/{incident_id}/resolve", summary="Resolve an incident", responses=responses(*_WRITES))
async def resolve(incident_id: IncidentId, body: ResolveBody, incidents: Service, caller: Runner) -> IncidentView:
    """Resolve an incident whose steps are all done or skipped."""
    incident = incidents.resolve(incident_id, body.cause, tuple(body.follow_ups), _author(caller))
    return IncidentView.from_incident(incident)


@router.get(
    "/{incident_id}/report",
    summary="Fetch the report of an incident",
    response_model=IncidentReportView,
    responses={200: _REPORT, **responses(401, 403, 404, 422, 503)},
)
async def report(
    incident_id: IncidentId,
    incidents: Service,
    _caller: Reader,
    text_format: Annotated[Literal["json", "markdown"], Query(alias="format")] = "json",
) -> Any:
    """Return the report: figures from the timeline, steps, findings, cause, open actions and the timeline itself."""
    found = incidents.report(incident_id)
    if text_format == "markdown":
        return Response(to_markdown(found), media_type="text/markdown")
    return IncidentReportView.from_report(found)


def _author(caller: Principal) -> Author:
    return Author(caller.actor, tuple(sorted(caller.key_origins)), caller.key_created_at or "")
