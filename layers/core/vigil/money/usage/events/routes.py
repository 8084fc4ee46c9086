"""`/v1/usage-events`: report the usage of third-party services."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import Field

from vigil.errors import MAX_ERRORS, FieldError, InvalidInput
from vigil.money.usage.events.model import MAX_EVENTS, EventResult, check_batch
from vigil.money.usage.events.schemas import UsageEventBody, UsageEventResultList, UsageEventResultView
from vigil.money.usage.events.service import UsageEvents
from vigil.web.app_state import from_app
from vigil.web.bodies import BoundedRoute, media_type
from vigil.web.principal import Principal, requires
from vigil.web.schemas import FieldErrorView, documented_as, responses

BATCH, EVENT = "application/cloudevents-batch+json", "application/cloudevents+json"
"""Media types of CloudEvents in structured mode: an array of events, and one event."""
MEDIA_TYPES = ("application/json", BATCH, EVENT)
"""Media types of a request. `application/json` is an array of events."""
router = APIRouter(prefix="/v1/usage-events", tags=["usage events"], route_class=BoundedRoute)
_BODY = {
    "description": f"One to {MAX_EVENTS} events as `application/json` or `{BATCH}`, or one event as `{EVENT}`. This "
    "document has one media type, because generators fail at several."
}
Events = Annotated[list[UsageEventBody], Field(min_length=1, max_length=MAX_EVENTS)]
Service = Annotated[UsageEvents, from_app("usage_events")]


@router.post(
    "",
    name="create",
    summary="Report usage",
    responses=responses(400, 401, 403, 413, 415, 422, 503),
    openapi_extra={"requestBody": _BODY},
)
async def record(
    request: Request,
    usage_events: Service,
    caller: Annotated[Principal, requires("usage:write")],
    events: Annotated[Any, documented_as(Events), Body()],
) -> UsageEventResultList | UsageEventResultView:
    """Count events (CloudEvents 1.0, structured) in the hours of their times; each source and id counts once.

    The answer to one event is its result, or 422 if it is rejected. The answer to an array lists the results.
    """
    if media_type(request.headers.get("content-type")) == EVENT:
        return _record_one(usage_events, caller.tenant_id, events)
    results = usage_events.record(caller.tenant_id, check_batch(events))
    counts = Counter(result.status for result in results)
    return UsageEventResultList(
        items=_views(results),
        counted=counts["counted"],
        duplicates=counts["duplicate"],
        rejected=counts["rejected"],
    )


def _record_one(usage_events: UsageEvents, tenant_id: str, event: Any) -> UsageEventResultView:
    if isinstance(event, list):
        raise InvalidInput(FieldError("body", "must be one event", f"a JSON object; an array is sent as {BATCH}"))
    (result,) = usage_events.record(tenant_id, [event])
    if result.status == "rejected":
        raise InvalidInput(*result.errors, count=result.count)
    return UsageEventResultView(outcome=result.status)


def _views(results: Sequence[EventResult]) -> list[UsageEventResultView]:
    """Return the results with the first error of each event, and with further errors up to MAX_ERRORS in all."""
    views, room = [], MAX_ERRORS - 1
    for result in results:
        shown = result.errors[: 1 + room]
        room -= max(len(shown) - 1, 0)
        errors = [FieldErrorView(**{name: getattr(e, name) for name in FieldErrorView.model_fields}) for e in shown]
        views.append(UsageEventResultView(outcome=result.status, errors=errors or None))
    return views
