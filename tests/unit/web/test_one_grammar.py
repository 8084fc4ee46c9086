"""A spelling of a time, day, number or boolean has the same verdict in every field of its type."""

import json
from datetime import datetime

import pytest

from tests.support.batch_rows import no_fast_reader, parse_rows
from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import CONTRACT
from tests.support.field_spellings import MOMENT, SPELLINGS, is_nullable, named, typed_fields, value_at
from tests.support.whole_api import DOCUMENT, OPERATIONS, WholeApi, refused_fields
from vigil.access.tenants.model import MAX_OVERRIDES
from vigil.decisions.batches.parsing import build_reader
from vigil.decisions.scoring.schemas import parse_subject
from vigil.errors import InvalidInput
from vigil.money.costs.model import BILLED
from vigil.money.usage.events.routes import EVENT
from vigil.money.usage.model import REPORTED_METERS
from vigil.prediction.features.service import ART_VISITS, FLOWS

LIMITS = dict.fromkeys(MAX_OVERRIDES, 50)
SETTINGS = {"max_key_days": 50, "overlap_hours": 24}
MATCHER = {"types": ["work_stuck"], "labels": {"region": "eu"}}
POLICY = {"name": "n", "steps": [{"targets": ["member:a"], "wait_minutes": 50}], "repeats": 5}
SILENCE = {"matcher": MATCHER, "starts_at": MOMENT, "ends_at": MOMENT, "reason": "r", "holds_critical": True}
LAYER = {"name": "n", "people": ["a"], "every": 5, "starts_on": "2026-02-01", "hand_off_at": "09:00"}
OVERRIDE = {"member_id": "a", "starts_at": MOMENT, "ends_at": MOMENT}
SCHEDULE = {"name": "n", "zone": "UTC", "layers": [LAYER], "overrides": [OVERRIDE]}
WINDOW = {"subject_id": "p-1", "model": "toy", "start": MOMENT, "end": MOMENT}
BODIES = {
    "POST /v1/scores": {"model": "toy", "subject_id": "p-1", "features": {}, "as_of": MOMENT, "explain": True},
    "POST /v1/batches": {"model": "toy", "format": "csv", "ignore_unknown_columns": True},
    "PUT /v1/flags/{name}": {"description": "d", "stages": ["local"], "percentage": 50},
    "POST /v1/models/{name}/promote": {"version": 1, "share": 50},
    "POST /v1/outcomes": {
        "window": WINDOW,
        "row": 50,
        "status": "occurred",
        "recorded_at": MOMENT,
        "happened_at": MOMENT,
        "treated": True,
    },
    "PUT /v1/subjects/{subject}/consent": {
        "purposes": {"scoring": "given"},
        "text_version": "1",
        "declared_at": MOMENT,
    },
    "POST /v1/usage-events": [
        {
            "specversion": "1.0",
            "type": "vigil.usage",
            "source": "s",
            "id": "1",
            "time": MOMENT,
            "data": dict.fromkeys(REPORTED_METERS, 50),
        }
    ],
    "POST /v1/prices": {"valid_from": MOMENT, "prices": {meter: {"micros": 50, "per": 50} for meter in BILLED}},
    "PUT /v1/budgets/{category}/{period}": {"limit_micros": 50, "thresholds": [50], "hard_stop": True},
    "PUT /v1/alerting/limits": {"error": 50, "warning": 50, "info": 50},
    "POST /v1/tenants": {"tenant_id": "other", "limits": LIMITS, "settings": SETTINGS},
    "PATCH /v1/tenants/{tenant_id}": {"limits": LIMITS, "settings": SETTINGS},
    "POST /v1/tenants/{tenant_id}/keys": {"expires_at": MOMENT},
    "POST /v1/tenants/{tenant_id}/keys/{key_id}/rotate": {"expires_at": MOMENT, "overlap_hours": 24},
    "PATCH /v1/webhooks/{webhook_id}": {"enabled": True},
    "POST /v1/webhooks/{webhook_id}/replay": {"since": MOMENT},
    "POST /v1/alerting/send": {"type": "work_stuck", "source": "s", "title": "t", "is_cleared": True},
    "POST /v1/alerting/policies": POLICY,
    "PUT /v1/alerting/policies/{policy_id}": POLICY,
    "POST /v1/alerting/silences": SILENCE,
    "PUT /v1/alerting/silences/{silence_id}": SILENCE,
    "POST /v1/alerting/schedules": SCHEDULE,
    "PUT /v1/alerting/schedules/{schedule_id}": SCHEDULE,
    "POST /v1/incidents/{incident_id}/steps/{number}/confirm": {"attempt": 50},
}
"""Bodies with every field that has a grammar, by operation."""
SCHEMAS = DOCUMENT["components"]["schemas"]


