"""`/v1/alerts`: alerts of a tenant. `/v1/alerting`: send and test alerts, statistics, and the vocabulary of alerts."""

from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid4, uuid5

from fastapi import APIRouter, Path, Query

from vigil.alerting.alerts.model import DEFAULT_SEVERITIES, SEVERITIES, AlertType, Severity
from vigil.alerting.alerts.statistics_model import unbalanced
from vigil.alerting.episodes.intake_service import Acceptance, AlertIntake
from vigil.alerting.episodes.listing_model import AlertFilter
from vigil.alerting.episodes.schemas import (
    AcceptanceView,
    AlertBody,
    AlertDetailView,
    AlertList,
    AlertSummaryView,
    EventTypeList,
    EventTypeView,
    HourView,
    NoticeView,
    SeverityList,
    SeverityView,
    StatisticsView,
    TestBody,
)
from vigil.alerting.episodes.sending_model import create_sent_event, create_test_event
from vigil.alerting.episodes.service import AlertDetail, Alerts
from vigil.alerting.episodes.texts_model import SEVERITY_TEXTS, TYPE_TEXTS
from vigil.kernel.time import format_timestamp
from vigil.runtime import correlation
from vigil.web.app_state import Now, from_app
from vigil.web.field_types import as_query_whole_number
from vigil.web.idempotency import IdempotencyKey, IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=IdempotentRoute)
alerting_router = APIRouter(prefix="/v1/alerting", tags=["alerting"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("alerts:read")]
Sender = Annotated[Principal, requires("alerts:send")]
Responder = Annotated[Principal, requires("alerts:acknowledge")]
AlertId = Annotated[str, Path(max_length=160)]
Hours = Annotated[
    int, Query(ge=1, le=168, description="Number of hours, the current one included."), as_query_whole_number
]
Service = Annotated[Alerts, from_app("alerts")]
Intake = Annotated[AlertIntake, from_app("alert_intake")]


@router.get("", name="list", summary="List alerts", responses=responses(400, 401, 403, 422, 503))
async def list_alerts(
    caller: Reader,
    alerts: Service,
    place: RequestedPage,
    state: Annotated[
        Literal["open", "firing", "acknowledged", "resolved"],
        Query(description="`open` has firing and acknowledged alerts."),
    ] = "open",
    severity: Annotated[Severity | None, Query()] = None,
    type: Annotated[AlertType | None, Query()] = None,  # noqa: A002  # the name of the query parameter
    limit: PageSize = 20,
) -> AlertList:
    """List your alerts, latest first. A change can take a second to appear.

    A filter can make a page shorter than its limit. Only `next_cursor` shows if more pages follow.
    """
    tenant_id = caller.acting_tenant
    scope = "\n".join(map(str, ("alerts", tenant_id, state, severity, type)))
    wanted = AlertFilter(state != "resolved", None if state == "open" else state, severity, type)
    found = alerts.page(tenant_id, wanted, place.after(scope), limit)
    items = [AlertSummaryView.from_episode(episode) for episode in found.episodes]
    return AlertList(items=items, next_cursor=place.next_cursor(scope, found.next))


@router.get("/{alert_id}", name="get", summary="Fetch an alert", responses=responses(401, 403, 404, 503))
async def get_alert(alert_id: AlertId, caller: Reader, alerts: Service) -> AlertDetailView:
    """Return an alert with all its notices, in order."""
    return _detail(alerts.get(caller.acting_tenant, alert_id))


@router.post(
    "/{alert_id}/acknowledge",
    name="acknowledge",
    summary="Acknowledge an alert",
    responses=responses(401, 403, 404, 409, 413, 503),
)
async def acknowledge_alert(alert_id: AlertId, caller: Responder, alerts: Service) -> AlertDetailView:
    """Take a firing alert: its escalation stops, and its channels receive a notice of it.

    An alert that is acknowledged or resolved does not change. The response is 409 after too many concurrent changes.
    """
    return _detail(alerts.acknowledge(caller.acting_tenant, alert_id, caller.actor))


@router.post(
    "/{alert_id}/resolve", name="resolve", summary="Resolve an alert", responses=responses(401, 403, 404, 409, 413, 503)
)
async def resolve_alert(alert_id: AlertId, caller: Responder, alerts: Service) -> AlertDetailView:
    """End an alert, and resolve its incidents at the vendors. A resolved alert does not change.

    The response is 409 after too many concurrent changes.
    """
    return _detail(alerts.resolve(caller.acting_tenant, alert_id, caller.actor))


@alerting_router.post(
    "/send",
    name="send",
    status_code=202,
    summary="Send an alert",
    responses=responses(401, 403, 409, 413, 415, 422, 503),
)
async def send_alert(
    body: AlertBody, caller: Sender, intake: Intake, now: Now, key: IdempotencyKey = None
) -> AcceptanceView:
    """Send an event that raises or clears an alert. A repeat with the same Idempotency-Key counts once.

    A raising event joins the open alert with the same type, source and labels, or opens one. A clearing event without
    such an alert is accepted too. Title and facts are masked; the source, labels and link must not contain e-mail
    addresses, dates or long numbers.
    """
    event_id = _event_id(caller, "send", key)
    at = format_timestamp(now)
    event = create_sent_event(caller.acting_tenant, event_id, body.to_draft(), at, correlation.current.get())
    return _accepted(intake.accept(event))


@alerting_router.post(
    "/test",
    name="test",
    status_code=202,
    summary="Test the alerting",
    responses=responses(401, 403, 409, 413, 415, 422, 503),
)
async def send_test(
    body: TestBody, caller: Sender, intake: Intake, now: Now, key: IdempotencyKey = None
) -> AcceptanceView:
    """Send a test alert through routes, policies and channels. Its notices show the answer of each channel.

    Each test opens an alert of its own. With `INFO`, it ends by itself after a day.
    """
    event_id = _event_id(caller, "test", key)
    at = format_timestamp(now)
    event = create_test_event(caller.acting_tenant, event_id, body.severity, at, correlation.current.get())
    return _accepted(intake.accept(event))


@alerting_router.get("/stats", name="get_statistics", summary="Count alerts", responses=responses(401, 403, 422, 503))
async def get_statistics(caller: Reader, alerts: Service, hours: Hours = 24) -> StatisticsView:
    """Return the numbers of events and notices of the last hours, by hour and severity."""
    counts = alerts.statistics(caller.acting_tenant, hours)
    return StatisticsView(
        items=[
            HourView.model_validate(
                {"hour": hour, "severity": bucket, "open": unbalanced(counted).get("notices", 0), **counted}
            )
            for (hour, bucket), counted in sorted(counts.items())
        ]
    )


@alerting_router.get(
    "/event-types", name="list_event_types", summary="List types of alerts", responses=responses(401, 403)
)
async def list_event_types(_: Reader) -> EventTypeList:
    """Return every type of alerts with its default severity."""
    return EventTypeList(
        items=[
            EventTypeView(type=name, default_severity=severity, description=TYPE_TEXTS[name])
            for name, severity in DEFAULT_SEVERITIES.items()
        ]
    )


@alerting_router.get("/severities", name="list_severities", summary="List severities", responses=responses(401, 403))
async def list_severities(_: Reader) -> SeverityList:
    """Return every severity, the lowest first."""
    return SeverityList(
        items=[SeverityView(severity=severity, description=SEVERITY_TEXTS[severity]) for severity in SEVERITIES]
    )


def _event_id(caller: Principal, operation: str, key: str | None) -> str:
    """Return the id of a sent event. The same Idempotency-Key gives the same id, so that the event counts once."""
    named = f"vigil:{caller.acting_tenant}:{operation}:{key}"
    return f"{operation}-{uuid5(NAMESPACE_URL, named) if key else uuid4()}"


def _accepted(acceptance: Acceptance) -> AcceptanceView:
    return AcceptanceView(alert_id=acceptance.alert_id or None, outcome=acceptance.outcome)


def _detail(detail: AlertDetail) -> AlertDetailView:
    fields = AlertSummaryView.fields_of(detail.episode)
    return AlertDetailView.model_validate(fields | {"notices": [*map(NoticeView.from_notice, detail.notices)]})
