"""`/v1/alerting/inbound` and `/v1/alerting/links`: requests without a key, which their signatures authenticate."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from vigil.alerting.inbound import links_pages
from vigil.alerting.inbound.links_model import MAX_TOKEN_CHARACTERS, AlertLink
from vigil.alerting.inbound.links_service import AlertLinks
from vigil.alerting.inbound.model import Vendor
from vigil.alerting.inbound.service import InboundReports
from vigil.aws import tenant_guard
from vigil.errors import NotFound, PreconditionFailed, Unauthenticated
from vigil.runtime import telemetry
from vigil.web.app_state import from_app
from vigil.web.problems import problem_of
from vigil.web.schemas import responses, sends

router = APIRouter(prefix="/v1/alerting/inbound", tags=["vendor reports"])
links_router = APIRouter(prefix="/v1/alerting/links", tags=["alert links"])

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
"""Media type of Slack's reports and of the form of a link."""
FORGED = "forged-signature"
"""Name under which the security metrics count a wrong signature of a report."""
OUTDATED = "outdated-report"
"""Problem in the log line of a report whose alert opened again or rose after the person acted."""
EndpointName = Annotated[
    str, Path(max_length=80, description="Tenant and channel, `<tenant>.<channel>`, as the channel shows it.")
]
Reports = Annotated[InboundReports, from_app("inbound_reports")]
Links = Annotated[AlertLinks, from_app("alert_links")]
Token = Annotated[str, Path(max_length=MAX_TOKEN_CHARACTERS, description="Token of the link.")]
_HTML: dict[str, Any] = {
    "content": {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>..."}}
} | sends("X-Robots-Tag")
_PAGES: dict[int | str, dict[str, Any]] = {
    200: _HTML,
    401: {"description": "The link is forged or has expired", **_HTML},
    **responses(503),
}


def _body(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    body = {"required": True, "content": {media_type: {"schema": schema}}}
    return {"requestBody": body, "security": []}


@router.post(
    "/pagerduty/{endpoint}",
    name="report_pagerduty",
    summary="Receive a webhook of PagerDuty",
    status_code=202,
    response_class=Response,
    responses=responses(401, 413, 415, 503),
    openapi_extra=_body("application/json", {"type": "object"}),
)
async def receive_pagerduty(request: Request, endpoint: EndpointName, reports: Reports) -> Response:
    """Acknowledge or resolve an alert after the same action at PagerDuty, once per event. Other events are ignored.

    The response is 202 for every signed event, because PagerDuty disables a webhook after three refusals: also if Vigil
    did not open the incident, or the alert opened again after the action. A wrong signature is refused with 401.
    """
    return await _receive("pagerduty", endpoint, request, reports, 202)


@router.post(
    "/slack/{endpoint}",
    name="report_slack",
    summary="Receive a button of Slack",
    response_class=Response,
    responses=responses(401, 413, 415, 503),
    openapi_extra=_body(FORM_MEDIA_TYPE, {"type": "object", "properties": {"payload": {"type": "string"}}}),
)
async def receive_slack(request: Request, endpoint: EndpointName, reports: Reports) -> Response:
    """Acknowledge or resolve an alert by a button of its message. Other interactions are ignored.

    The response is 200 for every signed interaction. A wrong signature is refused with 401.
    """
    return await _receive("slack", endpoint, request, reports, 200)


@links_router.get(
    "/{token}",
    name="show",
    summary="Show a link",
    response_class=HTMLResponse,
    responses=_PAGES,
    openapi_extra={"security": []},
)
async def show(links: Links, token: Token) -> Response:
    """Return a page with a button for the action of the link.

    It changes nothing, because programs follow the links of a mail. The response is 401, with a page for people, for a
    forged or expired link.
    """
    try:
        return _page(links_pages.form_page(links.read(token)))
    except Unauthenticated as error:
        return _refused(error, links_pages.refused_page())


@links_router.post(
    "/{token}",
    name="perform",
    summary="Perform the action of a link",
    response_class=HTMLResponse,
    responses=_PAGES | {404: {"description": "The alert no longer exists", **_HTML}, **responses(409)},
    openapi_extra={"security": []},
)
async def perform(links: Links, token: Token) -> Response:
    """Acknowledge or resolve the alert of the link. A second time changes nothing.

    The response is 401 for a forged or expired link, and 404 if the alert no longer exists. Both have a page for
    people.
    """
    try:
        link = links.read(token)
        _perform(links, link)
    except Unauthenticated as error:
        return _refused(error, links_pages.refused_page())
    except NotFound as error:
        return _refused(error, links_pages.missing_page())
    return _page(links_pages.done_page(link))


async def _receive(vendor: Vendor, name: str, request: Request, reports: InboundReports, status: int) -> Response:
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        endpoint = reports.verify(vendor, name, headers, body)
    except Unauthenticated:
        telemetry.current.get().breach = FORGED
        raise
    telemetry.current.get().tenant_id = endpoint.tenant_id
    with tenant_guard.confine_to(endpoint.tenant_id):
        try:
            reports.apply(vendor, endpoint, headers, body)
        except PreconditionFailed:
            telemetry.current.get().problem = OUTDATED  # the vendor must not repeat it
    return Response(status_code=status)


def _perform(links: AlertLinks, link: AlertLink) -> None:
    telemetry.current.get().tenant_id = link.tenant_id
    with tenant_guard.confine_to(link.tenant_id):
        links.perform(link)


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, links_pages.HEADERS)


def _refused(error: Unauthenticated | NotFound, text: str) -> Response:
    """Return a page for people in place of a problem document."""
    problem = problem_of(error)
    telemetry.current.get().problem = problem.code
    return _page(text, problem.status)
