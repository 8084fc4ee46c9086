"""Keys of tenants, wired as deployed: their life, their cache, and the conversion of older rows."""

import json
from datetime import timedelta

import boto3
import pytest

from tests.support.aws_calls import record_calls, replace_calls
from tests.support.gateway import Context, event
from tests.support.persons import JANE, LONG_CONTEXT, person
from vigil.aws.tenant_keys import TIME_TO_LIVE
from vigil.bootstrap import access, privacy, process, stores
from vigil.decisions.scoring.model import derive_decision_id
from vigil.errors import Unavailable
from vigil.kernel.pseudonyms import TenantKey, unkeyed_subject_digest

BODY = {"model": "toy", "subject_id": JANE, "features": {"age": 80}}
DIGEST = unkeyed_subject_digest("initech", JANE)


def keys():
    return boto3.client("dynamodb").scan(TableName="tenant_keys")["Items"]


def score(tenant, **headers):
    from functions.scoring_api.handler import lambda_handler

    sent = event("POST", "/v1/scores", tenant=tenant, body=BODY, headers=headers, consents="true")
    answer = lambda_handler(sent, Context())
    return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def calls(monkeypatch):
    """AWS calls from now on."""
    return record_calls(monkeypatch)


def test_a_tenant_is_created_with_a_wrapped_key(published):
    access.tenants().create("initech", "FREE")
    (item,) = (item for item in keys() if item["pk"]["S"] == "initech")
    assert stores.tenant_key("initech").secret not in item["wrapped"]["B"]
    assert score("initech")[0] == 201


def test_a_refused_tenant_leaves_the_key_of_the_first_one(published):
    access.tenants().create("initech", "FREE")
    before = keys()
    with pytest.raises(Exception, match="exists or existed"):
        access.tenants().create("initech", "FREE")
    assert keys() == before


def test_a_wrapped_key_is_of_no_use_to_another_tenant(published):
    (item,) = (item for item in keys() if item["pk"]["S"] == "acme")
    boto3.client("dynamodb").put_item(TableName="tenant_keys", Item=item | {"pk": {"S": "globex"}})
    with pytest.raises(Unavailable):
        stores.tenant_key("globex")


def test_a_warm_score_makes_two_aws_calls(clock, published, calls):
    score("acme")
    calls.clear()
    score("acme")
    assert calls == ["UpdateItem", "TransactWriteItems"]


def test_an_id_of_a_new_tenant_cannot_be_made_without_its_key(published):
    access.tenants().create("initech", "FREE")
    decision_id = score("initech", **{"Idempotency-Key": "0712345678"})[1]["decision_id"]
    assert decision_id != derive_decision_id(TenantKey("initech", b"", has_keyed_ids=False), "0712345678", 0)
    assert decision_id == derive_decision_id(stores.tenant_key("initech"), "0712345678", 0)


def test_a_tenant_of_an_earlier_release_keeps_its_ids_after_the_conversion(old_rows):
    before = derive_decision_id(TenantKey("initech", b"", has_keyed_ids=False), "k", 0)
    privacy.conversion().run("initech")
    process.forget()
    assert derive_decision_id(stores.tenant_key("initech"), "k", 0) == before


def test_a_destroyed_key_is_out_of_use_after_its_time(clock, published):
    assert score("acme")[0] == 201
    boto3.client("dynamodb").delete_item(TableName="tenant_keys", Key={"pk": {"S": "acme"}})
    assert score("acme")[0] == 201
    clock.now += TIME_TO_LIVE + timedelta(seconds=1)
    assert score("acme")[0] == 503


def test_a_lookup_returns_the_pseudonym_and_stores_nothing(published):
    from functions.persons_api.handler import lambda_handler

    before = boto3.client("dynamodb").scan(TableName="subjects")["Items"]
    sent = event("POST", "/v1/subjects/lookup", body={"subject_id": JANE}, role="viewer")
    answer = lambda_handler(sent, LONG_CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"subject": person().rpartition("/")[2]})
    assert boto3.client("dynamodb").scan(TableName="subjects")["Items"] == before


def test_a_path_with_a_subject_id_is_refused(published):
    from functions.persons_api.handler import lambda_handler

    answer = lambda_handler(event("GET", f"/v1/subjects/{JANE}/consent", role="admin"), LONG_CONTEXT)
    assert answer["statusCode"] == 422
    assert JANE not in answer["body"]


