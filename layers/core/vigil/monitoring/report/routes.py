"""`/v1/models/{name}/health`: the health report of a model as JSON, or as a page for people."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from vigil.monitoring.profiles.model import Source
from vigil.monitoring.report.page import HEADERS, render_page
from vigil.monitoring.report.schemas import HealthReportView
from vigil.monitoring.report.service import HealthReports, ReportRequest
from vigil.prediction.packages.model import MAX_VERSION
from vigil.runtime import telemetry
from vigil.web.app_state import from_app
from vigil.web.field_types import Day, as_query_whole_number
from vigil.web.principal import Principal, requires
from vigil.web.schemas import MAX_MODEL_NAME, responses

router = APIRouter(prefix="/v1/models/{name}/health", tags=["models"])
Reader = Annotated[Principal, requires("models:read")]
Name = Annotated[str, Path(max_length=MAX_MODEL_NAME)]
Service = Annotated[HealthReports, from_app("reports")]
_PAGE: dict[str, Any] = {
    "description": "The report. With `Accept: text/html` it is a page without scripts.",
    "content": {"text/html": {"schema": {"type": "string"}, "example": "<!DOCTYPE html>..."}},
}


@router.get(
    "",
    name="get_health",
    summary="Fetch the health report of a model",
    response_model=HealthReportView,
    responses={200: _PAGE, **responses(401, 403, 404, 422, 503)},
)
async def get_health(
    name: Name,
    request: Request,
    caller: Reader,
    reports: Service,
    version: Annotated[
        int | None, Query(ge=1, le=MAX_VERSION, description="Default: the champion."), as_query_whole_number
    ] = None,
    source: Annotated[Source, Query(description="`single` for single requests, `batch` for batches.")] = "single",
    until: Annotated[Day | None, Query(description="Last day of the report, in UTC. Default: yesterday.")] = None,
) -> Any:
    """Return the state, volume, performance, drift and fairness of a model for your decisions.

    Counts below 11 are null, all others are rounded to a multiple of 20. Volume, drift and estimated performance are
    those of 28 days. Confirmed performance, groups and weeks are those of 365 days. Decisions are counted each night.
    """
    report = reports.report(caller.tenant_id, ReportRequest(name, source, version, until))
    facts = telemetry.current.get()
    facts.model, facts.model_version = report.model, report.version
    if prefers_page(request.headers.get("accept", "")):
        return Response(render_page(report), media_type="text/html", headers=HEADERS)
    return HealthReportView.from_report(report)


def prefers_page(accept: str) -> bool:
    """Return True if an `Accept` header names HTML and does not name JSON before it."""
    names = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return next((name for name in names if name in {"text/html", "application/json"}), "") == "text/html"
