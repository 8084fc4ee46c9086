"""The outcomes function as deployed, on decisions of the scoring function."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.gateway import Context, event

BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80, "stage": "III"}}


@pytest.fixture
def api(published):
    from functions.outcomes_api import handler as outcomes
    from functions.scoring_api import handler as scoring

    def call(method, path, **kwargs):
        function = scoring if path.startswith("/v1/scores") else outcomes
        answer = function.lambda_handler(event(method, path, **kwargs), Context())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    return call


@pytest.fixture
def decision(api):
    return api("POST", "/v1/scores", body=BODY)[2]


def report(status="occurred", seconds=0, **target):
    recorded_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5 + seconds)
    return {"status": status, "recorded_at": recorded_at.isoformat(), **target}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/outcomes"), ("GET", "/v1/outcomes"), ("GET", "/v1/outcomes/d")]
)
def test_anonymous_is_refused(api, method, path):
    assert api(method, path, tenant=None, body=report(decision_id="d") if method == "POST" else None)[0] == 401


def test_an_outcome_is_reported_repeated_corrected_and_read(api, decision):
    body = report(decision_id=decision["decision_id"])
    status, _, first = api("POST", "/v1/outcomes", body=body)
    assert (status, first["items"][0]["model_version"]) == (201, 1)
    status, headers, again = api("POST", "/v1/outcomes", body=body)
    assert (status, headers["idempotency-replayed"], again) == (200, "true", first)
    assert api("POST", "/v1/outcomes", body=body | {"status": "excluded"})[0] == 409
    assert api("POST", "/v1/outcomes", body=body | {"treated": True})[0] == 409
    corrected = report("not_occurred", 10, decision_id=decision["decision_id"])
    assert api("POST", "/v1/outcomes", body=corrected)[0] == 201
    found = api("GET", f"/v1/outcomes/{decision['decision_id']}")[2]
    assert (found["status"], [o["status"] for o in found["history"]]) == ("not_occurred", ["occurred", "not_occurred"])


def test_a_window_matches_the_decision_of_its_subject(api, decision):
    now = datetime.now(UTC)
    window = {
        "subject_id": "p-1",
        "model": "toy",
        "start": (now - timedelta(hours=1)).isoformat(),
        "end": (now + timedelta(hours=1)).isoformat(),
    }
    status, _, body = api("POST", "/v1/outcomes", body=report(window=window))
    assert (status, [o["decision_id"] for o in body["items"]]) == (201, [decision["decision_id"]])
    assert api("POST", "/v1/outcomes", tenant="globex", body=report(window=window))[0] == 404


def test_another_tenants_decision_is_not_found(api, decision):
    mine = decision["decision_id"]
    answers = [
        api("POST", "/v1/outcomes", tenant="globex", body=report(decision_id=mine)),
        api("POST", "/v1/outcomes", body=report(decision_id="dec_" + "0" * 32)),
    ]
    api("POST", "/v1/outcomes", body=report(decision_id=mine))
    answers += [
        api("GET", f"/v1/outcomes/{mine}", tenant="globex"),
        api("GET", "/v1/outcomes/dec_" + "0" * 32),
    ]
    assert {status for status, _, _ in answers} == {404}
    assert answers[0][2]["detail"] == answers[1][2]["detail"]
    assert answers[2][2]["detail"] == answers[3][2]["detail"]
    assert api("GET", "/v1/outcomes", tenant="globex")[2]["items"] == []


def test_resolved_and_unresolved_outcomes_are_listed_apart_page_by_page(api):
    statuses = ["occurred", "unresolved", "excluded", "not_occurred", "unresolved"]
    for number, status in enumerate(statuses):
        made = api("POST", "/v1/scores", body=BODY | {"subject_id": f"p-{number}"})[2]
        api("POST", "/v1/outcomes", body=report(status, decision_id=made["decision_id"]))
    seen = {"true": [], "false": []}
    for resolved, found in seen.items():
        cursor = None
        while True:
            query = {"resolved": resolved, "limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = api("GET", "/v1/outcomes", query=query)[2]
            found += [outcome["status"] for outcome in page["items"]]
            if not (cursor := page["next_cursor"]):
                break
    assert sorted(seen["true"]) == ["excluded", "not_occurred", "occurred"]
    assert seen["false"] == ["unresolved", "unresolved"]


def test_a_cursor_of_one_list_is_invalid_for_the_other(api):
    for number in range(2):
        made = api("POST", "/v1/scores", body=BODY | {"subject_id": f"p-{number}"})[2]
        api("POST", "/v1/outcomes", body=report(decision_id=made["decision_id"]))
    cursor = api("GET", "/v1/outcomes", query={"limit": "1"})[2]["next_cursor"]
    for other in (
        {"query": {"resolved": "false", "cursor": cursor}},
        {"query": {"cursor": cursor}, "tenant": "globex"},
    ):
        assert api("GET", "/v1/outcomes", **other)[0] == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"decision_id": None}, "body"),
        (
            {"window": {"subject_id": "p", "model": "toy", "start": "2026-01-01T00:00Z", "end": "2026-01-02T00:00Z"}},
            "body",
        ),
        ({"status": "maybe"}, "status"),
        ({"recorded_at": "2026-01-01T00:00:00"}, "recorded_at"),
        ({"recorded_at": 5}, "recorded_at"),
        ({"recorded_at": "2999-01-01T00:00:00Z"}, "recorded_at"),
        ({"note": "x"}, "note"),
    ],
)
def test_invalid_input_names_the_field_and_its_bound(api, change, field):
    body = report(decision_id="dec_" + "0" * 32) | change
    status, _, problem = api("POST", "/v1/outcomes", body={k: v for k, v in body.items() if v is not None})
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["bound"]
