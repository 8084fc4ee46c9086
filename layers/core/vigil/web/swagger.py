"""Serves `/docs` and `/openapi.json` without a CDN, so that they work offline and under a strict policy."""

from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import JSONResponse, Response

from vigil.errors import NotFound
from vigil.web import gateway
from vigil.web.etags import cacheable

router = APIRouter(include_in_schema=False)

# Only text, because a REST API returns binary bodies as base64.
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Return Swagger UI. Its scripts are inline, so only this page has a wider content security policy."""
    base = gateway.stage_prefix(request)
    page = get_swagger_ui_html(
        openapi_url=f"{base}/openapi.json",
        title=request.app.title,
        swagger_js_url=f"{base}/docs/swagger-ui-bundle.js",
        swagger_css_url=f"{base}/docs/swagger-ui.css",
        swagger_favicon_url="data:,",
        swagger_ui_parameters={"persistAuthorization": True, "defaultModelsExpandDepth": 0},
    )
    page.headers["content-security-policy"] = _POLICY
    return page


@router.get("/docs/{asset}")
async def asset(asset: str) -> Response:
    """Return one of Swagger UI's own files."""
    if asset not in _ASSETS:
        raise NotFound("There is nothing at this address.")
    body = files("fastapi_offline").joinpath("static", asset).read_bytes()
    return Response(body, media_type=_ASSETS[asset], headers={"cache-control": "public, max-age=86400"})


@router.get("/openapi.json", dependencies=[cacheable(300)])
async def openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI document with the address of this request as its server."""
    document: dict[str, Any] = request.app.state.openapi()
    return JSONResponse(document | {"servers": [{"url": gateway.stage_prefix(request) or "/"}]})
