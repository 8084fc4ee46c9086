"""Consents and exports of persons, wired as deployed."""

import json
from pathlib import Path

import boto3
import pytest

from tests.support.persons import (
    FEATURES,
    JANE,
    JOE,
    LONG_CONTEXT,
    RECORDS_CONSENTS,
    batch,
    declare,
    export_all,
    person,
    read_all_stores,
    score,
)
from vigil.bootstrap import access
from vigil.kernel.ids import stored_decision_id

ROUTES = [
    ("PUT", "/consent", {"purposes": {"scoring": "given"}, "text_version": "1"}, "viewer"),
    ("GET", "/consent", None, None),
    ("GET", "/export", None, "member"),
    ("DELETE", "", None, "member"),
    ("GET", "/erasure", None, "member"),
]


def test_declarations_are_listed_in_pages(api):
    texts = [f"v{number}" for number in range(5)]
    for text in texts:
        declaration = {"purposes": {"scoring": "given"}, "text_version": text}
        assert api("PUT", f"{person()}/consent", body=declaration)[0] == 200
    found, query = [], {"limit": "2"}
    while True:
        page = api("GET", f"{person()}/consent", query=query)[1]
        assert (page["version"], len(page["history"]) <= 2) == (5, True)
        found += [each["text_version"] for each in page["history"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == texts


@pytest.mark.parametrize(("method", "path", "body", "too_low"), ROUTES)
def test_callers_without_permission_are_rejected(api, method, path, body, too_low):
    assert api(method, f"{person()}{path}", body=body, tenant=None)[0] == 401
    if too_low:
        assert api(method, f"{person()}{path}", body=body, role=too_low)[0] == 403


def test_declarations_are_stored_with_their_history(api):
    unknown = api("GET", f"{person()}/consent")
    assert declare(api, "given", headers={"Idempotency-Key": "k"})[0] == 200
    assert declare(api, "given", headers={"Idempotency-Key": "k"})[2]["idempotency-replayed"] == "true"
    declaration = {"purposes": {"scoring": "withdrawn", "research": "given"}, "text_version": "v2"}
    declaration |= {"declared_by": "representative", "declared_at": "2026-01-01T00:00:00+01:00"}
    status, now, _ = api("PUT", f"{person()}/consent", body=declaration, key_id="fedcba9876543210")
    assert (status, now["purposes"]) == (200, {"scoring": "withdrawn", "research": "given"})
    found = api("GET", f"{person()}/consent")[1]
    assert found == now | {"history": found["history"], "next_cursor": None}
    first, last = found["history"]
    assert (first["purposes"], first["declared_by"], first["key_id"]) == (
        {"scoring": "given"},
        "subject",
        "0123456789abcdef",
    )
    assert (last["declared_at"], last["text_version"]) == ("2025-12-31T23:00:00.000000Z", "v2")
    assert (last["declared_by"], last["key_id"]) == ("representative", "fedcba9876543210")
    foreign = api("GET", f"{person(tenant='globex')}/consent", tenant="globex")
    assert (unknown[0], unknown[1]["detail"]) == (foreign[0], foreign[1]["detail"]) == (404, foreign[1]["detail"])
    assert JANE not in json.dumps(boto3.client("dynamodb").scan(TableName="subjects")["Items"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purposes": {}}, "purposes"),
        ({"purposes": {"scorring": "given"}}, "purposes.scorring"),
        ({"purposes": {"scoring": "maybe"}}, "purposes.scoring"),
        ({"text_version": ""}, "text_version"),
        ({"declared_by": "unknown"}, "declared_by"),
        ({"declared_at": "2199-01-01T00:00:00Z"}, "declared_at"),
    ],
)
def test_an_invalid_declaration_names_its_field(api, change, field):
    body = {"purposes": {"scoring": "given"}, "text_version": "1"} | change
    status, problem, _ = api("PUT", f"{person()}/consent", body=body)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
    assert problem["errors"][0]["bound"]


@pytest.mark.parametrize("tier", ["FREE", "ENTERPRISE"])
def test_a_withdrawal_rejects_scores_at_once(api, tier):
    earlier = score(api, key="k", tier=tier, **RECORDS_CONSENTS)
    assert earlier[0] == 201
    declare(api, "withdrawn")
    status, problem, _ = score(api, tier=tier, **RECORDS_CONSENTS)
    assert (status, problem["type"]) == (403, "urn:vigil:problem:consent-withdrawn")
    assert JANE not in json.dumps(problem)
    assert score(api, key="k", tier=tier, **RECORDS_CONSENTS)[:2] == (200, earlier[1])  # the earlier decision
    assert score(api, JOE, tier=tier, **RECORDS_CONSENTS)[0] == 201
    assert score(api, tenant="globex", tier=tier, **RECORDS_CONSENTS)[0] == 201
    assert len(api("GET", "/v1/scores", query={"subject": person().rpartition("/")[2]})[1]["items"]) == 1
    declare(api, "given")
    assert score(api, tier=tier, **RECORDS_CONSENTS)[0] == 201


def test_the_first_declaration_marks_the_tenant_as_recording_consents(api):
    assert not access.tenants().get("acme").settings.consents
    declare(api, "withdrawn")
    assert access.tenants().get("acme").settings.consents
    assert not access.tenants().get("globex").settings.consents


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_batch_rows_of_a_withdrawn_subject_get_no_decision(api, deployed, form):
    declare(api, "withdrawn")
    name = batch(api, deployed, form, JOE, JANE)
    assert api("GET", f"/v1/batches/{name}")[1]["rows"] == {"total": 2, "done": 2, "failed": 1}
    results = boto3.client("s3").get_object(Bucket="files", Key=f"results/acme/{name}/results.{form}")
    text = results["Body"].read().decode()
    assert "has withdrawn the consent to scoring" in text.splitlines()[-1]
    assert (JOE in text, JANE in text) == (True, False)


def test_an_export_contains_all_data_of_one_person_only(api, planted):
    decisions, files = planted
    found, _ = export_all(api)
    assert [entry["version"] for entry in found["consents"]] == [2]
    assert {entry["decision"]["decision_id"] for entry in found["decisions"]} == set(decisions)
    assert found["decisions"][0]["inputs"]["age"] == 80
    assert [entry["decision_id"] for entry in found["outcomes"]].sort() == decisions.sort()
    rows = {(entry["batch_id"], entry["file"]): entry["row"] for entry in found["batch_rows"]}
    assert set(rows) == {(name, f"{kind}") for name, form in zip(files, ("ndjson", "csv"), strict=True)
                         for kind in ("uploads/input", f"results/results.{form}", "joins/000000")}  # fmt: skip
    assert rows[files[0], "uploads/input"] == {"subject_id": JANE, "features": FEATURES}
    assert rows[files[1], "uploads/input"] == {"subject_id": JANE, "age": "40", "stage": "II"}
    assert rows[files[1], "results/results.csv"]["decision"]
    assert JOE not in json.dumps(found)
    mentioning = [place for place, text in read_all_stores().items() if JANE in text and place[0] != "files"]
    assert {place[:2] for place in mentioning if "acme" in place[1]} == {
        ("decisions", f"acme#{stored_decision_id(d)}") for d in decisions
    }
    foreign, _ = export_all(api, tenant="globex")
    assert {name: len(entries) for name, entries in foreign.items()} == {
        "consents": 1, "decisions": 1, "outcomes": 0, "batch_rows": 0, "certificates": 0,
    }  # fmt: skip


def test_an_export_in_parts_equals_the_whole_export(api, planted, monkeypatch):
    from vigil.decisions.batches import person_rows
    from vigil.privacy.persons import service

    whole, _ = export_all(api)
    monkeypatch.setattr(service, "MAX_PART_CHARACTERS", 0)
    monkeypatch.setattr(person_rows, "MAX_EXPORT_BYTES", 0)
    in_parts, parts = export_all(api)
    assert in_parts == whole
    assert parts > 6
    cursor = api("GET", f"{person()}/export")[1]["next_cursor"]
    assert api("GET", f"{person(JOE)}/export", query={"cursor": cursor})[0] == 400
    assert api("GET", f"{person(tenant='globex')}/export", query={"cursor": cursor}, tenant="globex")[0] == 400


def test_the_sample_events_are_accepted(api):
    from functions.persons_api.handler import lambda_handler as answer
    from functions.persons_erasure.handler import lambda_handler as erase

    events = Path(__file__).parents[3] / "events"
    access.tenants().create("demo-clinic", "FREE")
    assert answer(json.loads((events / "persons_api.json").read_text()), LONG_CONTEXT)["statusCode"] == 200
    assert erase(json.loads((events / "persons_erasure.json").read_text()), LONG_CONTEXT) == {"closed": []}
