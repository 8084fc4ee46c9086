"""The rights of persons, wired as they are deployed: nothing is told of others, nothing is left, nothing comes back."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from tests.functions.test_batches import deployed, run  # noqa: F401
from tests.gateway import Context, event
from tests.tables import TABLES
from vigil.bootstrap import access, process, subjects, tenancy
from vigil.errors import Unavailable
from vigil.scoring.model import subject_digest
from vigil.tenancy.offboarding.model import Certificate

JANE, JOE = "jane-roe", "joe-doe"
FEATURES = {"age": 80, "visits": 3, "urban": True, "stage": "III"}
KEEPING = {"consents": "true"}
PLENTY = Context(300_000)


@pytest.fixture
def api(deployed):  # noqa: F811
    from functions.batches_api import handler as batches
    from functions.outcomes_api import handler as outcomes
    from functions.scoring_api import handler as scoring
    from functions.subjects_api import handler as subjects

    functions = {"scores": scoring, "outcomes": outcomes, "batches": batches, "subjects": subjects}

    def call(method, path, **arguments):
        function = functions[path.split("/")[2]]
        arguments = {"role": "admin"} | arguments
        answer = function.lambda_handler(event(method, path, **arguments), PLENTY)
        return answer["statusCode"], json.loads(answer["body"] or "null"), answer["headers"]

    for tenant in ("acme", "globex"):
        access.tenants().create(tenant, "FREE")
    return call


def declare(api, stance, subject=JANE, **arguments):
    body = {"purposes": {"scoring": stance}, "text_version": "2026-03"}
    return api("PUT", f"/v1/subjects/{subject}/consent", body=body, **arguments)


def score(api, subject=JANE, key=None, **arguments):
    headers = {"Idempotency-Key": key} if key else {}
    body = {"model": "toy", "subject_id": subject, "features": FEATURES}
    return api("POST", "/v1/scores", body=body, headers=headers, **arguments)


def batch(api, deployed, form, *subjects):  # noqa: F811
    """Score subjects in a file of the tenant's, and return the batch."""
    if form == "ndjson":
        body = {"model": "toy", "rows": [{"subject_id": subject, "features": FEATURES} for subject in subjects]}
        made = api("POST", "/v1/batches", body=body)[1]
    else:
        made = api("POST", "/v1/batches", body={"model": "toy", "format": "csv"})[1]
        lines = ["subject_id,age,stage", *(f"{subject},40,II" for subject in subjects)]
        key = f"uploads/acme/{made['batch_id']}/input"
        boto3.client("s3").put_object(Bucket="files", Key=key, Body="\n".join(lines).encode())
    run(deployed, made["batch_id"])
    return made["batch_id"]