def fields_of_bodies():
    for operation, described in OPERATIONS.items():
        for media_type, content in described.get("requestBody", {}).get("content", {}).items():
            for path, kind in typed_fields(content["schema"], SCHEMAS):
                yield operation, media_type, path, kind


def body_of(operation, media_type):
    """Return the body of an operation; its form depends on the media type for usage events only."""
    return BODIES[operation][0] if media_type == EVENT else BODIES[operation]


def fields_of_queries():
    """Yield operation, name, type and maximum of each query parameter with a grammar; 0 without a maximum."""
    for operation, described in OPERATIONS.items():
        for parameter in described.get("parameters", ()):
            schema = parameter["schema"]
            maximum = max(each.get("maximum", 0) for each in (schema, *schema.get("anyOf", ())))
            for _, kind in typed_fields(schema, SCHEMAS):
                if parameter["in"] == "query":
                    yield operation, parameter["name"], kind, maximum


@pytest.fixture(scope="module")
def api():
    return WholeApi(Clock())


def spelled(document, path, template, good):
    """Return the JSON text of a document in which a field is written as the template says."""
    copy = json.loads(json.dumps(document))
    value_at(copy, path[:-1])[path[-1]] = "@field@"
    if template == "{v}" or template.startswith('"'):
        text = "46054" if isinstance(good, str) and template == "{v}" else str(good).replace("True", "true")
    else:
        text = "1" if isinstance(good, str | bool) else json.dumps(good)
    return json.dumps(copy).replace('"@field@"', template.format(v=text))


FIELDS = list(fields_of_bodies())


def test_every_type_is_in_the_walk():
    assert len(SPELLINGS) >= 40
    assert {kind for *_, kind in FIELDS} == {"date-time", "date", "integer", "number", "boolean"}
    assert {kind for _, _, kind, _ in fields_of_queries()} == {"date-time", "date", "integer", "boolean"}


@pytest.mark.parametrize(("operation", "media_type", "path", "kind"), FIELDS, ids=str)
def test_field_of_a_body_follows_its_grammar(api, operation, media_type, path, kind):
    document = body_of(operation, media_type)
    where = named(document, path)
    field = ".".join(map(str, where[1:] if where[0] == 0 else where))
    for template, kinds in SPELLINGS:
        text = spelled(document, where, template, value_at(document, where))
        status, body = api(operation, body=text, headers={"Content-Type": media_type})
        refused = any(name == field or name.startswith(f"{field}.") for name in refused_fields(status, body))
        assert refused == (kind not in kinds), (template, status, body)


HISTORY = {
    "registrations": [
        {
            "recorded_at": MOMENT,
            "art_started_on": "2026-01-01",
            "distance_km": 50,
            **dict.fromkeys(("pregnant_at_start", "rural", "has_phone"), True),
        }
    ],
    "visits": [{"visited_at": MOMENT, "recorded_at": MOMENT, "next_appointment": "2026-02-10", "scheduled": True}],
    "dispenses": [{"dispensed_at": MOMENT, "recorded_at": MOMENT, "days_supply": 90}],
    "observations": [{"code": "weight", "observed_at": MOMENT, "recorded_at": MOMENT, "value": 50}],
}
NULLABLE = [
    (operation, media_type, path, is_nullable(content[media_type]["schema"], SCHEMAS, path))
    for operation, media_type, path, _ in FIELDS
    for content in (OPERATIONS[operation]["requestBody"]["content"],)
]


