"""Consents and exports of persons, wired as they are deployed: nothing is told of others."""

# ruff: noqa: F811 - fixtures come by name

import json
from pathlib import Path

import boto3
import pytest

from tests.functions.persons import (  # noqa: F401
    FEATURES,
    JANE,
    JOE,
    KEEPING,
    PLENTY,
    api,
    batch,
    declare,
    everything,
    exported,
    planted,
    score,
)
from vigil.bootstrap import access

ROUTES = [
    ("PUT", "/consent", {"purposes": {"scoring": "given"}, "text_version": "1"}, "viewer"),
    ("GET", "/consent", None, None),
    ("GET", "/export", None, "member"),
    ("DELETE", "", None, "member"),
    ("GET", "/erasure", None, "member"),
]


@pytest.mark.parametrize(("method", "path", "body", "too_low"), ROUTES)
def test_the_anonymous_and_those_without_the_right_are_refused(api, method, path, body, too_low):
    assert api(method, f"/v1/subjects/{JANE}{path}", body=body, tenant=None)[0] == 401
    if too_low:
        assert api(method, f"/v1/subjects/{JANE}{path}", body=body, role=too_low)[0] == 403


def test_what_a_person_declares_is_kept_with_its_history(api):
    unknown = api("GET", f"/v1/subjects/{JANE}/consent")
    assert declare(api, "given", headers={"Idempotency-Key": "k"})[0] == 200
    assert declare(api, "given", headers={"Idempotency-Key": "k"})[2]["idempotency-replayed"] == "true"
    said = {"purposes": {"scoring": "withdrawn", "research": "given"}, "text_version": "v2"}
    said |= {"declared_by": "representative", "declared_at": "2026-01-01T00:00:00+01:00"}
    status, now, _ = api("PUT", f"/v1/subjects/{JANE}/consent", body=said, key_id="fedcba9876543210")
    assert (status, now["purposes"]) == (200, {"scoring": "withdrawn", "research": "given"})
    assert api("GET", f"/v1/subjects/{JANE}/consent")[1] == now
    first, last = now["history"]
    assert (first["purposes"], first["declared_by"], first["key_id"]) == (
        {"scoring": "given"},
        "subject",
        "0123456789abcdef",
    )
    assert (last["declared_at"], last["text_version"]) == ("2025-12-31T23:00:00.000000Z", "v2")
    assert (last["declared_by"], last["key_id"]) == ("representative", "fedcba9876543210")
    foreign = api("GET", f"/v1/subjects/{JANE}/consent", tenant="globex")
    assert (unknown[0], unknown[1]["detail"]) == (foreign[0], foreign[1]["detail"]) == (404, foreign[1]["detail"])
    assert JANE not in json.dumps(boto3.client("dynamodb").scan(TableName="subjects")["Items"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purposes": {}}, "purposes"),
        ({"purposes": {"scorring": "given"}}, "purposes.scorring"),
        ({"purposes": {"scoring": "maybe"}}, "purposes.scoring"),
        ({"text_version": ""}, "text_version"),
        ({"declared_by": "nobody"}, "declared_by"),
        ({"declared_at": "2199-01-01T00:00:00Z"}, "declared_at"),
    ],
)
def test_a_bad_declaration_names_field_and_bound(api, change, field):
    body = {"purposes": {"scoring": "given"}, "text_version": "1"} | change
    status, problem, _ = api("PUT", f"/v1/subjects/{JANE}/consent", body=body)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
    assert problem["errors"][0]["bound"]


@pytest.mark.parametrize("tier", ["FREE", "ENTERPRISE"])
def test_who_has_withdrawn_is_not_scored_from_that_very_moment(api, tier):
    earlier = score(api, key="k", tier=tier, **KEEPING)
    assert earlier[0] == 201
    declare(api, "withdrawn")
    status, problem, _ = score(api, tier=tier, **KEEPING)
    assert (status, problem["type"]) == (403, "urn:vigil:problem:consent-withdrawn")
    assert JANE not in json.dumps(problem)
    assert score(api, key="k", tier=tier, **KEEPING)[:2] == (200, earlier[1])  # what was decided before
    assert score(api, JOE, tier=tier, **KEEPING)[0] == 201
    assert score(api, tenant="globex", tier=tier, **KEEPING)[0] == 201
    assert len(api("GET", "/v1/scores", query={"subject_id": JANE})[1]["items"]) == 1
    declare(api, "given")
    assert score(api, tier=tier, **KEEPING)[0] == 201


