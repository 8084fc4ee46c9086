"""Every response has a correlation id, security headers and one log line; every error is a problem document."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from aws_lambda_powertools import Tracer

from tests.unit.web.api import BODY, SECRET
from vigil.web.middleware import SECURITY_HEADERS

CORRELATION_ID = "0000000a-0000-4000-8000-000000000001"


def test_a_score_has_a_location_and_its_replay_the_same_body(api):
    headers = {"Idempotency-Key": "k-1"}
    status, sent, body = api("POST", "/v1/scores", body=BODY, headers=headers)
    assert (status, sent["location"]) == (201, f"/local/v1/scores/{body['decision_id']}")
    status, sent, again = api("POST", "/v1/scores", body=BODY, headers=headers)
    assert (status, sent["idempotency-replayed"], again) == (200, "true", body)
    status, _, fetched = api("GET", f"/v1/scores/{body['decision_id']}")
    assert (status, fetched) == (200, body)


@pytest.mark.parametrize("age", ["40.0", "4e1", "40.00"])
def test_equal_numbers_replay_one_decision(api, age):
    headers = {"Idempotency-Key": "k-1"}
    _, _, first = api("POST", "/v1/scores", body=BODY, headers=headers)
    again = json.dumps(BODY).replace("40", age)
    status, sent, body = api("POST", "/v1/scores", body=again, headers=headers)
    assert (status, sent["idempotency-replayed"], body) == (200, "true", first)
    assert api("POST", "/v1/scores", body=again.replace(age, "40.5"), headers=headers)[0] == 422


def test_time_in_another_spelling_is_another_payload(api):
    headers = {"Idempotency-Key": "k-1"}
    assert api("POST", "/v1/scores", body=BODY | {"as_of": "2026-01-01T12:00:00Z"}, headers=headers)[0] == 201
    status, _, body = api("POST", "/v1/scores", body=BODY | {"as_of": "2026-01-01T15:00:00+03:00"}, headers=headers)
    assert (status, body["type"]) == (422, "urn:vigil:problem:idempotency-key-reused")


DOUBLED = [
    '{"subject_id":"a","model":"toy","features":{"age":40},"subject_id":"b"}',
    '{"subject_id":"a","model":"toy","as_of":"2026-01-01T12:00:00Z","features":{"age":40,"age":41}}',
    '{"subject_id":"a","model":"toy","features":{"age":40,"\\u0061ge":41}}',
    '{"subject_id":"a","model":"toy","history":{"visits":[{"n":1,"n" : 1}]},"as_of":"2026-01-01T12:00:00Z"}',
]


@pytest.mark.parametrize("body", DOUBLED)
def test_member_named_twice_is_400(api, body):
    status, _, problem = api("POST", "/v1/scores", body=body)
    assert (status, problem["type"]) == (400, "urn:vigil:problem:malformed-request")
    assert problem["errors"][0]["message"] == "occurs twice in one object"
    assert problem["errors"][0]["field"] in {"subject_id", "age", "n"}
    assert not api.ledger.rows


def test_a_score_has_the_fields_of_the_contract(api):
    _, _, body = api("POST", "/v1/scores", body=BODY | {"explain": True})
    assert body["model"] == {"name": "toy", "version": 1, "digest": "sha256:" + "a" * 64}
    assert 0 <= body["probability"] <= 1
    assert {"band", "decision", "explanation", "base_value", "created_at", "warnings"} <= body.keys()
    assert body["explanation"][0].keys() == {"feature", "value", "unit", "contribution", "text"}


@pytest.mark.parametrize(
    ("path", "method"),
    [("/v1/scores", "GET"), ("/v1/scores", "POST"), ("/v1/scores/x", "GET"), ("/health/detailed", "GET")],
)
def test_an_anonymous_request_is_401(api, path, method):
    status, headers, body = api(method, path, tenant=None, body=BODY if method == "POST" else None)
    assert (status, body["type"]) == (401, "urn:vigil:problem:unauthenticated")
    assert headers["content-type"] == "application/problem+json"


def test_another_tenants_decision_is_404_like_an_unknown_one(api):
    _, _, mine = api("POST", "/v1/scores", body=BODY)
    theirs = api("GET", f"/v1/scores/{mine['decision_id']}", tenant="globex")
    nobody = api("GET", "/v1/scores/dec_" + "0" * 32, tenant="globex")
    assert theirs[0] == nobody[0] == 404
    assert theirs[1].keys() == nobody[1].keys()
    del theirs[2]["correlation_id"], nobody[2]["correlation_id"]
    assert theirs[2] == nobody[2]


BROKEN_JSON = '{"model": "toy", '


DEEP = '{"model":"toy","subject_id":"p","features":{"age":' + "[" * 1500 + "]" * 1500 + "}}"


@pytest.mark.parametrize(
    ("body", "headers", "status", "field"),
    [
        (BROKEN_JSON, {}, 400, "body"),
        ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), {}, 400, "body"),
        (DEEP, {}, 400, "body"),
        ("[]", {}, 422, "body"),
        ('"text"', {}, 422, "body"),
        ("null", {}, 422, "body"),
        ("", {}, 422, "body"),
        ({}, {}, 422, "model"),
        (BODY | {"subject_id": "two words"}, {}, 422, "subject_id"),
        (BODY | {"subject_id": "x" * 129}, {}, 422, "subject_id"),
        (BODY | {"subject_id": "."}, {}, 422, "subject_id"),
        (BODY | {"subject_id": ".."}, {}, 422, "subject_id"),
        (BODY | {"explain": "yes"}, {}, 422, "explain"),
        (BODY | {"as_of": "2026-01-01T00:00:00"}, {}, 422, "as_of"),
        (BODY | {"as_of": "2026-12-01T00:00:00Z"}, {}, 422, "as_of"),
        (BODY | {"as_of": "0001-01-01T00:00:00+14:00"}, {}, 422, "as_of"),
        (BODY | {"as_of": "9999-12-31T23:59:59-14:00"}, {}, 422, "as_of"),
        (BODY | {"as_of": 1767225600}, {}, 422, "as_of"),
        (BODY | {"wings": 2}, {}, 422, "wings"),
        (BODY | {"features": [1]}, {}, 422, "features"),
        ('{"model":"toy","subject_id":"p","features":{"age":NaN}}', {}, 422, "features.age"),
        ('{"model":"toy","subject_id":"p","features":{"age":-Infinity}}', {}, 422, "features.age"),
        ('{"model":"toy","subject_id":"p","features":{"age":1e999}}', {}, 422, "features.age"),
        ('{"model":"toy","subject_id":"p","features":{"age":' + "9" * 3000 + "}}", {}, 422, "features.age"),
        ('{"model":"toy","subject_id":"p","features":{"\\ud800":1}}', {}, 422, None),
        (BODY, {"Idempotency-Key": ""}, 400, "Idempotency-Key"),
        (BODY, {"Idempotency-Key": "x" * 256}, 400, "Idempotency-Key"),
        (BODY, {"Idempotency-Key": "a b"}, 400, "Idempotency-Key"),
    ],
)
def test_bad_input_is_a_problem_document_that_names_the_field(api, body, headers, status, field):
    got, sent, problem = api("POST", "/v1/scores", body=body, headers=headers)
    assert (got, sent["content-type"]) == (status, "application/problem+json")
    assert problem["correlation_id"] == sent["x-correlation-id"]
    if field:
        assert field in [error["field"] for error in problem["errors"]]
        assert all(error["bound"] for error in problem["errors"])
    assert not api.ledger.rows


def test_a_large_body_is_413_and_another_media_type_415(api):
    assert api("POST", "/v1/scores", body=BODY | {"features": {"age": "x" * 5000}})[0] == 413
    assert api("POST", "/v1/scores", body=BODY, headers={"Content-Type": "text/plain"})[0] == 415


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT"])
def test_an_unknown_method_is_405_with_an_allow_header(api, method):
    status, headers, body = api(method, "/v1/scores", body={})
    assert (status, body["type"]) == (405, "urn:vigil:problem:method-not-allowed")
    assert set(headers["allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/scores/", "/v1//scores"])
def test_an_unknown_path_is_404_and_not_a_redirect(api, path):
    status, _, body = api("GET", path)
    assert (status, body["type"]) == (404, "urn:vigil:problem:not-found")


def test_an_unexpected_error_reveals_no_detail(api):
    status, headers, body = api("GET", "/broken")
    assert (status, body["type"]) == (500, "urn:vigil:problem:internal-error")
    assert headers["x-correlation-id"] == body["correlation_id"]
    out = api.log.getvalue()
    assert SECRET not in json.dumps(body) + out
    assert "RuntimeError at api.py" in out


def test_a_route_that_awaits_io_is_a_500(api):
    for path in ("/waiting", "/yielding", "/in-a-thread"):
        status, _, body = api("GET", path)
        assert (status, body["type"]) == (500, "urn:vigil:problem:internal-error")
    errors = [json.loads(line)["error"] for line in api.log.getvalue().splitlines()]
    assert len(errors) == 3
    assert errors[1].startswith("RuntimeError")


def test_every_response_has_security_headers_and_a_correlation_id(api):
    for call in [("GET", "/health/liveness"), ("GET", "/v1/nothing"), ("GET", "/broken"), ("GET", "/docs")]:
        _, headers, _ = api(*call)
        assert SECURITY_HEADERS.keys() <= headers.keys()
        assert headers["x-correlation-id"]


def test_a_malformed_correlation_id_is_replaced(api):
    assert (
        api("GET", "/health/liveness", headers={"X-Correlation-Id": CORRELATION_ID})[1]["x-correlation-id"]
        == CORRELATION_ID
    )
    forged = api("GET", "/health/liveness", headers={"X-Correlation-Id": 'a"b\n'})[1]["x-correlation-id"]
    assert len(forged) == 36


def test_a_request_has_one_log_line_without_subject_or_features(api):
    api("POST", "/v1/scores", body=BODY | {"subject_id": "jane-roe"}, headers={"X-Correlation-Id": CORRELATION_ID})
    requests = [json.loads(line) for line in api.log.getvalue().splitlines()]
    assert len(requests) == 1
    assert requests[0] | {"route": "/v1/scores", "status": 201, "model": "toy", "band": "high"} == requests[0]
    assert requests[0]["correlation_id"] == CORRELATION_ID
    assert "jane-roe" not in json.dumps(requests)


def test_a_log_line_contains_its_metrics(api):
    api("POST", "/v1/scores", body=BODY)
    (line,) = map(json.loads, api.log.getvalue().splitlines())
    directive, totals = line["_aws"]["CloudWatchMetrics"]
    units = [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Band.high", "Unit": "Count"}]
    assert directive == {"Namespace": "Vigil", "Dimensions": [["service", "route", "model"]], "Metrics": units}
    assert [line[name] for name in ("route", "model", "Latency", "Band.high")] == [
        "/v1/scores", "toy", line["latency_ms"], 1,
    ]  # fmt: skip
    names = [each["Name"] for each in totals["Metrics"]]
    assert (totals["Dimensions"], names) == ([[]], ["ScoreRequests", "Predictions"])
    assert [line[name] for name in names] == [1, 1]
    assert isinstance(line["service"], str)
    written = datetime.fromisoformat(line["timestamp"])
    assert abs(written - datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)) < timedelta(minutes=1)


def test_a_cursor_is_valid_for_one_tenant_and_filter(api):
    for _ in range(3):
        api("POST", "/v1/scores", body=BODY)
        api.clock.advance(seconds=1)
    _, _, first = api("GET", "/v1/scores", query={"limit": "2"})
    cursor = first["next_cursor"]
    _, _, second = api("GET", "/v1/scores", query={"limit": "2", "cursor": cursor})
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (2, 1, None)
    assert api("GET", "/v1/scores", query={"cursor": cursor}, tenant="globex")[0] == 400
    assert api("GET", "/v1/scores", query={"cursor": cursor, "subject": "sub-" + "0" * 40})[0] == 400
    assert api("GET", "/v1/scores", query={"cursor": cursor[:-2] + "AA"})[0] == 400
    assert {api("GET", "/v1/scores", query={"cursor": c})[0] for c in ("🙂", f"{cursor}!!", f"!{cursor}")} == {400}
    assert api("GET", "/v1/scores", query={"limit": "101"})[0] == 422


def test_a_trace_is_annotated_and_its_id_is_logged(api, monkeypatch):
    annotations = {}
    monkeypatch.setattr(Tracer, "put_annotation", lambda _, name, value: annotations.__setitem__(name, value))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    api("POST", "/v1/scores", body=BODY)
    assert annotations.items() >= {"model": "toy", "model_version": 1, "band": "high", "status": 201}.items()
    assert annotations["latency_ms"] > 0
    assert json.loads(api.log.getvalue())["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"
