"""The flags function, wired as deployed, together with the scoring function that evaluates flags."""

import json
from pathlib import Path

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.access.flags.model import EXPLAIN_HIGH_RISK, KNOWN_FLAGS, Flag
from vigil.bootstrap import access, decisions

BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 95, "stage": "III"}}
ON = {"description": "Explain what alarms.", "stages": ["local"], "percentage": 100}
NEW = {"If-None-Match": "*"}


@pytest.fixture
def api(clock, published):
    from functions.flags_api import handler as flags_api
    from functions.scoring_api import handler as scoring_api

    def call(method, path, role="operator", **kwargs):
        function = flags_api if path.startswith("/v1/flags") else scoring_api
        answer = function.lambda_handler(event(method, path, role=role, **kwargs), Context())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"] or "null")

    return call


@pytest.fixture
def minute_later(clock):
    return lambda: clock.advance(seconds=61)


def on(definition=ON, **changes):
    return definition | changes


def test_a_defined_flag_is_listed_and_changes_scores(api, minute_later):
    assert api("POST", "/v1/scores", body=BODY)[2]["explanation"] is None
    tag = api("GET", f"/v1/flags/{EXPLAIN_HIGH_RISK}")[1]["etag"]
    status, headers, flag = api("PUT", f"/v1/flags/{EXPLAIN_HIGH_RISK}", body=ON, headers={"If-Match": tag})
    assert (status, flag["on"], flag["obeyed"], flag["definition"]["percentage"]) == (200, True, True, 100)
    assert headers["etag"] != tag
    minute_later()
    scored = api("POST", "/v1/scores", body=BODY)[2]
    listed = api("GET", "/v1/flags")[2]
    assert scored["explanation"] is not None
    assert scored["flags"] == {"digest": listed["digest"], "on": [EXPLAIN_HIGH_RISK]}
    row, again = decisions.scoring().replay("acme", scored["decision_id"])
    assert again == row.body
    assert access.flags().find_set(listed["digest"]).find(EXPLAIN_HIGH_RISK).percentage == 100


def test_only_operators_see_the_definition_of_a_flag(api):
    body = on(allow=["acme"], deny=["globex"], percentage=0)
    assert api("PUT", "/v1/flags/beta", body=body, headers=NEW)[0] == 201
    for tenant, state in (("acme", True), ("globex", False), ("initech", False)):
        flag = api("GET", "/v1/flags/beta", role="viewer", tenant=tenant)[2]
        assert (flag["on"], flag["obeyed"], flag["definition"]) == (state, False, None)
    assert api("GET", "/v1/flags/beta")[2]["definition"] == body | {"sticky": "tenant"}
    names = [flag["name"] for flag in api("GET", "/v1/flags", role="member")[2]["flags"]]
    assert names == sorted([*KNOWN_FLAGS, "beta"])


def test_a_subject_flag_is_null_without_a_subject(api):
    api("PUT", "/v1/flags/beta", body=on(percentage=50.25, sticky="subject"), headers=NEW)
    assert api("GET", "/v1/flags/beta")[2]["on"] is None
    expected = Flag("beta", "d", sticky="subject").bucket("acme", "p-1") < 5025
    status, _, answer = api("POST", "/v1/flags/evaluate", body={"subject_id": "p-1"}, role="viewer")
    assert (status, {flag["name"]: flag["on"] for flag in answer["flags"]}["beta"]) == (200, expected)


def test_the_bucket_of_a_subject_is_that_of_earlier_releases():
    """A change of buckets would turn flags on and off for subjects, against the promise of a percentage."""
    assert [Flag("beta", "d", sticky="subject").bucket("acme", f"p-{n}") for n in range(3)] == [5400, 9560, 1784]


