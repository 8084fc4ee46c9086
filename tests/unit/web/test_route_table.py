"""A fast route is found by its path, and only where FastAPI would choose it too."""

import pytest
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from tests.support.gateway import Context, event
from tests.unit.web.api import BODY
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler
from vigil.web.fast_route import FastRoute


class Body(BaseModel):
    """An empty body."""


async def fixed(request: Request, body: Body) -> Response:
    """Answer by the name of the endpoint."""
    return Response("fixed", media_type="text/plain")


async def named(request: Request, name: str, body: Body) -> Response:
    """Answer by the name in the path."""
    return Response(f"named {name}", media_type="text/plain")


def served(router, *requests):
    telemetry = Telemetry("routes")
    app = create_app(title="t", routers=[router], telemetry=telemetry, max_body_bytes=4096, state={})
    handler = lambda_handler(app, telemetry)
    return [handler(event(method, path, body={}), Context()) for method, path in requests]


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [(("/x/fixed", fixed), ("/x/{name}", named), "fixed"), (("/x/{name}", named), ("/x/fixed", fixed), "named fixed")],
)
def test_first_matching_route_answers(first, second, answer):
    router = APIRouter(route_class=FastRoute)
    for path, endpoint in (first, second):
        router.post(path)(endpoint)
    assert [sent["body"] for sent in served(router, ("POST", "/x/fixed"), ("POST", "/x/a%20b"))] == [
        answer,
        "named a b",
    ]


def test_other_methods_and_paths_reach_fastapis_router():
    router = APIRouter(route_class=FastRoute)
    router.post("/x/fixed")(fixed)
    answers = served(router, ("PUT", "/x/fixed"), ("POST", "/x/fixed/"), ("POST", "/y"), ("POST", "/x/fixed"))
    assert [sent["statusCode"] for sent in answers] == [405, 404, 404, 200]


def test_a_score_passes_neither_fastapis_router_nor_its_middleware(api, monkeypatch):
    for module in ("starlette.middleware.errors.ServerErrorMiddleware", "fastapi.routing.APIRouter"):
        monkeypatch.setattr(f"{module}.__call__", None)
    status, headers, _ = api("POST", "/v1/scores", body=BODY)
    assert (status, headers["x-content-type-options"]) == (201, "nosniff")
    assert api.line()["route"] == "/v1/scores"
