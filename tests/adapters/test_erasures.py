"""The books of erasures, what tables keep of a tenant, and seals, against AWS in process."""

import json
from dataclasses import replace

import pytest

from vigil.access.tenants.model import Tenant, TenantSettings
from vigil.access.tenants.store import DynamoTenants
from vigil.aws.tables import Table
from vigil.errors import Unavailable
from vigil.privacy.erasure.model import Certificate, Sweep
from vigil.privacy.erasure.store import DynamoErasures, KmsSeal
from vigil.privacy.erasure.tenant_items_store import Listed, Scattered

TENANT = Tenant("acme", "FREE", "active", "then", "then", settings=TenantSettings("Acme", "a@b"))
CERTIFICATE = Certificate("acme", '{"certified_at":"now"}', "c2ln", "ECDSA_SHA_256", "arn:key")


@pytest.fixture
def books(dynamodb):
    table = Table(dynamodb, "access", "The access table")
    tenants = DynamoTenants(table)
    tenants.create(TENANT)
    tenants.replace(TENANT, replace(TENANT, status="offboarding", version=2))
    return DynamoErasures(table), tenants


def test_a_step_is_kept_once_and_read_back_whole(books):
    erasures, _ = books
    (start,) = erasures.pending()
    sweep = Sweep("2026", 3, ({"pk": "acme#1", "sk": "x"},), {"pk": "acme#1"}, 3)
    step = start.advance("decisions", sweep)
    assert erasures.save("acme", step)
    assert erasures.pending() == [step]
    assert not erasures.save("acme", start.advance("decisions", Sweep("2027")))
    assert erasures.pending() == [step]


def test_closing_wipes_the_settings_keeps_the_certificate_and_ends_the_erasure_at_once(books):
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


def test_a_list_and_a_look_at_everything_find_a_tenants_items_and_no_others(dynamodb):
    for number in range(130):
        for tenant in ("acme", "acme2", "ac"):
            place = {"list_pk": {"S": f"{tenant}"}, "list_sk": {"S": f"{number:03}"}}
            item = {"pk": {"S": f"{tenant}#d{number:03}"}, "sk": {"S": "HOLDS"}, **place, "text": {"S": "x" * 9_000}}
            dynamodb.put_item(TableName="outcomes", Item=item)
    wanted = {f"acme#d{number:03}" for number in range(130)}
    listed = Listed(dynamodb, "outcomes", index="by_tenant", attribute="list_pk")
    scattered = Scattered(dynamodb, "outcomes")
    for contents in (listed, scattered):
        assert {key["pk"] for key in everything(contents, "acme")} == wanted
    scattered.delete("acme", everything(scattered, "acme"))
    scattered.delete("acme", [{"pk": "acme#d001", "sk": "HOLDS"}])  # gone already
    assert everything(listed, "acme") == everything(scattered, "acme") == []
    assert len(everything(scattered, "acme2")) == len(everything(scattered, "ac")) == 130


def test_a_partition_is_found_by_its_prefix(dynamodb):
    for tenant in ("acme", "globex"):
        dynamodb.put_item(TableName="access", Item={"pk": {"S": f"SESSIONS#{tenant}"}, "sk": {"S": "1"}})
    sessions = Listed(dynamodb, "access", prefix="SESSIONS#", led=False)
    assert everything(sessions, "acme") == [{"pk": "SESSIONS#acme", "sk": "1"}]


def test_a_key_that_is_another_tenants_is_not_deleted(dynamodb):
    dynamodb.put_item(TableName="outcomes", Item={"pk": {"S": "acme2#1"}, "sk": {"S": "HOLDS"}})
    contents = Scattered(dynamodb, "outcomes")
    with pytest.raises(ValueError, match="not the tenant's"):
        contents.delete("acme", [{"pk": "acme2#1", "sk": "HOLDS"}])
    assert len(everything(contents, "acme2")) == 1


def test_a_table_that_is_away_is_unavailable(dynamodb):
    for contents in (Listed(dynamodb, "nowhere"), Scattered(dynamodb, "nowhere")):
        with pytest.raises(Unavailable):
            contents.find("acme", None)
        with pytest.raises(Unavailable):
            contents.delete("acme", [{"pk": "acme", "sk": "1"}])


def test_a_seal_is_good_for_its_very_payload_and_key(aws):
    kms = aws("kms")
    arns = [kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"] for _ in range(2)]
    seal = KmsSeal(kms, arns[0])
    certificate = seal.sign("acme", json.dumps({"erased": 7, "kept": "x" * 5_000}).encode())
    assert (certificate.tenant_id, certificate.key_arn) == ("acme", arns[0])
    assert seal.verifies(certificate)
    assert not seal.verifies(replace(certificate, payload=certificate.payload.replace("7", "8")))
    assert not seal.verifies(replace(certificate, key_arn=arns[1]))
    with pytest.raises(Unavailable):
        KmsSeal(kms, "alias/nowhere").sign("acme", b"{}")