@pytest.mark.parametrize(("operation", "media_type", "path", "nullable"), NULLABLE, ids=str)
def test_null_is_accepted_where_the_schema_has_it(api, operation, media_type, path, nullable):
    document = body_of(operation, media_type)
    where = named(document, path)
    field = ".".join(map(str, where[1:] if where[0] == 0 else where))
    text = spelled(document, where, "null", 0)
    status, body = api(operation, body=text, headers={"Content-Type": media_type})
    assert (field in refused_fields(status, body)) == (not nullable), body


ENDS = {"source": "a", "destination": "b", "source_port": 50, "destination_port": 50}
PACKET = {"at_us": 50, "forward": True, "length": 50, "header": 30, "window": 50, "ttl": 50}
FLOW = {"started_us": 50, "duration_us": 50, "packets": 50, "bytes": 50, "answered": True} | ENDS
TRAFFIC = {"started_at": MOMENT, "protocol": "tcp", "packets": [PACKET], "neighbours": [FLOW]} | ENDS
HISTORIES = {
    feature_set.name: (feature_set, example) for feature_set, example in ((ART_VISITS, HISTORY), (FLOWS, TRAFFIC))
}
HISTORY_FIELDS = [
    (name, path, kind) for name, (each, _) in HISTORIES.items() for path, kind in typed_fields(each.schema(), {})
]


def test_days_of_histories_are_in_the_walk():
    assert {kind for _, _, kind in HISTORY_FIELDS} == {"date-time", "date", "integer", "number", "boolean"}


@pytest.mark.parametrize(("name", "path", "kind"), HISTORY_FIELDS, ids=str)
def test_field_of_a_history_follows_its_grammar(name, path, kind):
    feature_set, document = HISTORIES[name]
    field = "history" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    for template, kinds in SPELLINGS:
        text = spelled(document, path, template, value_at(document, path))
        try:
            feature_set.parse(json.loads(text))
            refused = False
        except InvalidInput as error:
            refused = field in [each.field for each in error.errors]
        assert refused == (kind not in kinds), (template, text)


TEXTS = [(json.loads(template), kinds) for template, kinds in SPELLINGS if template[0] == '"' and "{" not in template]

GOOD_QUERIES = {
    "integer": ["50", "50.0", "5e1"],
    "boolean": ["true", "false"],
    "date-time": [MOMENT, *(text for text, kinds in TEXTS if "date-time" in kinds)],
    "date": ["2026-02-01"],
}

WHOLE_NUMBERS = [text for text, _ in TEXTS if text.removeprefix("+").isdigit()]
"""Texts of whole numbers, which parameters with a lower maximum refuse."""


@pytest.mark.parametrize(("operation", "name", "kind", "maximum"), list(fields_of_queries()), ids=str)
def test_query_parameter_follows_its_grammar(api, operation, name, kind, maximum):
    good = [*GOOD_QUERIES[kind], *(text for text in WHOLE_NUMBERS if 0 < int(text) <= maximum)]
    for text in [*good, *(text for text, _ in TEXTS if text not in {"true", "1.0"})]:
        status, body = api(operation, query={name: text})
        assert (name in refused_fields(status, body)) == (text not in good), text


@pytest.mark.parametrize(("text", "kinds"), [(text, kinds) for text, kinds in TEXTS if text.strip()])
def test_time_in_a_csv_cell_follows_its_grammar(text, kinds):
    reader = build_reader("csv", ("subject_id", "as_of"), CONTRACT, no_fast_reader)
    ((_, document),) = parse_rows(reader, f'a,"{text}"\n'.encode())
    if "date-time" in kinds:
        assert parse_subject(document).as_of == datetime.fromisoformat(MOMENT)
        return
    with pytest.raises(InvalidInput) as caught:
        parse_subject(document)
    (error,) = caught.value.errors
    assert (error.field, error.bound) == ("as_of", "RFC 3339 with a UTC offset")


FEATURE_FIELDS = [spec for spec in CONTRACT.features if spec.type != "category"]


@pytest.mark.parametrize("spec", FEATURE_FIELDS, ids=lambda spec: spec.name)
def test_feature_of_a_score_follows_its_grammar(spec):
    good = True if spec.type == "boolean" else 40
    for template, kinds in SPELLINGS:
        value = json.loads(spelled({"value": good}, ("value",), template, good))["value"]
        try:
            spec.encode(value)
            refused = False
        except InvalidInput:
            refused = True
        assert refused == (spec.type not in kinds), template
