"""An unknown field of any strict body is refused with the known fields as its bound."""

import json

import pytest

from tests.support.fakes.clock import Clock
from tests.support.whole_api import DOCUMENT, OPERATIONS, WholeApi


def strict_bodies():
    """Yield each operation whose JSON body has no other fields than those of its schema, with their names."""
    for operation, described in sorted(OPERATIONS.items()):
        body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        schema = DOCUMENT["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], {})
        if schema.get("additionalProperties") is False:
            yield operation, ", ".join(schema["properties"])


BODIES = list(strict_bodies())


@pytest.fixture(scope="module")
def api():
    return WholeApi(Clock())


def test_most_bodies_are_strict():
    assert len(BODIES) > 20


@pytest.mark.parametrize(("operation", "names"), BODIES)
def test_an_unknown_field_of_a_body_names_the_known_ones(api, operation, names):
    status, answer = api(operation, body={"colour": 1})
    bounds = {row["field"]: row["bound"] for row in json.loads(answer)["errors"]}
    assert (status, bounds["colour"]) == (422, f"one of {names}")
