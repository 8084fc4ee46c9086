"""A body of full size cannot make a large answer or much work, on any route."""

import json
import time

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import CONTRACT
from tests.support.field_spellings import MOMENT
from tests.support.whole_api import DOCUMENT, OPERATIONS, WholeApi
from vigil.errors import InvalidInput
from vigil.prediction.features.service import ART_VISITS, FLOWS

MAX_ANSWER_BYTES = 16 * 1024
MAX_CPU_SECONDS = 1.0
BODY_BYTES = {"POST /v1/batches": 3_700_000}
"""Largest body by operation; all others take 256 KiB."""
WELL_FORMED = {
    ("POST /v1/scores", "features"),
    ("POST /v1/batches", "rows"),
    ("POST /v1/oauth/revoke", "long text"),
}
"""Bodies that pass validation: the model refuses the features, the chunk each row, the service the token."""


def unknown(size, start=0):
    """Return JSON members with unknown names, of about this many bytes."""
    return ",".join(f'"u{number:x}":1' for number in range(start, start + size // 10))


def crowd(size):
    """Return JSON objects of 64 unknown members each, of about this many bytes."""
    member = "{" + unknown(640) + "}"
    return ",".join([member] * (size // len(member)))


SHAPES = {
    "one object": lambda size: f"{{{unknown(size)}}}",
    "features": lambda size: f'{{"model":"toy","subject_id":"p","features":{{{unknown(size)}}}}}',
    "list": lambda size: f"[{crowd(size)}]",
    "list of one name": lambda size: f'{{"a":[{crowd(size)}]}}',
    "rows": lambda size: f'{{"model":"toy","rows":[{crowd(size)}]}}',
    "lists of known names": lambda size: (
        f'{{"thresholds":[{crowd(size // 3)}],"allow":[{crowd(size // 3)}],"stages":[{crowd(size // 3)}]}}'
    ),
    "prices": lambda size: f'{{"valid_from":"2099-01-01T00:00:00Z","prices":{{{unknown(size)}}}}}',
    "purposes": lambda size: f'{{"purposes":{{{unknown(size)}}},"text_version":"1"}}',
    "long text": lambda size: json.dumps(dict.fromkeys(("subject_id", "model", "as_of", "id"), "1" * (size // 6))),
}
WITH_BODY = [name for name, operation in OPERATIONS.items() if "requestBody" in operation]


@pytest.fixture(scope="module")
def api():
    return WholeApi(Clock())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("operation", WITH_BODY)
def test_full_size_body_of_unknown_names_is_refused_cheaply(api, operation, shape):
    body = SHAPES[shape](BODY_BYTES.get(operation, 256_000))
    began = time.process_time()
    status, answer = api(operation, body=body)
    spent = time.process_time() - began
    assert spent <= MAX_CPU_SECONDS
    if (operation, shape) in WELL_FORMED:
        return
    assert 400 <= status < 500, answer[:500]
    assert len(answer) <= MAX_ANSWER_BYTES


def events(names):
    event = {"specversion": "1.0", "type": "vigil.usage", "source": "s", "id": "1", "time": MOMENT}
    return json.dumps([event | {"data": {f"{'n' * 60}{number}": 1 for number in range(names)}}] * 100)


def test_errors_of_all_events_of_a_request_are_bounded(api):
    status, answer = api("POST /v1/usage-events", body=events(60))
    results = json.loads(answer)["items"]
    assert (status, len(results)) == (200, 100)
    assert all(result["errors"] for result in results)
    assert len(answer) <= 24 * 1024


def test_errors_of_one_event_are_all_listed(api):
    _, answer = api("POST /v1/usage-events", body=json.dumps(json.loads(events(15))[:1]))
    assert len(json.loads(answer)["items"][0]["errors"]) == 15


@pytest.mark.parametrize("feature_set", [ART_VISITS, FLOWS], ids=lambda each: each.name)
def test_history_of_unknown_names_is_refused_cheaply(feature_set):
    item = {f"u{number}": 1 for number in range(64)}
    lists = [name for name, field in feature_set.schema()["properties"].items() if field.get("type") == "array"]
    document = {name: [item] * 1300 for name in lists} | {name: [item] * 600 for name in lists[:1]}
    began = time.process_time()
    with pytest.raises(InvalidInput) as caught:
        feature_set.parse(document)
    assert time.process_time() - began <= MAX_CPU_SECONDS
    assert len(caught.value.errors) <= 20


def test_features_of_unknown_names_are_refused_by_the_model_at_once():
    with pytest.raises(InvalidInput, match="features: has too many members") as caught:
        CONTRACT.encode({f"u{number}": 1 for number in range(100_000)})
    assert caught.value.count == 1


def patterned(schema, known, path=()):
    while "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    known = known | schema.get("$defs", {})
    if "pattern" in schema:
        yield path, schema
    for inner in (*schema.get("anyOf", ()), *filter(lambda each: isinstance(each, dict), [schema.get("items")])):
        yield from patterned(inner, known, path)
    for name, inner in schema.get("properties", {}).items():
        yield from patterned(inner, known, (*path, name))


def test_every_pattern_over_caller_text_has_a_length():
    known = DOCUMENT["components"]["schemas"]
    schemas = [(feature_set.name, feature_set.schema()) for feature_set in (ART_VISITS, FLOWS)]
    for name, operation in OPERATIONS.items():
        schemas += [(f"{name} {each['name']}", each["schema"]) for each in operation.get("parameters", ())]
        contents = operation.get("requestBody", {}).get("content", {}).values()
        schemas += [(name, content["schema"]) for content in contents]
    found = [(name, path, each) for name, schema in schemas for path, each in patterned(schema, known)]
    assert len(found) > 20
    assert [(name, path) for name, path, each in found if "maxLength" not in each] == []
