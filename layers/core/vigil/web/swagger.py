"""`/docs` and `/openapi.json`, served without a CDN so that they work offline and under a strict policy."""

from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import JSONResponse, Response

from vigil.errors import NotFound
from vigil.web import gateway
from vigil.web.etags import cacheable
from vigil.web.openapi import document

router = APIRouter(include_in_schema=False)

# Text only: a REST API hands binary bodies on as base64.
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Return Swagger UI; its own scripts are inline, hence the wider policy on this one page."""
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
    """Return the OpenAPI document, with the server that this very request came through."""
    app: FastAPI = request.app
    app.openapi_schema = app.openapi_schema or document(app)  # made once: it takes as long as a hundred scores
    return JSONResponse(app.openapi_schema | {"servers": [{"url": gateway.stage_prefix(request) or "/"}]})