def test_the_first_declaration_makes_the_tenant_one_that_keeps_consents(api):
    assert not access.tenants().get("acme").settings.consents
    declare(api, "withdrawn")
    assert access.tenants().get("acme").settings.consents
    assert not access.tenants().get("globex").settings.consents


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_rows_of_who_has_withdrawn_get_no_answer(api, deployed, form):
    declare(api, "withdrawn")
    name = batch(api, deployed, form, JOE, JANE)
    assert api("GET", f"/v1/batches/{name}")[1]["rows"] == {"total": 2, "done": 2, "failed": 1}
    results = boto3.client("s3").get_object(Bucket="files", Key=f"results/acme/{name}/results.{form}")
    text = results["Body"].read().decode()
    assert "has withdrawn the consent to scoring" in text.splitlines()[-1]
    assert (JOE in text, JANE in text) == (True, False)


def test_an_export_holds_all_that_is_kept_of_a_person_and_nothing_of_others(api, planted):
    decisions, files = planted
    found, _ = exported(api)
    assert [entry["version"] for entry in found["consents"]] == [2]
    assert {entry["decision"]["decision_id"] for entry in found["decisions"]} == set(decisions)
    assert found["decisions"][0]["inputs"]["age"] == 80
    assert [entry["decision_id"] for entry in found["outcomes"]].sort() == decisions.sort()
    rows = {(entry["batch_id"], entry["file"]): entry["row"] for entry in found["batch_rows"]}
    assert set(rows) == {(name, f"{kind}") for name, form in zip(files, ("ndjson", "csv"), strict=True)
                         for kind in ("uploads/input", f"results/results.{form}")}  # fmt: skip
    assert rows[files[0], "uploads/input"] == {"subject_id": JANE, "features": FEATURES}
    assert rows[files[1], "uploads/input"] == {"subject_id": JANE, "age": "40", "stage": "II"}
    assert rows[files[1], "results/results.csv"]["decision"]
    assert JOE not in json.dumps(found)
    mentioning = [place for place, text in everything().items() if JANE in text and place[0] != "files"]
    assert {place[:2] for place in mentioning if "acme" in place[1]} == {("decisions", f"acme#{d}") for d in decisions}
    foreign, _ = exported(api, tenant="globex")
    assert {name: len(entries) for name, entries in foreign.items()} == {
        "consents": 1, "decisions": 1, "outcomes": 0, "batch_rows": 0, "certificates": 0,
    }  # fmt: skip


def test_an_export_comes_in_as_many_parts_as_it_takes(api, planted, monkeypatch):
    from vigil.decisions.batches import persons_store
    from vigil.privacy.persons import service

    whole, _ = exported(api)
    monkeypatch.setattr(service, "MOST_CHARACTERS", 0)
    monkeypatch.setattr(persons_store, "MOST_TOLD", 0)
    in_parts, parts = exported(api)
    assert in_parts == whole
    assert parts > 6
    cursor = api("GET", f"/v1/subjects/{JANE}/export")[1]["next_cursor"]
    assert api("GET", f"/v1/subjects/{JOE}/export", query={"cursor": cursor})[0] == 400
    assert api("GET", f"/v1/subjects/{JANE}/export", query={"cursor": cursor}, tenant="globex")[0] == 400


def test_the_sample_events_are_understood(api):
    from functions.persons_api.handler import lambda_handler as answer
    from functions.persons_erasure.handler import lambda_handler as erase

    events = Path(__file__).parents[2] / "events"
    access.tenants().create("demo-clinic", "FREE")
    assert answer(json.loads((events / "persons_api.json").read_text()), PLENTY)["statusCode"] == 200
    assert erase(json.loads((events / "persons_erasure.json").read_text()), PLENTY) == {"closed": []}
