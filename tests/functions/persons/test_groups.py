"""Groups of a subject over HTTP: refused, stored, exported with the person's data, and erased with them."""

import json
from dataclasses import replace

import boto3
import pytest

from tests.support.aws_calls import record_calls, replace_calls
from tests.support.batch_workers import run
from tests.support.deployments import publish
from tests.support.fakes.references import reference
from tests.support.fakes.scoring import CONTRACT, GROUPS
from tests.support.gateway import Context
from tests.support.persons import FEATURES, JANE, JOE, export_all, person, run_erasures
from vigil.bootstrap import decisions, process, stores
from vigil.decisions.scoring.decision_groups import groups_of
from vigil.kernel.ids import stored_decision_id

GROUPED = replace(CONTRACT, groups=GROUPS)
GIVEN = {"sex": "female", "region": "west", "key_population": "yes"}
OF_ONE_REQUEST = {"decision_id", "created_at", "as_of"}


@pytest.fixture
def grouped(clock, published, trained):
    """The deployment with a champion that declares groups."""
    publish(published, replace(trained, contract=GROUPED, reference=reference(GROUPED)), 2)
    process.forget()


@pytest.fixture
def deployed(grouped, deployed):
    return deployed


def score(api, subject=JANE, groups=GIVEN, **headers):
    body = {"model": "toy", "subject_id": subject, "features": FEATURES}
    return api("POST", "/v1/scores", body=body | ({} if groups is None else {"groups": groups}), headers=headers)


def stored(decision_id):
    key = {"pk": {"S": f"acme#{stored_decision_id(decision_id)}"}}
    return boto3.client("dynamodb").get_item(TableName="decisions", Key=key)["Item"]


def comparable(answer):
    return {name: member for name, member in answer.items() if name not in OF_ONE_REQUEST}


def test_groups_are_stored_beside_the_decision_and_read_for_counts(api):
    status, answer, headers = score(api)
    assert (status, comparable(answer)) == (201, comparable(score(api, groups=None)[1]))
    item = stored(answer["decision_id"])
    assert json.loads(item["groups"]["S"]) == {"sex": "female", "region": "west"}
    row = decisions.scoring().get("acme", answer["decision_id"])
    assert groups_of(row, GROUPED, stores.tenant_key("acme")) == GIVEN | {"age_band": "50+"}
    fetched = api("GET", headers["location"].removeprefix("/local"))[1]
    listed = api("GET", "/v1/scores")[1]
    assert fetched == answer
    assert not [word for word in ("female", "west", "groups") if word in json.dumps([answer, listed])]


def test_events_and_logs_have_no_groups(api, caplog, monkeypatch):
    from functions.events_publisher.handler import lambda_handler

    events = []

    def noting(make, service, operation, arguments):
        events.extend(arguments["Entries"] if operation == "PutEvents" else ())
        return make(operation, arguments)

    replace_calls(monkeypatch, noting)
    item = stored(score(api)[1]["decision_id"])
    record = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": item}}
    assert lambda_handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    told = " ".join(str(vars(line)) for line in caplog.records) + json.dumps(events, default=str)
    assert events
    assert "request" in told
    assert not [word for word in ("female", "west", "key_population") if word in told]


def test_a_repeated_key_replays_with_equal_groups_only(api):
    first = score(api, **{"Idempotency-Key": "k"})[1]
    status, again, _ = score(api, groups=dict(reversed(GIVEN.items())), **{"Idempotency-Key": "k"})
    assert (status, again) == (200, first)
    status, problem, _ = score(api, groups=GIVEN | {"sex": "male"}, **{"Idempotency-Key": "k"})
    assert (status, problem["type"]) == (422, "urn:vigil:problem:idempotency-key-reused")


def test_an_invalid_group_is_refused_with_the_allowed_values(api):
    status, problem, _ = score(api, groups={"sex": "f", "age_band": "50+"})
    assert status == 422
    assert problem["errors"] == [
        {"field": "groups.sex", "message": "must be one of female, male", "bound": "one of female, male"},
        {"field": "groups.age_band", "message": "is derived from the feature age", "bound": "leave it out"},
    ]


def test_the_model_states_its_groups(api):
    from functions.scoring_api.handler import lambda_handler
    from tests.support.gateway import event

    described = json.loads(lambda_handler(event("GET", "/v1/models/toy"), Context())["body"])
    assert [attribute["name"] for attribute in described["groups"]] == [attribute.name for attribute in GROUPS]


def test_a_warm_score_with_sealed_groups_makes_two_aws_calls(api, monkeypatch):
    score(api)
    calls = record_calls(monkeypatch)
    assert score(api)[0] == 201
    assert calls == ["UpdateItem", "TransactWriteItems"]


def test_an_export_has_the_groups_of_a_person_and_an_erasure_ends_them(api):
    decision_id = score(api)[1]["decision_id"]
    score(api, JOE)
    (exported,) = export_all(api)[0]["decisions"]
    assert exported["groups"] == GIVEN
    api("DELETE", person(), headers={"Idempotency-Key": "k"})
    run_erasures()
    assert not {"groups", "sealed_groups"} & stored(decision_id).keys()
    assert export_all(api, JOE)[0]["decisions"][0]["groups"] == GIVEN


def results_of(batch, form):
    found = boto3.client("s3").get_object(Bucket="files", Key=f"results/acme/{batch}/results.{form}")
    return found["Body"].read().decode().splitlines()


def test_a_csv_file_has_columns_of_groups(api, deployed):
    files = {
        "with": "subject_id,group:sex,age,stage,group:key_population\np-1,female,40,II,yes\np-2,f,40,II,\np-3,,50,I,\n",
        "without": "subject_id,age,stage\np-1,40,II\np-2,40,II\np-3,50,I\n",
    }
    lines = {}
    for name, content in files.items():
        batch = api("POST", "/v1/batches", body={"model": "toy", "format": "csv"})[1]["batch_id"]
        boto3.client("s3").put_object(Bucket="files", Key=f"uploads/acme/{batch}/input", Body=content.encode())
        run(deployed, batch)
        lines[name] = [line.split(",", 2)[2].split(",202")[0] for line in results_of(batch, "csv")]
    refused = lines["with"][2]
    assert refused.endswith('groups.sex,"must be one of female, male","one of female, male"')
    assert [lines["with"][place] for place in (0, 1, 3)] == [lines["without"][place] for place in (0, 1, 3)]


def test_inline_rows_have_groups(api, deployed):
    rows = [{"subject_id": "p-1", "features": FEATURES, "groups": groups} for groups in (GIVEN, {}, {"colour": "red"})]
    batch = api("POST", "/v1/batches", body={"model": "toy", "rows": rows})[1]["batch_id"]
    run(deployed, batch)
    given, none, refused = map(json.loads, results_of(batch, "ndjson"))
    assert refused["errors"][0]["field"] == "groups"
    assert "colour" not in json.dumps(refused)
    assert {**given, "row": 2, "input_hash": ""} == {**none, "input_hash": ""}
