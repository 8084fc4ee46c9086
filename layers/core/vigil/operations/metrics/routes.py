"""`/metrics`: the metrics of the deployment in the text formats of Prometheus."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from vigil.operations.metrics.exposition_model import CONTENT_TYPES, choose_format, render
from vigil.operations.metrics.model import gauge
from vigil.operations.metrics.service import Metrics
from vigil.web.app_state import from_app
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/metrics", tags=["metrics"])
Reader = Annotated[Principal, requires("metrics:read")]
Service = Annotated[Metrics, from_app("metrics")]
_EXAMPLE = gauge("vigil_alerts_open", {(("severity", "CRITICAL"),): 0.0})
_ANSWER: dict[str, Any] = {
    "description": "Families of metrics. The header `Accept` chooses the format.",
    "content": {
        content_type.partition(";")[0]: {"schema": {"type": "string"}, "example": render([_EXAMPLE], text_format)}
        for text_format, content_type in CONTENT_TYPES.items()
    },
}


@router.get(
    "",
    name="get",
    summary="Scrape the metrics",
    response_class=Response,
    responses={200: _ANSWER, **responses(401, 403)},
)
async def get_metrics(request: Request, _: Reader, metrics: Service) -> Response:
    """Return the metrics of the whole deployment in the text format 0.0.4, or in OpenMetrics 1.0 by `Accept`.

    They are collected every minute, those of CloudWatch every five minutes. Families of a source that is away are
    missing.
    """
    text_format = choose_format(request.headers.get("accept", ""))
    content = render(metrics.families(), text_format)
    return Response(content, headers={"Content-Type": CONTENT_TYPES[text_format]})
