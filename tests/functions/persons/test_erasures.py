"""Erasures of persons, wired as deployed."""

import json
from contextlib import suppress

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from tests.support.aws_calls import replace_calls
from tests.support.batch_workers import run
from tests.support.moto_states import state_restorer
from tests.support.persons import (
    FEATURES,
    JANE,
    JOE,
    RECORDS_CONSENTS,
    batch,
    declare,
    export_all,
    outcome,
    person,
    read_all_stores,
    run_erasures,
    score,
)
from vigil.bootstrap import privacy
from vigil.errors import Unavailable
from vigil.kernel.ids import stored_decision_id
from vigil.privacy.erasure.model import Certificate
from vigil.privacy.persons.erasures_store import DynamoPersonErasures
from vigil.privacy.persons.store import PersonTable


def check_erased(api, decision):
    """Check that only counts of a decision are left."""
    key = {"pk": {"S": f"acme#{stored_decision_id(decision)}"}}
    left = boto3.client("dynamodb").get_item(TableName="decisions", Key=key)["Item"]
    assert set(left) == {
        "pk", "tenant_pk", "time_sk", "decision_id", "model", "model_version", "model_digest", "nonce",
        "answer_format", "created_at", "expires_at", "charged", "erased_at",
    }  # fmt: skip
    assert api("GET", f"/v1/scores/{decision}")[0] == 410
    assert outcome(api, decision)[0] == 410
    assert api("GET", f"/v1/outcomes/{decision}")[0] == 404


def check_kept(api, stored):
    """Check that the data of the other person are complete."""
    joe, _ = export_all(api, JOE)
    assert (len(joe["decisions"]), len(joe["outcomes"]), len(joe["batch_rows"])) == (1, 1, 4)
    joined = [entry["row"]["band"] for entry in joe["batch_rows"] if entry["file"].startswith("joins/")]
    assert sorted(joined) == ["high", "low"]
    results = [text for place, text in stored.items() if place[0] == "files" and "/results." in place[1]]
    assert len(results) == 2
    assert all(JOE in text and "was erased with its subject's data" in text for text in results)


def test_an_erasure_leaves_only_counts_and_a_certificate(api, planted):
    decisions, _ = planted
    usage = {place: text for place, text in read_all_stores().items() if place[0] == "usage"}
    assert api("GET", f"{person()}/erasure")[0] == 404
    status, begun, headers = api("DELETE", person(), headers={"Idempotency-Key": "k"})
    assert (status, headers["location"]) == (202, f"/local{person()}/erasure")
    assert api("DELETE", person())[1]["running"]["requested_at"] == begun["running"]["requested_at"]
    assert run_erasures() == {"closed": ["acme"]}

    stored = read_all_stores()
    digest = person().rpartition("/")[2]
    mentioning = [place for place, text in stored.items() if JANE in text or digest in text]
    foreign = person(tenant="globex").rpartition("/")[2]
    assert {place[:2] for place in mentioning if "globex" not in place[1]} == {("subjects", f"acme#{digest}")}
    assert [place[2][:7] for place in mentioning if place[0] == "subjects" and foreign not in place[1]] == ["ERASED#"]
    assert {place: text for place, text in stored.items() if place[0] == "usage"} == usage
    for decision in decisions:
        check_erased(api, decision)
    assert score(api, key=f"k-{JANE}-0")[0] == 410
    assert len(api("GET", "/v1/scores")[1]["items"]) == 1
    assert api("GET", f"{person()}/consent")[0] == 404
    assert all(not entries for name, entries in export_all(api)[0].items() if name != "certificates")

    check_kept(api, stored)
    status, answer, _ = api("GET", f"{person()}/erasure")
    (sealed,) = answer["certificates"]
    statement = json.loads(sealed["payload"])
    assert (status, answer["running"], statement["subject"], statement["requested_by"]) == (
        200, None, digest, "0123456789abcdef",
    )  # fmt: skip
    assert {name: store["erased"] for name, store in statement["stores"].items()} == {
        "decisions": 2, "outcomes": 4, "consents": 3, "batches": 2,
    }  # fmt: skip
    assert privacy.seal().verify(Certificate("acme", **sealed))
    again = api("DELETE", person(), headers={"Idempotency-Key": "k"})
    assert (again[1], again[2]["idempotency-replayed"]) == (begun, "true")


def test_an_erasure_that_ends_during_the_read_is_returned_once(api):
    declare(api, "given")
    api("DELETE", person())
    certificates = PersonTable.items_with_prefix
    with pytest.MonkeyPatch.context() as patch:

        def after_its_end(table, pk, prefix):
            patch.undo()
            run_erasures()
            return certificates(table, pk, prefix)

        patch.setattr(PersonTable, "items_with_prefix", after_its_end)
        table = PersonTable(boto3.client("dynamodb"), "subjects")
        answer = DynamoPersonErasures(table, unlink=lambda _: None).get("acme", person().rpartition("/")[2])
    assert (answer.running, len(answer.certificates)) == (None, 1)


def test_a_withdrawal_survives_the_erasure(api):
    declare(api, "withdrawn")
    api("DELETE", person())
    run_erasures()
    consent = api("GET", f"{person()}/consent")[1]
    assert (consent["purposes"], consent["history"]) == ({"scoring": "withdrawn"}, [])
    assert score(api, **RECORDS_CONSENTS)[0] == 403
    declare(api, "given")
    assert score(api, **RECORDS_CONSENTS)[0] == 201


