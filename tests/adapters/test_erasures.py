"""Stores of erasures, of tenants' items and of signatures, against AWS in process."""

import json
from dataclasses import replace

import pytest

from tests.support.fakes.tenant_keys import key_creation
from vigil.access.tenants.model import Tenant, TenantSettings
from vigil.access.tenants.store import DynamoTenants
from vigil.aws.tables import Table
from vigil.errors import Unavailable
from vigil.privacy.erasure.model import Certificate, StoreProgress
from vigil.privacy.erasure.store import DynamoTenantErasures, KmsSigner
from vigil.privacy.erasure.tenant_items_store import PartitionItems, ScannedItems

TENANT = Tenant("acme", "FREE", "active", "then", "then", settings=TenantSettings("Acme", "a@b"))
CERTIFICATE = Certificate("acme", '{"certified_at":"now"}', "c2ln", "ECDSA_SHA_256", "arn:key")


@pytest.fixture
def books(dynamodb):
    table = Table(dynamodb, "access", "The access table")
    tenants = DynamoTenants(table, key_creation)
    tenants.create(TENANT)
    tenants.replace(TENANT, replace(TENANT, status="offboarding", version=2))
    return DynamoTenantErasures(table), tenants


def test_save_stores_each_revision_once(books):
    erasures, _ = books
    (start,) = erasures.pending()
    sweep = StoreProgress("2026", 3, ({"pk": "acme#1", "sk": "x"},), {"pk": "acme#1"}, 3)
    step = start.with_progress("decisions", sweep)
    assert erasures.save("acme", step)
    assert erasures.pending() == [step]
    assert not erasures.save("acme", start.with_progress("decisions", StoreProgress("2027")))
    assert erasures.pending() == [step]


def test_close_stores_the_certificate_and_clears_the_settings(books):
    erasures, tenants = books
    (erasure,) = erasures.pending()
    assert erasures.certificate("acme") is None
    assert not erasures.close("acme", replace(erasure, revision=7), CERTIFICATE)
    assert tenants.get("acme").status == "offboarding"
    assert erasures.close("acme", erasure, CERTIFICATE)
    closed = tenants.get("acme")
    assert (closed.status, closed.version, closed.changed_at, closed.settings) == ("closed", 3, "now", TenantSettings())
    assert (erasures.pending(), erasures.certificate("acme")) == ([], CERTIFICATE)
    assert not erasures.close("acme", erasure, CERTIFICATE)


def everything(contents, tenant_id):
    keys, after = [], None
    while True:
        found = contents.find(tenant_id, after)
        keys += found.keys
        if (after := found.after) is None:
            return keys


def test_find_returns_only_the_items_of_the_tenant(dynamodb):
    for number in range(130):
        for tenant in ("acme", "acme2", "ac"):
            place = {"list_pk": {"S": f"{tenant}"}, "list_sk": {"S": f"{number:03}"}}
            item = {"pk": {"S": f"{tenant}#d{number:03}"}, "sk": {"S": "HOLDS"}, **place, "text": {"S": "x" * 9_000}}
            dynamodb.put_item(TableName="outcomes", Item=item)
    wanted = {f"acme#d{number:03}" for number in range(130)}
    listed = PartitionItems(dynamodb, "outcomes", index="by_tenant", attribute="list_pk")
    scattered = ScannedItems(dynamodb, "outcomes")
    for contents in (listed, scattered):
        assert {key["pk"] for key in everything(contents, "acme")} == wanted
    scattered.delete("acme", everything(scattered, "acme"))
    scattered.delete("acme", [{"pk": "acme#d001", "sk": "HOLDS"}])  # already deleted
    assert everything(listed, "acme") == everything(scattered, "acme") == []
    assert len(everything(scattered, "acme2")) == len(everything(scattered, "ac")) == 130


def test_find_uses_the_prefix_of_the_partition(dynamodb):
    for tenant in ("acme", "globex"):
        dynamodb.put_item(TableName="access", Item={"pk": {"S": f"SESSIONS#{tenant}"}, "sk": {"S": "1"}})
    sessions = PartitionItems(dynamodb, "access", prefix="SESSIONS#", starts_with_tenant=False)
    assert everything(sessions, "acme") == [{"pk": "SESSIONS#acme", "sk": "1"}]


def test_deleting_a_key_of_another_tenant_raises_an_error(dynamodb):
    dynamodb.put_item(TableName="outcomes", Item={"pk": {"S": "acme2#1"}, "sk": {"S": "HOLDS"}})
    contents = ScannedItems(dynamodb, "outcomes")
    with pytest.raises(ValueError, match="belongs to another tenant"):
        contents.delete("acme", [{"pk": "acme2#1", "sk": "HOLDS"}])
    assert len(everything(contents, "acme2")) == 1


def test_a_missing_table_raises_unavailable(dynamodb):
    for contents in (PartitionItems(dynamodb, "nowhere"), ScannedItems(dynamodb, "nowhere")):
        with pytest.raises(Unavailable):
            contents.find("acme", None)
        with pytest.raises(Unavailable):
            contents.delete("acme", [{"pk": "acme", "sk": "1"}])


def test_a_signature_is_valid_only_for_its_payload_and_key(aws):
    kms = aws("kms")
    arns = [kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"] for _ in range(2)]
    signer = KmsSigner(kms, arns[0])
    certificate = signer.sign("acme", json.dumps({"erased": 7, "kept": "x" * 5_000}).encode())
    assert (certificate.tenant_id, certificate.key_arn) == ("acme", arns[0])
    assert signer.verify(certificate)
    assert not signer.verify(replace(certificate, payload=certificate.payload.replace("7", "8")))
    assert not signer.verify(replace(certificate, key_arn=arns[1]))
    with pytest.raises(Unavailable):
        KmsSigner(kms, "alias/nowhere").sign("acme", b"{}")
