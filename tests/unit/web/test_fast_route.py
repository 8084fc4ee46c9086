"""A fast route gives the same responses as an ordinary route, in less time."""

import json
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.responses import Response
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from tests.support.gateway import Context, event
from vigil.errors import Unauthenticated
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler
from vigil.web.bodies import BoundedRoute
from vigil.web.fast_route import FastRoute


class Body(BaseModel):
    name: str = Field(pattern="^[a-z]+$")
    count: int = 1
    values: dict[str, float | int | bool | None] = {}


async def caller(request: Request) -> str:
    if request.headers.get("x-caller") == "nobody":
        raise Unauthenticated("no credential")
    return request.headers.get("x-caller", "anybody")


Caller = Annotated[str, Depends(caller)]
Key = Annotated[str | None, Header(alias="X-Key", pattern="^[a-z]{1,3}$")]


class Api:
    """An app with one endpoint that records the arguments of its calls."""

    def __init__(self, route_class):
        self.calls, router = [], APIRouter(route_class=route_class)

        @router.post("/things")
        async def things(request: Request, body: Body, who: Caller, key: Key = None) -> Response:
            self.calls.append((body, who, key))
            return Response(status_code=201)

        telemetry = Telemetry("direct")
        app = create_app(title="t", routers=[router], telemetry=telemetry, max_body_bytes=4096, state={})
        self._handler, self.route = lambda_handler(app, telemetry), router.routes[0]

    def __call__(self, body, headers):
        answer = self._handler(event("POST", "/things", body=body, headers=headers), Context())
        problem = json.loads(answer["body"]) if answer["body"] else {}
        problem.pop("correlation_id", None)
        return answer["statusCode"], problem


FAST, ORDINARY = Api(FastRoute), Api(BoundedRoute)

numbers = st.floats() | st.integers()
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
)
things = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "B", ""]) | st.text()},
    optional={
        "count": st.integers() | values,
        "values": st.dictionaries(st.text(), numbers | st.none()),
        "odd": values,
    },
)
headers = st.fixed_dictionaries({}, optional={"X-Key": st.sampled_from(["", "abc", "abcd", "A"]),
                                              "X-Caller": st.sampled_from(["nobody", "somebody"])})  # fmt: skip


@given(st.one_of(things, values).map(json.dumps) | st.text(), headers)
@example("null", {})
@example("", {})
@example("{", {"X-Caller": "nobody"})
@example("[1", {"X-Key": "abcd"})
@example('{"name":"a","name":"b"}', {})
@example('{"name":"a","values":{"x":1e999,"y":-0.0,"z":123456789012345678901234567890}}', {})
@example('{"name":"\\ud800"}', {})
@example("[" * 3000, {})
def test_responses_and_arguments_equal_those_of_an_ordinary_route(body, sent):
    FAST.calls.clear()
    ORDINARY.calls.clear()
    assert FAST(body, sent) == ORDINARY(body, sent)
    assert repr(FAST.calls) == repr(ORDINARY.calls)  # NaN does not equal itself


def test_a_well_formed_request_takes_the_fast_path(monkeypatch):
    monkeypatch.setattr(FAST.route, "fastapi_app", None)
    assert FAST('{"name":"a"}', {"X-Key": "abc"}) == (201, {})


@pytest.mark.parametrize("needs", ["path", "query", "nested", "nobody"])
def test_a_route_with_other_parameters_uses_fastapis_path(needs):
    router = APIRouter(route_class=FastRoute)

    async def nested(who: Caller) -> str:
        return f"{who} nested"

    async def path(request: Request, body: Body, more: str) -> Response:
        return Response(more, media_type="text/plain")

    async def query(request: Request, body: Body, more: str = "default") -> Response:
        return Response(more, media_type="text/plain")

    async def depends(request: Request, body: Body, who: Annotated[str, Depends(nested)]) -> Response:
        return Response(who, media_type="text/plain")

    async def nobody(request: Request) -> Response:
        return Response("nobody", media_type="text/plain")

    endpoint = {"path": path, "query": query, "nested": depends, "nobody": nobody}[needs]
    router.post("/{more}" if needs == "path" else "/things")(endpoint)
    telemetry = Telemetry("direct")
    app = create_app(title="t", routers=[router], telemetry=telemetry, max_body_bytes=4096, state={})
    answer = lambda_handler(app, telemetry)(event("POST", "/things", body={"name": "a"}), Context())
    expected = {"path": "things", "query": "default", "nested": "anybody nested", "nobody": "nobody"}[needs]
    assert (answer["statusCode"], answer["body"]) == (200, expected)


def test_the_openapi_document_equals_that_of_an_ordinary_route():
    documents = []
    for api in (FAST, ORDINARY):
        app = FastAPI()
        app.router.routes.append(api.route)
        documents.append(app.openapi())
    assert documents[0] == documents[1]