@pytest.fixture
def old_rows(published):
    """A tenant without a key, with the rows of a release without keys."""
    access.tenants().create("initech", "FREE")
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    dynamodb.delete_item(TableName="tenant_keys", Key={"pk": {"S": "initech"}})
    pk = {"S": f"initech#{DIGEST}"}
    decision = {
        "pk": {"S": "initech#dec_1"}, "tenant_pk": {"S": "initech"}, "subject_pk": pk, "time_sk": {"S": "2026#dec_1"},
        "summary": {"S": '{"n":1}'}, "fingerprint": {"S": "0" * 64},
    }  # fmt: skip
    erased = {name: decision[name] for name in ("tenant_pk", "time_sk")} | {"pk": {"S": "initech#dec_2"}}
    withdrawn = {"pk": pk, "sk": {"S": "CONSENT"}, "purposes": {"S": '{"scoring":"withdrawn"}'}, "version": {"N": "1"}}
    withdrawn |= {
        "withdrawn": {"SS": ["scoring"]},
        "list_pk": {"S": "initech"},
        "list_sk": pk,
        "recorded_at": {"S": "1"},
    }
    running = {"pk": pk, "sk": {"S": "ERASURE"}, "subject_id": {"S": JANE}, "tenant_id": {"S": "initech"}}
    running |= {name: {"S": "2026-01-01T00:00:00Z"} for name in ("started_at", "key_id", "due_at")}
    running |= {"revision": {"N": "0"}, "sweeps": {"S": "{}"}, "due_pk": {"S": "ERASURES"}}
    signed = {"pk": pk, "sk": {"S": "ERASED#2025"}, "payload": {"S": json.dumps({"subject": DIGEST})}}
    signed |= {name: {"S": name} for name in ("signature", "algorithm", "key_arn", "recorded_at")}
    used = {"pk": {"S": "initech#evt_1"}, "sk": {"S": "COUNTED"}, "source": {"S": JANE}, "event_id": {"S": JANE}}
    ordered = {"pk": {"S": "initech#bat_1"}, "sk": {"S": "BATCH"}, "fingerprint": {"S": "0" * 64}}
    chunk = {"pk": {"S": "initech#bat_1"}, "sk": {"S": "CHUNK#000000"}, "part_sha256": {"S": "0" * 64}}
    unread = {"pk": {"S": "initech#bat_1"}, "sk": {"S": "CHUNK#000001"}, "part_sha256": {"S": ""}}
    lost = {"pk": {"S": "initech#bat_1"}, "sk": {"S": "CHUNK#000002"}, "part_sha256": {"S": "1" * 64}}
    lost |= {"lost": {"S": "[[1,2]]"}}
    for table, items in {
        "decisions": [decision, erased], "subjects": [withdrawn, running, signed], "usage": [used],
        "batches": [ordered, chunk, unread, lost],
    }.items():  # fmt: skip
        for item in items:
            dynamodb.put_item(TableName=table, Item=item)
    s3.put_object(Bucket="files", Key="plain/initech/bat_1/withdrawn.r", Body=f"{DIGEST}\n".encode())
    process.forget()
    return signed


def everything():
    """Return all stored rows and files of the tenant as text."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    rows = [dynamodb.scan(TableName=table)["Items"] for table in ("batches", "decisions", "subjects", "usage")]
    versions = s3.list_object_versions(Bucket="files").get("Versions", [])
    files = [s3.get_object(Bucket="files", Key=v["Key"], VersionId=v["VersionId"])["Body"].read() for v in versions]
    return json.dumps(rows) + b"".join(files).decode()


def test_a_tenant_with_old_rows_is_refused_until_its_conversion(old_rows):
    assert score("initech")[0] == 503
    privacy.conversion().run("initech")
    process.forget()
    assert score("initech")[0] == 403  # the withdrawal is in effect


def test_a_conversion_leaves_no_unkeyed_digest_but_in_signed_text(old_rows):
    assert privacy.conversion().run("initech") == {
        "decisions": 1, "persons": 3, "usage_events": 1, "batches": 3, "withdrawn_lists": 1,
    }  # fmt: skip
    text = everything()
    assert text.count(DIGEST) == 1
    assert (JANE in text, text.count("0" * 64)) == (False, 0)
    assert "1" * 64 in text  # the name of a part with lost rows
    subject = stores.tenant_key("initech").pseudonym(JANE)
    (certificate,) = privacy.person_erasures().get("initech", subject).certificates
    assert certificate.payload == old_rows["payload"]["S"]
    assert [erasure.subject for erasure in privacy.person_erasures().pending()] == [subject]
    assert stores.consents().withdrawn("initech") == {subject}
    assert stores.ledger().page("initech", subject, None, 9).summaries == ('{"n":1}',)


def test_an_interrupted_conversion_is_completed_with_the_same_result(old_rows, monkeypatch):
    failing = [0, 0]

    def failing_call(make, service, operation, arguments):
        failing[0] += 1
        if failing[0] == failing[1]:
            raise Unavailable("stopped")
        return make(operation, arguments)

    replace_calls(monkeypatch, failing_call)
    for at in range(1, 40):
        failing[:] = [0, at]
        try:
            privacy.conversion().run("initech")
            break
        except Unavailable:
            process.forget()
    failing[:] = [0, 0]
    assert 5 < at < 39
    assert everything().count(DIGEST) == 1
    assert stores.consents().withdrawn("initech") == {stores.tenant_key("initech").pseudonym(JANE)}


def test_a_converted_tenant_is_not_converted_again(old_rows, calls):
    privacy.conversion().run("initech")
    calls.clear()
    assert set(privacy.conversion().run("initech").values()) == {0}
    assert calls == ["GenerateDataKey", "PutItem", "GetItem"]
