"""Every route refuses query parameters that it does not declare, and parameters that occur twice."""

import json

import pytest

from tests.support.fakes.clock import Clock
from tests.support.gateway import Context, event
from tests.support.whole_api import OPERATIONS, WholeApi
from tests.unit.web.api import BODY
from vigil.web.lambda_entry import LambdaEntry

PAGES = ("/docs", "/docs/swagger-ui.css", "/openapi.json", "/health/liveness")


@pytest.fixture(scope="module")
def whole():
    return WholeApi(Clock())


def names(operation):
    """Return the query parameters that an operation declares, in alphabetical order."""
    return sorted(each["name"] for each in OPERATIONS[operation].get("parameters", ()) if each["in"] == "query")


def listed(operation):
    return f"one of {', '.join(names(operation))}" if names(operation) else "no query parameters"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_unknown_parameter_is_refused_with_the_allowed_ones(whole, operation):
    status, body = whole(operation, query={"subject_id": "jane-roe"})
    problem = json.loads(body)
    assert (status, problem["type"]) == (422, "urn:vigil:problem:invalid-input")
    message = "is not a query parameter of this route"
    assert problem["errors"] == [{"field": "subject_id", "message": message, "bound": listed(operation)}]
    assert "jane-roe" not in body


@pytest.mark.parametrize(("operation", "name"), [(each, name) for each in OPERATIONS for name in names(each)])
def test_doubled_parameter_is_refused(whole, operation, name):
    status, body = whole(operation, query={name: ["1", "2"]})
    message = "occurs more than once in the query"
    assert status == 422
    assert json.loads(body)["errors"] == [{"field": name, "message": message, "bound": "one value"}]


def test_some_operations_declare_parameters():
    assert sum(bool(names(each)) for each in OPERATIONS) > 15
    assert "POST /v1/scores" in OPERATIONS


@pytest.mark.parametrize("path", PAGES)
def test_anonymous_page_refuses_an_unknown_parameter(api, path):
    assert api("GET", path, tenant=None)[0] == 200
    status, _, problem = api("GET", path, tenant=None, query={"verbose": ""})
    assert (status, problem["errors"][0]["field"]) == (422, "verbose")


def test_unknown_method_is_still_405(api):
    assert api("DELETE", "/v1/scores", query={"verbose": "1"})[0] == 405


def test_refused_score_is_not_recorded(api):
    assert api("POST", "/v1/scores", body=BODY, query={"dry_run": "true"})[0] == 422
    assert not api.ledger.rows


def test_many_long_names_give_a_bounded_answer(api):
    query = {f"{number:04}{'n' * 300}": "v" for number in range(500)} | {"limit": ["1", "2"]}
    status, _, problem = api("GET", "/v1/scores", query=query)
    assert (status, len(problem["errors"])) == (422, 20)
    assert problem["detail"].startswith("501 errors.")
    assert len(json.dumps(problem)) < 5_000


def test_the_entry_passes_each_value_of_a_parameter():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["query_string"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    query = {"a": ["1", "2"], "b&c": "+ %", "d": ""}
    LambdaEntry(app, lifespan="off")(event("GET", "/", query=query), Context())
    assert seen == [b"a=1&a=2&b%26c=%2B+%25&d="]
