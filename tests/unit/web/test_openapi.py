"""The OpenAPI document is valid, its names are unique, and its examples are accepted."""

import json
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support.fakes.clock import Clock
from tests.support.whole_api import DOCUMENT, OPERATIONS, WholeApi, refused_fields
from vigil.bootstrap.example_requests import REQUESTS
from vigil.bootstrap.example_values import VALUES
from vigil.prediction.features.service import ART_VISITS
from vigil.web.examples import Examples

VERBS = {
    *("create", "list", "get", "set", "update", "delete", "lookup", "evaluate", "export", "erase", "cancel"),
    *("promote", "withdraw", "compare", "retry", "resolve", "clean", "rotate", "revoke", "reset", "open"),
    *("report", "show", "perform", "acknowledge", "send", "test", "replay", "ignore", "reopen"),
    *("run", "confirm", "sign", "skip", "escalate", "rebase"),
}
"""First words of the second part of operation ids."""
SCHEMAS = DOCUMENT["components"]["schemas"]
WITH_BODY = [name for name, operation in OPERATIONS.items() if "requestBody" in operation]


def resolve(reference):
    """Return the part of the document that a reference names."""
    part = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        part = part[step.replace("~1", "/").replace("~0", "~")]
    return part


def references(part):
    if isinstance(part, dict):
        yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def answers(operation):
    """Yield status and answer of an operation; shared answers are resolved."""
    for status, answer in OPERATIONS[operation]["responses"].items():
        yield status, resolve(answer["$ref"]) if "$ref" in answer else answer


def check(value, schema):
    """Check a value against a schema of the document."""
    Draft202012Validator(schema | {"components": DOCUMENT["components"]}).validate(value)


def test_the_document_is_valid_openapi():
    OpenAPIV31SpecValidator(DOCUMENT | {"servers": [{"url": "/prod"}]}).validate()
    assert DOCUMENT["openapi"].startswith("3.1")


def test_every_reference_resolves():
    found = set(references(DOCUMENT))
    assert len(found) > 100
    assert all(resolve(reference) is not None for reference in found)


def test_titles_of_schemas_are_unique_and_their_names():
    assert {name: schema.get("title", name) for name, schema in SCHEMAS.items()} == {name: name for name in SCHEMAS}
    classes = Counter(name.replace("_", "").lower() for name in SCHEMAS)
    assert [name for name, count in classes.items() if count > 1] == []


def test_operation_ids_are_a_resource_and_a_verb():
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)
    for operation in OPERATIONS.values():
        resource, verb = operation["operationId"].split(".")
        assert [resource.replace("_", " ")] == operation["tags"]
        assert re.fullmatch("[a-z]+(_[a-z]+)*", verb)
        assert verb.split("_")[0] in VERBS


def test_every_tag_is_used_and_described():
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert {tag["name"] for tag in DOCUMENT["tags"] if tag["description"].endswith(".")} == used


def test_anonymous_operations_say_so():
    open_to_anyone = {name for name, operation in OPERATIONS.items() if operation["security"] == []}
    probes = {f"GET /health/{probe}" for probe in ("liveness", "readiness", "startup")}
    signed = {f"POST /v1/alerting/inbound/{vendor}/{{endpoint}}" for vendor in ("pagerduty", "slack")}
    signed |= {f"{method} /v1/alerting/links/{{token}}" for method in ("GET", "POST")}
    assert open_to_anyone == {*probes, *signed, "GET /.well-known/jwks.json"}
    keyed = [operation for operation in OPERATIONS.values() if operation["security"] == [{"key": []}]]
    assert all("401" in operation["responses"] for operation in keyed)
    assert len(keyed) == len(OPERATIONS) - len(open_to_anyone) - 2  # both routes of OAuth take HTTP Basic


KIND = r"`[a-z-]+` \([^()]+\)"
"""Code and title of a problem."""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_error_is_a_described_problem_document(operation):
    errors = {status: answer for status, answer in answers(operation) if status >= "400"}
    assert {"405", "422", "500"} <= errors.keys()
    for status, answer in errors.items():
        if list(answer["content"]) == ["application/problem+json"]:
            assert re.fullmatch(rf"Problem: {KIND}(; {KIND})*", answer["description"]), status
    assert all("X-Correlation-Id" in answer["headers"] for _, answer in answers(operation))


def test_every_described_header_is_used():
    used = {name for operation in OPERATIONS for _, answer in answers(operation) for name in answer["headers"]}
    assert used == DOCUMENT["components"]["headers"].keys()


@pytest.mark.parametrize("operation", WITH_BODY)
def test_request_example_has_the_shape_of_its_schema(operation):
    for media in OPERATIONS[operation]["requestBody"]["content"].values():
        check(media["example"], media["schema"])


@pytest.mark.parametrize("operation", WITH_BODY)
def test_request_example_passes_the_front_door(operation):
    clock = Clock()
    clock.now = datetime(2026, 12, 21, tzinfo=UTC)
    (media,) = OPERATIONS[operation]["requestBody"]["content"].values()
    headers = {"If-None-Match": "*"} if operation.startswith("PUT /v1/flags") else {}
    status, body = WholeApi(clock)(operation, body=media["example"], headers=headers)
    assert (status in {400, 415, 422}, refused_fields(status, body)) == (False, []), body


def test_example_of_a_history_is_accepted():
    ART_VISITS.parse(REQUESTS["scores.create"]["history"])


def test_each_request_example_belongs_to_an_operation():
    ids = {OPERATIONS[name]["operationId"] for name in WITH_BODY}
    assert ids == REQUESTS.keys()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_answer_examples_have_the_shape_of_their_schemas(operation):
    found = 0
    for status, answer in answers(operation):
        for media in answer.get("content", {}).values() if status.startswith("2") else ():
            value = media["example"] if "example" in media else resolve(media["examples"]["example"]["$ref"])["value"]
            check(value, media["schema"])
            found += 1
    reports = {f"POST /v1/alerting/inbound/{vendor}/{{endpoint}}" for vendor in ("pagerduty", "slack")}
    without_body = operation in {"POST /v1/oauth/revoke", *reports} or "204" in OPERATIONS[operation]["responses"]
    assert bool(found) is not without_body


def test_every_field_of_an_answer_has_an_example():
    examples = Examples(REQUESTS, VALUES)
    examples.add_to(json.loads(json.dumps(DOCUMENT)))
    assert examples.missing == set(), "add their values to bootstrap/example_values.py"


def test_every_example_value_is_used():
    fields = {(name, field) for name, schema in SCHEMAS.items() for field in schema.get("properties", {})}
    known = {field for _, field in fields} | {f"{name}.{field}" for name, field in fields}
    assert VALUES.keys() - known == set()