def outcome(api, decision, subject=JANE):
    body = {"decision_id": decision, "status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    return api("POST", "/v1/outcomes", body=body)


@pytest.fixture
def planted(api, deployed):  # noqa: F811
    """Two persons in every store, of one tenant, and the first of another one too; yields the decisions of Jane."""
    decisions = []
    for subject in (JANE, JANE, JOE):
        made = score(api, subject, key=f"k-{subject}-{len(decisions)}")[1]["decision_id"]
        assert outcome(api, made)[0] == 201
        decisions += [made] if subject == JANE else []
        declare(api, "given", subject)
    score(api, tenant="globex")
    declare(api, "given", tenant="globex")
    files = [batch(api, deployed, form, JANE, JOE) for form in ("ndjson", "csv")]
    return decisions, files


def exported(api, subject=JANE, **arguments):
    found, cursor, parts = {}, None, 0
    while True:
        query = {"cursor": cursor} if cursor else None
        status, part, _ = api("GET", f"/v1/subjects/{subject}/export", query=query, **arguments)
        assert status == 200
        for store, entries in part["data"].items():
            found.setdefault(store, []).extend(entries)
        parts += 1
        if not (cursor := part["next_cursor"]):
            return found, parts


def everything():
    """Return all that is kept anywhere: each item of each table, and each version of each object, as text by place."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    kept = {}
    for table in TABLES.values():
        for item in dynamodb.scan(TableName=table)["Items"]:
            kept[table, item["pk"]["S"], item.get("sk", {}).get("S")] = json.dumps(item)
    for found in s3.list_object_versions(Bucket="files").get("Versions", []):
        key, version = found["Key"], found["VersionId"]
        content = s3.get_object(Bucket="files", Key=key, VersionId=version)["Body"].read()
        kept["files", key, version] = content.decode()
    return kept


def erased(times=1):
    from functions.subjects_erasure.handler import lambda_handler

    process.forget()
    return [lambda_handler({"id": "run"}, PLENTY) for _ in range(times)][-1]


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
        ({"purposes": {"scorring": "given"}}, "purposes.scorring.[key]"),
        ({"purposes": {"scoring": "maybe"}}, "purposes.scoring"),
        ({"text_version": ""}, "text_version"),
        ({"declared_by": "nobody"}, "declared_by"),
        ({"declared_at": "2999-01-01T00:00:00Z"}, "declared_at"),
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
def test_rows_of_who_has_withdrawn_get_no_answer(api, deployed, form):  # noqa: F811
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
    from vigil.batches import persons
    from vigil.subjects import service

    whole, _ = exported(api)
    monkeypatch.setattr(service, "MOST_CHARACTERS", 0)
    monkeypatch.setattr(persons, "MOST_TOLD", 0)
    in_parts, parts = exported(api)
    assert in_parts == whole
    assert parts > 6
    cursor = api("GET", f"/v1/subjects/{JANE}/export")[1]["next_cursor"]
    assert api("GET", f"/v1/subjects/{JOE}/export", query={"cursor": cursor})[0] == 400
    assert api("GET", f"/v1/subjects/{JANE}/export", query={"cursor": cursor}, tenant="globex")[0] == 400


def test_an_erasure_leaves_counts_and_a_certificate_and_nothing_comes_back(api, planted):
    decisions, files = planted
    usage = {place: text for place, text in everything().items() if place[0] == "usage"}
    assert api("GET", f"/v1/subjects/{JANE}/erasure")[0] == 404
    status, begun, headers = api("DELETE", f"/v1/subjects/{JANE}", headers={"Idempotency-Key": "k"})
    assert (status, headers["location"]) == (202, f"/local/v1/subjects/{JANE}/erasure")
    assert api("DELETE", f"/v1/subjects/{JANE}")[1]["running"]["requested_at"] == begun["running"]["requested_at"]
    assert erased() == {"closed": ["acme"]}

    kept = everything()
    digest = subject_digest("acme", JANE)
    about = [place for place, text in kept.items() if JANE in text or digest in text]
    foreign = subject_digest("globex", JANE)
    assert {place[:2] for place in about if "globex" not in place[1]} == {("subjects", f"acme#{digest}")}
    assert [place[2][:7] for place in about if place[0] == "subjects" and foreign not in place[1]] == ["ERASED#"]
    assert {place: text for place, text in kept.items() if place[0] == "usage"} == usage
    for decision in decisions:
        left = boto3.client("dynamodb").get_item(TableName="decisions", Key={"pk": {"S": f"acme#{decision}"}})["Item"]
        assert set(left) == {
            "pk", "tenant_pk", "time_sk", "decision_id", "model", "model_version", "model_digest", "nonce",
            "created_at", "expires_at", "charged", "erased_at",
        }  # fmt: skip
        assert api("GET", f"/v1/scores/{decision}")[0] == 410
        assert outcome(api, decision)[0] == 410
        assert api("GET", f"/v1/outcomes/{decision}")[0] == 404
    assert score(api, key=f"k-{JANE}-0")[0] == 410
    assert len(api("GET", "/v1/scores")[1]["items"]) == 1
    assert api("GET", f"/v1/subjects/{JANE}/consent")[0] == 404
    assert all(not entries for name, entries in exported(api)[0].items() if name != "certificates")

    joe, _ = exported(api, JOE)
    assert (len(joe["decisions"]), len(joe["outcomes"]), len(joe["batch_rows"])) == (1, 1, 2)
    results = [text for place, text in kept.items() if place[0] == "files" and "/results." in place[1]]
    assert len(results) == 2
    assert all(JOE in text and "was erased with all that was kept of its subject" in text for text in results)

    status, told, _ = api("GET", f"/v1/subjects/{JANE}/erasure")
    (sealed,) = told["certificates"]
    statement = json.loads(sealed["payload"])
    assert (status, told["running"], statement["subject"], statement["requested_by"]) == (
        200, None, digest, "0123456789abcdef",
    )  # fmt: skip
    assert {name: store["erased"] for name, store in statement["stores"].items()} == {
        "decisions": 2, "outcomes": 4, "consents": 3, "batches": 2,
    }  # fmt: skip
    assert tenancy.seal().verifies(Certificate("acme", **sealed))
    again = api("DELETE", f"/v1/subjects/{JANE}", headers={"Idempotency-Key": "k"})
    assert (again[1], again[2]["idempotency-replayed"]) == (begun, "true")


def test_a_withdrawal_outlives_the_erasure(api):
    declare(api, "withdrawn")
    api("DELETE", f"/v1/subjects/{JANE}")
    erased()
    consent = api("GET", f"/v1/subjects/{JANE}/consent")[1]
    assert (consent["purposes"], consent["history"]) == ({"scoring": "withdrawn"}, [])
    assert score(api, **KEEPING)[0] == 403
    declare(api, "given")
    assert score(api, **KEEPING)[0] == 201


def test_what_is_sent_after_the_erasure_was_asked_for_stays(api):
    score(api)
    api("DELETE", f"/v1/subjects/{JANE}")
    later = score(api)[1]["decision_id"]
    declare(api, "given")
    erased()
    found, _ = exported(api)
    assert [entry["decision"]["decision_id"] for entry in found["decisions"]] == [later]
    assert len(found["consents"]) == 1


def test_an_erasure_waits_for_a_batch_that_has_not_ended(api, deployed):  # noqa: F811
    body = {"model": "toy", "rows": [{"subject_id": JANE, "features": FEATURES}]}
    made = api("POST", "/v1/batches", body=body)[1]["batch_id"]
    api("DELETE", f"/v1/subjects/{JANE}")
    assert erased(3) == {"closed": []}
    run(deployed, made)
    assert erased() == {"closed": ["acme"]}
    assert not [place for place, text in everything().items() if JANE in text]


class Dies:
    """Lets every call but the n-th through; that one fails before, or after, it was carried out."""

    def __init__(self, at, after):
        self.left, self.after, self.call = at, after, BaseClient._make_api_call

    def __call__(self, client, operation, arguments):
        self.left -= 1
        if self.left == 0 and not self.after:
            raise EndpointConnectionError(endpoint_url="here")
        answer = self.call(client, operation, arguments)
        if self.left == 0:
            raise EndpointConnectionError(endpoint_url="here")
        return answer


@pytest.mark.parametrize("after", [False, True])
def test_an_erasure_that_dies_at_any_call_is_completed_by_the_next_run(api, deployed, monkeypatch, after):  # noqa: F811
    outcome(api, score(api)[1]["decision_id"])
    declare(api, "given")
    batch(api, deployed, "ndjson", JANE)
    api("DELETE", f"/v1/subjects/{JANE}")
    kept, eraser, at, died = Kept(), subjects.eraser(), 0, True
    while died:
        at += 1
        kept.restore()
        dies = Dies(at, after)
        with monkeypatch.context() as patch, suppress(Unavailable):
            patch.setattr(BaseClient, "_make_api_call", lambda *call, dies=dies: dies(*call))
            eraser.run(lambda: 300.0)
        died = dies.left <= 0
        eraser.run(lambda: 300.0)
        (sealed,) = api("GET", f"/v1/subjects/{JANE}/erasure")[1]["certificates"]
        stores = json.loads(sealed["payload"])["stores"]
        assert {name: store["erased"] for name, store in stores.items()} == {
            "decisions": 1, "outcomes": 2, "consents": 2, "batches": 1,
        }  # fmt: skip
        assert not [place for place, text in everything().items() if JANE in text]
    assert at > 20


class Kept:
    """What is kept of a person, put back as often as it takes."""

    def __init__(self):
        self.dynamodb, self.s3 = boto3.client("dynamodb"), boto3.client("s3")
        self.items = {
            t: self.dynamodb.scan(TableName=t)["Items"] for t in ("decisions", "outcomes", "subjects", "limits")
        }
        keys = {found["Key"] for found in self.s3.list_object_versions(Bucket="files")["Versions"]}
        self.files = {key: self.s3.get_object(Bucket="files", Key=key)["Body"].read() for key in keys}

    def restore(self):
        for table, items in self.items.items():
            for item in self.dynamodb.scan(TableName=table)["Items"]:
                self.dynamodb.delete_item(TableName=table, Key={n: item[n] for n in ("pk", "sk") if n in item})
            for item in items:
                self.dynamodb.put_item(TableName=table, Item=item)
        for found in self.s3.list_object_versions(Bucket="files").get("Versions", []):
            self.s3.delete_object(Bucket="files", Key=found["Key"], VersionId=found["VersionId"])
        for key, content in self.files.items():
            self.s3.put_object(Bucket="files", Key=key, Body=content)


def test_the_sample_events_are_understood(api):
    from functions.subjects_api.handler import lambda_handler as answer
    from functions.subjects_erasure.handler import lambda_handler as erase

    events = Path(__file__).parents[2] / "events"
    access.tenants().create("demo-clinic", "FREE")
    assert answer(json.loads((events / "subjects_api.json").read_text()), PLENTY)["statusCode"] == 200
    assert erase(json.loads((events / "subjects_erasure.json").read_text()), PLENTY) == {"closed": []}