@pytest.mark.parametrize("role", ["viewer", "member", "admin"])
def test_only_operators_can_define_a_flag(api, role):
    status, _, problem = api("PUT", "/v1/flags/beta", body=ON, headers=NEW, role=role)
    assert (status, problem["type"]) == (403, "urn:vigil:problem:forbidden")
    assert api("GET", "/v1/flags/beta")[0] == 404


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/flags"), ("GET", "/v1/flags/a1"), ("PUT", "/v1/flags/a1")])
def test_a_request_without_a_credential_returns_401(api, method, path):
    assert api(method, path, tenant=None, body=ON if method == "PUT" else None, headers=NEW)[0] == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 428), ({"If-Match": '"other"'}, 412), ({"If-None-Match": "*"}, 412), ({"If-None-Match": '"x"'}, 400)],
)
def test_a_change_without_a_valid_precondition_is_rejected(api, headers, status):
    api("PUT", "/v1/flags/beta", body=ON, headers=NEW)
    assert api("PUT", "/v1/flags/beta", body=on(percentage=1), headers=headers)[0] == status
    assert api("GET", "/v1/flags/beta")[2]["definition"]["percentage"] == 100


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("percentage", 101),
        ("percentage", -1),
        ("percentage", 0.001),
        ("percentage", "much"),
        ("percentage", True),
        ("percentage", "50"),
        ("stages", ["moon"]),
        ("sticky", "planet"),
        ("allow", ["Not A Tenant"]),
        ("deny", [f"tenant-{number}" for number in range(51)]),
        ("description", ""),
        ("wings", 2),
    ],
)
def test_an_invalid_definition_names_its_field(api, field, value):
    status, _, problem = api("PUT", "/v1/flags/beta", body=on(**{field: value}), headers=NEW)
    assert (status, problem["type"]) == (422, "urn:vigil:problem:invalid-input")
    assert problem["errors"][0]["field"].startswith(field)
    assert problem["errors"][0]["bound"]


def test_a_repeated_change_replays_the_response_with_its_etag(api):
    sent = NEW | {"Idempotency-Key": "k"}
    status, headers, flag = api("PUT", "/v1/flags/beta", body=ON, headers=sent)
    again, replayed, same = api("PUT", "/v1/flags/beta", body=ON, headers=sent)
    assert (status, again, flag) == (201, 201, same)
    assert (replayed["idempotency-replayed"], replayed["etag"]) == ("true", headers["etag"])


def test_an_unchanged_flag_returns_304(api):
    for path in ("/v1/flags", f"/v1/flags/{EXPLAIN_HIGH_RISK}"):
        status, headers, _ = api("GET", path)
        assert (status, headers["cache-control"]) == (200, "private, max-age=0")
        assert api("GET", path, headers={"If-None-Match": headers["etag"]})[0] == 304


@pytest.mark.parametrize("stored", ["no json", '[{"name": "explain-high-risk"}]'])
def test_a_malformed_set_turns_all_flags_off_and_is_counted(api, stored, caplog):
    item = {"pk": {"S": "FLAGS"}, "sk": {"S": "CURRENT"}, "version": {"N": "1"}, "flags": {"S": stored}}
    boto3.client("dynamodb").put_item(TableName="flags", Item=item)
    status, _, scored = api("POST", "/v1/scores", body=BODY)
    assert (status, scored["flags"]) == (201, {"digest": None, "on": []})
    assert [record.cache for record in caplog.records if record.message == "CacheReadsFailed"] == ["flags"]


def test_a_score_with_the_last_known_flags_has_this_in_its_line(api, minute_later, caplog):
    api("PUT", f"/v1/flags/{EXPLAIN_HIGH_RISK}", body=ON, headers=NEW)
    before = api("POST", "/v1/scores", body=BODY)[2]["flags"]
    boto3.client("dynamodb").delete_table(TableName="flags")
    minute_later()
    assert api("POST", "/v1/scores", body=BODY | {"subject_id": "p-2"})[2]["flags"] == before
    lines = [record for record in caplog.records if record.message == "request"]
    assert [getattr(line, "stale", None) for line in lines] == [None, None, "flags"]
    assert [r.has_value for r in caplog.records if r.message == "CacheReadsFailed"] == [True]


def test_a_missing_table_does_not_fail_scores(api):
    boto3.client("dynamodb").delete_table(TableName="flags")
    for _ in range(3):
        assert api("POST", "/v1/scores", body=BODY)[0] == 201


def test_the_sample_event_is_accepted(api):
    from functions.flags_api.handler import lambda_handler

    sample = json.loads((Path(__file__).parents[2] / "events" / "flags_api.json").read_text())
    assert lambda_handler(sample, Context())["statusCode"] == 200
