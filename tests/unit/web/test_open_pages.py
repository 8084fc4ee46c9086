"""Pages without a credential: health, and the reference of the API."""

import json

import pytest

from tests.unit.web.api import SECRET
from vigil.web.swagger import PreparedPage


def test_health_reports_an_unavailable_dependency(api, monkeypatch):
    for probe in ("liveness", "readiness", "startup", "detailed"):
        assert api("GET", f"/health/{probe}")[0] == 200
    api.clock.advance(seconds=5)

    def away(*_):
        from vigil.errors import Unavailable

        raise Unavailable(SECRET)

    monkeypatch.setattr(api.ledger, "get", away)
    assert api("GET", "/health/liveness")[0] == 200
    readiness = api("GET", "/health/readiness")
    assert (readiness[0], readiness[2]) == (503, {"status": "down", "checked_at": "2026-03-01T12:00:05.000000Z"})
    status, _, body = api("GET", "/health/detailed")
    assert (status, body["checks"][0]["cause"]) == (503, "Unavailable")
    assert SECRET not in json.dumps(body)


def test_docs_are_served_without_a_cdn(api):
    status, headers, page = api("GET", "/docs")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "/local/docs/swagger-ui-bundle.js" in page
    assert "https://" not in page
    assert api("GET", "/docs/swagger-ui-bundle.js")[0] == 200
    assert api("GET", "/docs/..%2fpasswd")[0] == 404
    _, _, document = api("GET", "/openapi.json")
    assert document["servers"] == [{"url": "/local"}]
    assert {"/v1/scores", "/v1/scores/{decision_id}", "/health/readiness"} <= document["paths"].keys()


PAGES = ("/docs", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/openapi.json")


def test_anonymous_probes_reach_the_ledger_once_in_five_seconds(api):
    before = api.ledger.calls
    answers = [api("GET", f"/health/{name}", tenant=None) for name in ("readiness", "startup") * 20]
    assert {(status, body["checked_at"]) for status, _, body in answers} == {(200, "2026-03-01T12:00:00.000000Z")}
    assert api.ledger.calls == before + 1


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_reference_may_be_cached_by_everyone(api, path):
    status, headers, _ = api("GET", path, tenant=None)
    seconds = 86_400 if "swagger" in path else 300
    assert (status, headers["cache-control"]) == (200, f"public, max-age={seconds}")
    assert "vary" not in headers
    assert not headers["etag"].startswith("W/")
    again, same, body = api("GET", path, tenant=None, headers={"If-None-Match": headers["etag"]})
    assert (again, same["etag"], body) == (304, headers["etag"], "")
    assert api("GET", path, tenant=None, headers={"If-None-Match": '"other"'})[0] == 200


def test_a_page_of_the_reference_is_prepared_once(api, monkeypatch):
    renders = []
    prepare = PreparedPage.of
    monkeypatch.setattr(PreparedPage, "of", lambda *args: renders.append(args) or prepare(*args))
    for path in PAGES * 5:
        assert api("GET", path, tenant=None)[0] == 200
    assert (len(renders), api.documents) == (len(PAGES), 1)


def test_openapi_shows_problem_documents_and_security(api):
    _, _, document = api("GET", "/openapi.json")
    post = document["paths"]["/v1/scores"]["post"]
    assert post["security"] == [{"key": []}]
    assert document["paths"]["/health/liveness"]["get"]["security"] == []
    shared = {f"#/components/responses/Problem{status}" for status in post["responses"] if status >= "400"}
    assert {answer["$ref"] for status, answer in post["responses"].items() if status >= "400"} == shared
    problems = document["components"]["responses"].values()
    assert {name for each in problems for name in each["content"]} == {"application/problem+json"}
    assert "HTTPValidationError" not in json.dumps(document)
