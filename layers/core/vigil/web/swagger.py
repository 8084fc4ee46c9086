"""Serves `/docs` and `/openapi.json` without a CDN, so that they work offline and under a strict policy.

Anonymous callers may request these pages, so each is prepared once per process.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import Response

from vigil.errors import NotFound
from vigil.web import gateway
from vigil.web.app_state import from_app
from vigil.web.etags import cacheable

router = APIRouter(include_in_schema=False)

# Only text, because a REST API returns binary bodies as base64.
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
_MAX_PREFIXES = 4
"""Maximum prefixes of paths with prepared pages; a deployment has one or two."""


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """Bytes of a page, with its media type and strong ETag."""

    body: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> "PreparedPage":
        """Return the page of these bytes."""
        return cls(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')

    def response(self, **headers: str) -> Response:
        """Return the response with this page."""
        return Response(self.body, media_type=self.media_type, headers={"etag": self.etag} | headers)


class Reference:
    """The pages of the API reference. `prefix` is the part of public URLs before the paths of the API."""

    def __init__(self, title: str, document: Callable[[], dict[str, Any]]) -> None:
        self._title = title
        self._document = document
        self.openapi = lru_cache(_MAX_PREFIXES)(self._render_openapi)
        self.docs = lru_cache(_MAX_PREFIXES)(self._render_docs)
        self.asset = lru_cache(len(_ASSETS))(self._read_asset)

    def _render_openapi(self, prefix: str) -> PreparedPage:
        document = self._document() | {"servers": [{"url": prefix or "/"}]}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return PreparedPage.of(text.encode(), "application/json")

    def _render_docs(self, prefix: str) -> PreparedPage:
        page = get_swagger_ui_html(
            openapi_url=f"{prefix}/openapi.json",
            title=self._title,
            swagger_js_url=f"{prefix}/docs/swagger-ui-bundle.js",
            swagger_css_url=f"{prefix}/docs/swagger-ui.css",
            swagger_favicon_url="data:,",
            swagger_ui_parameters={"persistAuthorization": True, "defaultModelsExpandDepth": 0},
        )
        return PreparedPage.of(bytes(page.body), "text/html")

    def _read_asset(self, name: str) -> PreparedPage:
        if name not in _ASSETS:
            raise NotFound("There is nothing at this address.")
        return PreparedPage.of(files("fastapi_offline").joinpath("static", name).read_bytes(), _ASSETS[name])


Service = Annotated[Reference, from_app("reference")]


@router.get("/docs", dependencies=[cacheable(300, public=True)])
async def docs(request: Request, reference: Service) -> Response:
    """Return Swagger UI. Its scripts are inline, so only this page has a wider content security policy."""
    return reference.docs(gateway.stage_prefix(request)).response(**{"content-security-policy": _POLICY})


@router.get("/docs/{asset}", dependencies=[cacheable(86_400, public=True)])
async def asset(reference: Service, asset: str) -> Response:
    """Return one of Swagger UI's own files."""
    return reference.asset(asset).response()


@router.get("/openapi.json", dependencies=[cacheable(300, public=True)])
async def openapi(request: Request, reference: Service) -> Response:
    """Return the OpenAPI document with the address of this request as its server."""
    return reference.openapi(gateway.stage_prefix(request)).response()
