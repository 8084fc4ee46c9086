"""Tenants on the deployed system: creation, keys, suspension, offboarding and isolation."""

import base64
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from models import recipe
from tests.e2e.clients import http
from tests.support.ledger_rows import unpacked_item

MODEL = "wdbc"
PATIENCE_SECONDS = 300
"""Maximum wait in seconds, generous for a busy machine."""


@pytest.fixture
def tenant(operator):
    """Id of a new tenant and its administrator's key."""
    return create(operator)


def create(operator):
    tenant_id = f"t-{uuid.uuid4().hex[:12]}"
    assert operator.post("/v1/tenants", json={"tenant_id": tenant_id}).status_code == 201
    made = operator.post(f"/v1/tenants/{tenant_id}/keys", json={"role": "admin"})
    assert made.status_code == 201
    return tenant_id, made.json()["api_key"]


@pytest.fixture(scope="module", autouse=True)
def leaving(stack, operator):
    """Id and key of a tenant with data, whose offboarding runs during the other tests of this module."""
    tenant_id, key = create(operator)
    for _ in range(3):
        assert score(stack, key).status_code == 201
    scored_batch(stack, key)
    assert operator.patch(f"/v1/tenants/{tenant_id}", json={"status": "offboarding"}).status_code == 200
    return tenant_id, key


@pytest.fixture(scope="module", autouse=True)
def erased(stack, operator):
    """Key of a tenant and id of its batch, whose person P-1 is erased during the other tests of this module."""
    _, key = create(operator)
    batch_id = scored_batch(stack, key)
    with http(stack, key) as client:
        results = client.get(f"/v1/batches/{batch_id}/results").json()["url"]
        assert '"P-1"' in httpx.get(results, trust_env=False).text
        found = client.post("/v1/subjects/lookup", json={"subject_id": "P-1"}).json()
        assert client.delete(f"/v1/subjects/{found['subject']}").status_code == 202
    return key, batch_id, found["subject"]


def score(stack, key, **headers):
    (sample,) = recipe.load_recipe(MODEL).samples(1, 1)
    body = {"model": MODEL, "subject_id": sample["subject_id"], "features": sample["features"]}
    with http(stack, key) as client:
        return client.post("/v1/scores", json=body, headers=headers)


def scored_batch(stack, key):
    """Score the persons P-1 and P-2 in a batch and return its id after it has ended."""
    (sample,) = recipe.load_recipe(MODEL).samples(1, 1)
    rows = [{"subject_id": name, "features": sample["features"]} for name in ("P-1", "P-2")]
    with http(stack, key) as client:
        batch_id = client.post("/v1/batches", json={"model": MODEL, "rows": rows}).json()["batch_id"]
        after(lambda: client.get(f"/v1/batches/{batch_id}").json()["state"] == "completed")
    return batch_id


