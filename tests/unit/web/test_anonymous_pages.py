"""Pages for anonymous callers cost a bounded number of probes and renders."""

import pytest

from vigil.web.swagger import PreparedPage

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