def test_data_sent_after_the_request_survives_the_erasure(api):
    score(api)
    api("DELETE", person())
    later = score(api)[1]["decision_id"]
    declare(api, "given")
    run_erasures()
    found, _ = export_all(api)
    assert [entry["decision"]["decision_id"] for entry in found["decisions"]] == [later]
    assert len(found["consents"]) == 1


def test_an_erasure_waits_for_an_unfinished_batch(api, deployed):
    body = {"model": "toy", "rows": [{"subject_id": JANE, "features": FEATURES}]}
    made = api("POST", "/v1/batches", body=body)[1]["batch_id"]
    api("DELETE", person())
    assert run_erasures(3) == {"closed": []}
    run(deployed, made)
    assert run_erasures() == {"closed": ["acme"]}
    assert not [place for place, text in read_all_stores().items() if JANE in text]


class FailingCall:
    """Executes every call, but raises an error after the n-th, as if the process had failed before the next one."""

    def __init__(self, at):
        self.left = at

    def __call__(self, make, service, operation, arguments):
        self.left -= 1
        answer = make(operation, arguments)
        if self.left == 0:
            raise EndpointConnectionError(endpoint_url="here")
        return answer


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.faults)])
def test_an_erasure_interrupted_at_any_call_is_completed(api, deployed, monkeypatch, step):
    outcome(api, score(api)[1]["decision_id"])
    declare(api, "given")
    batch(api, deployed, "ndjson", JANE)
    api("DELETE", person())
    restore, eraser, at, failed = state_restorer(), privacy.person_eraser(), 1, True
    while failed:
        restore()
        call = FailingCall(at)
        with monkeypatch.context() as patch, suppress(Unavailable):
            replace_calls(patch, call)
            eraser.run(lambda: 300.0)
        failed = call.left <= 0
        eraser.run(lambda: 300.0)
        (sealed,) = api("GET", f"{person()}/erasure")[1]["certificates"]
        stores = json.loads(sealed["payload"])["stores"]
        assert {name: store["erased"] for name, store in stores.items()} == {
            "decisions": 1, "outcomes": 2, "consents": 2, "batches": 1,
        }  # fmt: skip
        assert not [place for place, text in read_all_stores().items() if JANE in text]
        at += step
    assert at > 20


SPELLINGS = (
    json.dumps({"subject_id": JANE, "features": FEATURES}).replace("jane", "\\u006aane"),
    json.dumps({"subject_id": f" {JANE} ", "features": FEATURES | {"stage": "CANARY_OF_A_VALUE"}}),
    json.dumps({"subject_id": JANE, "features": FEATURES | {"CANARY_OF_A_FEATURE": 1}}),
    json.dumps({"subject_id": JANE, "features": FEATURES, "CANARY_OF_A_MEMBER": 1}),
    json.dumps({"subject_id": [JANE], "CANARY_OF_A_LIST": 1}),
    f'{{"subject_id": "{JANE}", "features": "CANARY_OF_A_BROKEN_ROW"',
)
"""Rows of one person: an answered one, and bad ones."""


def test_no_value_of_an_erased_row_is_in_any_file(api, deployed):
    made = api("POST", "/v1/batches", body={"model": "toy", "format": "ndjson"})[1]["batch_id"]
    others = [json.dumps({"subject_id": JOE, "features": FEATURES | {"age": age}}) for age in (80, 1_000)]
    content = "\n".join([*SPELLINGS, *others]).encode()
    boto3.client("s3").put_object(Bucket="files", Key=f"uploads/acme/{made}/input", Body=content)
    run(deployed, made)
    assert api("GET", f"/v1/batches/{made}")[1]["rows"] == {"total": 8, "done": 8, "failed": 6}
    files = [text for place, text in read_all_stores().items() if place[0] == "files" and "uploads/" not in place[1]]
    assert not [text for text in files if "CANARY" in text]
    exported = [entry["file"] for entry in export_all(api)[0]["batch_rows"]]
    assert sorted(exported) == ["joins/000000", "results/results.ndjson", *["uploads/input"] * len(SPELLINGS)]

    api("DELETE", person(JANE))
    assert run_erasures() == {"closed": ["acme"]}
    left = {place[1]: text for place, text in read_all_stores().items() if place[0] == "files"}
    outputs = {f"results/acme/{made}/{name}.ndjson" for name in ("results", "errors")}
    assert set(left) == {*outputs, f"joins/acme/{made}/000000"}
    assert not [text for text in left.values() if "CANARY" in text or JANE in text]
    lines = [json.loads(line) for line in left[f"results/acme/{made}/results.ndjson"].splitlines()]
    assert [line["row"] for line in lines] == [*range(1, 9)]
    assert all("was erased" in line["errors"][0]["message"] for line in lines[: len(SPELLINGS)])
    errors = [json.loads(line) for line in left[f"results/acme/{made}/errors.ndjson"].splitlines()]
    assert [line["row"] for line in errors] == [2, 3, 4, 5, 6, 8]
    assert all("was erased" in line["errors"][0]["message"] for line in errors[:-1])
    assert (errors[-1]["input_hash"], errors[-1]["errors"][0]["field"]) == (None, "features.age")