def after(condition):
    """Wait until the condition returns a true value and return that value."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(1)
    raise AssertionError(f"the condition was false for {PATIENCE_SECONDS} s")


def test_a_tenant_creates_rotates_and_revokes_its_keys(stack, tenant):
    tenant_id, key = tenant
    with http(stack, key) as admin:
        keys = f"/v1/tenants/{tenant_id}/keys"
        member = admin.post(keys, json={"role": "member", "label": "clinic"}).json()
        assert score(stack, member["api_key"]).status_code == 201
        with http(stack, member["api_key"]) as client:
            assert client.get(keys).status_code == 403
        new = admin.post(f"{keys}/{member['key_id']}/rotate", json={"overlap_hours": 1}).json()
        assert [score(stack, text).status_code for text in (member["api_key"], new["api_key"])] == [201, 201]
        listed = {row["key_id"]: row for row in admin.get(keys).json()["items"]}
        assert listed[member["key_id"]]["replaced_by"] == new["key_id"]
        assert listed[member["key_id"]]["last_used_at"]
        assert admin.delete(f"{keys}/{member['key_id']}").status_code == 204
        assert after(lambda: score(stack, member["api_key"]).status_code == 401)
        assert score(stack, new["api_key"]).status_code == 201
        assert admin.post(keys, json={"role": "operator"}).status_code == 403


def test_a_suspended_tenant_is_refused_until_it_is_active_again(stack, operator, tenant):
    tenant_id, key = tenant
    assert score(stack, key).status_code == 201
    assert operator.patch(f"/v1/tenants/{tenant_id}", json={"status": "suspended"}).status_code == 200
    refused = after(lambda: (answer := score(stack, key)).status_code == 403 and answer)
    assert refused.json()["type"] == "urn:vigil:problem:tenant-suspended"
    assert score(stack, key[:-1] + ("A" if key[-1] != "A" else "B")).status_code == 401
    assert operator.patch(f"/v1/tenants/{tenant_id}", json={"status": "active"}).status_code == 200
    assert after(lambda: score(stack, key).status_code == 201)


def test_another_tenant_is_a_404(stack, operator, tenant):
    tenant_id, key = tenant
    other = stack.tenants[0].tenant_id
    their_key = operator.get(f"/v1/tenants/{other}/keys").json()["items"][0]["key_id"]
    ours = f"/v1/tenants/{tenant_id}/keys"
    with http(stack, key) as admin:
        for named, key_id in ((other, their_key), ("nobody-at-all", "0" * 16)):
            keys = f"/v1/tenants/{named}/keys"
            answers = [
                admin.get(f"/v1/tenants/{named}"),
                admin.patch(f"/v1/tenants/{named}", json={"settings": {"name": "mine"}}),
                admin.get(keys),
                admin.post(keys, json={}),
                admin.post(f"{keys}/{key_id}/rotate", json={}),
                admin.delete(f"{keys}/{key_id}"),
                admin.get(f"{ours}/{key_id}"),
                admin.delete(f"{ours}/{key_id}"),
            ]
            assert {answer.status_code for answer in answers} == {404}
    assert score(stack, key, **{"X-Tenant-ID": other}).json()["type"] == "urn:vigil:problem:tenant-mismatch"
    assert score(stack, key, **{"X-Tenant-ID": tenant_id}).status_code == 201


def test_parallel_changes_are_all_applied_and_one_rotation_succeeds(stack, operator, tenant):
    tenant_id, key = tenant
    path = f"/v1/tenants/{tenant_id}"

    def change(number):
        name = ("predictions_per_month", "per_minute", "per_hour", "storage_gb")[number]
        with http(stack, operator.headers["Authorization"].removeprefix("Bearer ")) as client:
            return client.patch(path, json={"limits": {name: number + 1000}}).status_code

    def rotate(key_id):
        with http(stack, key) as client:
            return client.post(f"{path}/keys/{key_id}/rotate", json={}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(change, range(4))) == {200}
        made = operator.post(f"{path}/keys", json={}).json()["key_id"]
        assert sorted(pool.map(rotate, [made] * 8)) == [201] + [409] * 7
    changed = operator.get(path).json()
    assert changed["version"] == 5
    assert changed["limits"] == {
        "predictions_per_month": 1000,
        "per_minute": 1001,
        "per_hour": 1002,
        "storage_gb": 1003,
        "tenant_per_minute": 5005,
        "tenant_per_hour": 5010,
    }
    assert len(operator.get(f"{path}/keys").json()["items"]) == 3


def test_a_person_is_erased_from_batches_with_a_certificate(stack, erased):
    key, batch_id, subject = erased
    person = f"/v1/subjects/{subject}"
    with http(stack, key) as client:
        erasure = after(lambda: (found := client.get(f"{person}/erasure").json())["certificates"] and found)
        assert erasure["running"] is None
        assert json.loads(erasure["certificates"][0]["payload"])["stores"]["batches"]["erased"] == 1
        told = httpx.get(client.get(f"/v1/batches/{batch_id}/results").json()["url"], trust_env=False).text
        assert ('"P-1"' in told, '"P-2"' in told) == (False, True)
        assert not any(client.get(f"{person}/export").json()["data"]["batch_rows"])


def test_an_offboarding_leaves_a_publicly_verifiable_certificate(stack, operator, leaving, cli, aws):
    tenant_id, key = leaving
    path = f"/v1/tenants/{tenant_id}"
    assert operator.patch(path, json={"status": "active"}).status_code == 409
    found = after(lambda: (answer := operator.get(f"{path}/certificate")).status_code == 200 and answer)
    certificate = found.json()
    statement = json.loads(certificate["payload"])
    erased = {name: store["erased"] for name, store in statement["stores"].items()}
    assert {name: erased[name] for name in ("keys", "decisions", "outcomes")} == {
        "keys": 1,
        "decisions": 3,
        "outcomes": 0,
    }
    assert erased["files"] >= 2  # the uploaded rows and their results
    kms = aws("kms")
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=certificate["key_arn"])["PublicKey"])
    signature = base64.b64decode(certificate["signature"])
    public.verify(signature, certificate["payload"].encode(), ec.ECDSA(hashes.SHA256()))
    assert "signature: good" in cli("tenants", "certificate", tenant_id)
    assert operator.get(path).json()["status"] == "closed"
    assert operator.get(f"{path}/keys").json()["items"] == []
    assert after(lambda: score(stack, key).status_code == 401)
    assert tenant_id in cli("tenants", "list")
    tables = [stack.tables[name] for name in ("decisions", "outcomes")]
    dynamodb = aws("dynamodb")
    assert tenant_id not in json.dumps(
        [unpacked_item(item) for t in tables for item in dynamodb.scan(TableName=t, ConsistentRead=True)["Items"]]
    )
