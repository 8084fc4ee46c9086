"""Guarantees of the API Gateway, read from the templates: permissions, problem documents and open paths."""

import json

import pytest

from cli.checkout import ROOT
from functions.build import folder
from tests.support.api_document import api_document
from tests.support.templates import DISTRICTS, TEMPLATES, functions, resources, routes, template
from vigil.web import problems
from vigil.web.middleware import SECURITY_HEADERS

FUNCTIONS = functions()
ROUTES = routes()
API = resources(ROOT / "infra" / "api.yaml", "AWS::Serverless::Api")["Api"]


def test_the_api_may_call_exactly_the_functions_of_its_routes():
    permissions = resources(ROOT / "infra" / "api.yaml", "AWS::Lambda::Permission").values()
    called = [permission["FunctionName"]["Sub"] for permission in permissions]
    wanted = {route.function.replace("_", "-") for route in ROUTES.values()}
    assert sorted(called) == sorted(f"${{Functions}}-{name}:live" for name in wanted)
    assert all(permission["SourceArn"]["Sub"].endswith(":${Api}/*") for permission in permissions)
    assert {route.function for route in ROUTES.values()} <= {folder(name) for name in FUNCTIONS}


def test_the_api_waits_for_every_district_that_it_calls():
    api = resources(TEMPLATES[0], "AWS::Serverless::Application")["Api"]["_"]
    called = {route.function for route in ROUTES.values()} | {"tokens_authorizer"}
    districts = {
        path.stem.capitalize() for path in DISTRICTS for name in template(path)["Resources"] if folder(name) in called
    }
    assert set(api["DependsOn"]) == districts


def test_the_gateway_records_no_url():
    """X-Ray would record path and query, and any caller can append a query."""
    assert API["TracingEnabled"] is False


def test_no_url_of_the_api_takes_a_subject_id():
    parameters = {
        (path, parameter["name"])
        for path, methods in api_document()["paths"].items()
        for method in methods.values()
        for parameter in method.get("parameters", ())
    }
    assert {path for path, name in parameters if name == "subject"} >= {"/v1/scores", "/v1/subjects/{subject}/export"}
    assert not [path for path, name in parameters if name == "subject_id"]


@pytest.mark.parametrize("kind", API["GatewayResponses"])
def test_the_gateway_answers_like_the_app(kind):
    response = API["GatewayResponses"][kind]
    headers = {name.lower(): value for name, value in response["ResponseParameters"]["Headers"].items()}
    assert headers["content-type"] == f"'{problems.MEDIA_TYPE}'"
    assert {name: headers[name] for name in SECURITY_HEADERS} == {k: f"'{v}'" for k, v in SECURITY_HEADERS.items()}
    assert headers["x-correlation-id"] == "context.requestId"
    document = json.loads(response["ResponseTemplates"]["application/json"])
    assert document["correlation_id"] == "$context.requestId"
    assert document.get("status") == response.get("StatusCode")
    catalogue = {problem.code: problem for problem in (*problems.CATALOGUE.values(), problems.INTERNAL)}
    if known := catalogue.get(document["type"].removeprefix("urn:vigil:problem:")):
        assert document["title"] == known.title


def test_only_health_docs_token_and_signed_routes_need_no_credential():
    open_paths = {path for path, route in ROUTES.items() if not route.guarded}
    signed = {
        f"/v1/alerting/{name}" for name in ("inbound/pagerduty/{endpoint}", "inbound/slack/{endpoint}", "links/{token}")
    }
    documented = {"/health/{probe}", "/docs", "/docs/{asset}", "/openapi.json"}
    assert open_paths == documented | signed | {"/v1/oauth/token", "/v1/oauth/revoke", "/.well-known/jwks.json"}
    assert API["Auth"]["DefaultAuthorizer"] in API["Auth"]["Authorizers"]
