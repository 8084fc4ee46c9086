"""`/v1/usage-events`: report what was used of third parties."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request

from vigil.money.usage.events.model import MOST_EVENTS, Outcome
from vigil.money.usage.events.schemas import OutcomeList, OutcomeView, UsageEventBody
from vigil.money.usage.events.service import UsageEvents
from vigil.web.bodies import BoundedRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import FieldErrorView, responses

MEDIA_TYPE = "application/cloudevents-batch+json"
router = APIRouter(prefix="/v1/usage-events", tags=["usage"], route_class=BoundedRoute)


@router.post(
    "",
    summary="Report use",
    responses=responses(400, 401, 403, 413, 415, 422, 503),
)
async def record(
    request: Request,
    caller: Annotated[Principal, requires("usage:write")],
    events: Annotated[
        list[Any],
        Body(min_length=1, max_length=MOST_EVENTS, json_schema_extra={"items": UsageEventBody.model_json_schema()}),
    ],
) -> OutcomeList:
    """Count events (CloudEvents 1.0, batched) in the hours in which they happened; each source and id counts once."""
    usage_events: UsageEvents = request.app.state.usage_events
    outcomes = usage_events.record(caller.tenant_id, events)
    counts = Counter(outcome.status for outcome in outcomes)
    return OutcomeList(
        items=[_view(outcome) for outcome in outcomes],
        counted=counts["counted"],
        duplicates=counts["duplicate"],
        rejected=counts["rejected"],
    )


def _view(outcome: Outcome) -> OutcomeView:
    errors = [
        FieldErrorView(**{name: getattr(e, name) for name in FieldErrorView.model_fields}) for e in outcome.errors
    ]
    return OutcomeView(outcome=outcome.status, errors=errors or None)
