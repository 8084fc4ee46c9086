"""`/v1/usage-events`: report the usage of third-party services."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request

from vigil.errors import MAX_ERRORS
from vigil.money.usage.events.model import MAX_EVENTS, EventResult
from vigil.money.usage.events.schemas import UsageEventBody, UsageEventResultList, UsageEventResultView
from vigil.money.usage.events.service import UsageEvents
from vigil.web.bodies import BoundedRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import FieldErrorView, documented_as, responses

MEDIA_TYPE = "application/cloudevents-batch+json"
router = APIRouter(prefix="/v1/usage-events", tags=["usage events"], route_class=BoundedRoute)


@router.post(
    "",
    name="create",
    summary="Report usage",
    responses=responses(400, 401, 403, 413, 415, 422, 503),
)
async def record(
    request: Request,
    caller: Annotated[Principal, requires("usage:write")],
    events: Annotated[list[Annotated[Any, documented_as(UsageEventBody)]], Body(min_length=1, max_length=MAX_EVENTS)],
) -> UsageEventResultList:
    """Count events (CloudEvents 1.0, batched) in the hours of their times; each source and id counts once."""
    usage_events: UsageEvents = request.app.state.usage_events
    results = usage_events.record(caller.tenant_id, events)
    counts = Counter(result.status for result in results)
    return UsageEventResultList(
        items=_views(results),
        counted=counts["counted"],
        duplicates=counts["duplicate"],
        rejected=counts["rejected"],
    )


def _views(results: Sequence[EventResult]) -> list[UsageEventResultView]:
    """Return the results with the first error of each event, and with further errors up to MAX_ERRORS in all."""
    views, room = [], MAX_ERRORS - 1
    for result in results:
        shown = result.errors[: 1 + room]
        room -= max(len(shown) - 1, 0)
        errors = [FieldErrorView(**{name: getattr(e, name) for name in FieldErrorView.model_fields}) for e in shown]
        views.append(UsageEventResultView(outcome=result.status, errors=errors or None))
    return views
