"""Cacheable responses have a policy and an ETag; an unchanged response is a 304."""

import io
import uuid

import pytest
from fastapi import APIRouter, Response

from tests.support.gateway import Context, event
from vigil.errors import NotFound
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler
from vigil.web.etags import cacheable, tag_matches
from vigil.web.middleware import SECURITY_HEADERS


class Site:
    """An app with cacheable, immutable, tagged, missing and uncacheable pages."""

    def __init__(self):
        self.text, self.log = "one", io.StringIO()
        router = APIRouter()

        @router.get("/page", dependencies=[cacheable(60)])
        async def page() -> str:
            return self.text

        @router.get("/raw", dependencies=[cacheable(3600, immutable=True)])
        async def raw() -> Response:
            return Response(self.text, media_type="text/plain")

        @router.get("/tagged", dependencies=[cacheable(0)])
        async def tagged(response: Response) -> str:
            response.headers["ETag"] = '"7"'
            return self.text

        @router.get("/missing", dependencies=[cacheable(60)])
        async def missing() -> str:
            raise NotFound("gone")

        @router.get("/secret")
        async def secret() -> str:
            return self.text

        telemetry = Telemetry(uuid.uuid4().hex, self.log)
        app = create_app(title="Site", routers=[router], telemetry=telemetry, max_body_bytes=4096, state={})
        self._handler = lambda_handler(app, telemetry)

    def __call__(self, path, tag=None):
        headers = {"If-None-Match": tag} if tag else {}
        answer = self._handler(event("GET", path, headers=headers), Context())
        return answer["statusCode"], answer["headers"], answer["body"]


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    return Site()


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/page", "private, max-age=60"),
        ("/raw", "private, max-age=3600, immutable"),
        ("/tagged", "private, max-age=0"),
    ],
)
def test_an_unchanged_response_is_a_304_without_a_body(site, path, policy):
    status, headers, body = site(path)
    assert (status, headers["cache-control"], headers["vary"]) == (200, policy, "Authorization")
    status, again, nothing = site(path, headers["etag"])
    assert (status, nothing) == (304, "")
    assert (again["etag"], again["cache-control"], again["vary"]) == (headers["etag"], policy, "Authorization")
    assert "content-type" not in again
    assert SECURITY_HEADERS.keys() <= again.keys()
    assert body


def test_a_changed_response_has_another_tag(site):
    _, headers, _ = site("/page")
    site.text = "two"
    status, again, body = site("/page", headers["etag"])
    assert (status, body) == (200, '"two"')
    assert again["etag"] != headers["etag"]


def test_a_tag_set_by_the_route_is_used(site):
    assert site("/tagged")[1]["etag"] == '"7"'
    site.text = "two"
    assert site("/tagged", '"7"')[0] == 304


def test_errors_and_undeclared_routes_are_not_cacheable(site):
    for path in ("/missing", "/secret", "/nothing"):
        status, headers, _ = site(path, "*")
        assert (status != 304, headers["cache-control"]) == (True, "no-store")
        assert "etag" not in headers


@pytest.mark.parametrize(
    ("condition", "same"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False), ("", False)],
)
def test_a_condition_matches_the_tags_that_it_lists(condition, same):
    assert tag_matches(condition, '"a"') is same


def test_the_log_line_contains_the_status_304(site):
    site("/page", site("/page")[1]["etag"])
    assert '"status":304' in site.log.getvalue().replace(" ", "")
