"""While a tenant is served, the AWS client rejects every call that names another tenant's data."""

from functools import cache

import pytest

from tests.support.aws_calls import fail_requests
from tests.support.gateway import event
from vigil.aws import clients, tenant_guard
from vigil.aws.tenant_guard import TenantViolation
from vigil.runtime.settings import Settings
from vigil.web.principal import find_principal


class Sent(Exception):
    """A request has reached the network layer."""


VALUES = {":pk": {"S": "acme"}, ":foreign": {"S": "globex"}}


def key(pk, **more):
    return {"pk": {"S": pk}} | {name: {"S": text} for name, text in more.items()}


def query(condition, **more):
    return "query", {"KeyConditionExpression": condition, "ExpressionAttributeValues": VALUES, **more}


def transaction(*parts):
    return "transact_write_items", {"TransactItems": [{verb: {"TableName": "t"} | part} for verb, part in parts]}


OWN = [
    ("get_item", {"Key": key("acme#dec_1")}),
    ("get_item", {"Key": key("acme", sk="UNFINISHED")}),
    ("get_item", {"Key": key("TENANT#acme", sk="META")}),
    ("get_item", {"Key": key("KEY#0123456789abcdef")}),
    ("get_item", {"Key": key("FLAGS", sk="CURRENT")}),
    ("put_item", {"Item": key("TENANT#acme", list_pk="TENANTS")}),
    ("put_item", {"Item": key("acme#k", tenant_pk="acme#open", age_pk="open", due_pk="batch-chunks")}),
    ("put_item", {"Item": key("acme#dec_1", comparison_pk="iit#1#2#0", subject_pk="acme#f00")}),
    query("pk = :pk AND sk BETWEEN :a AND :b"),
    query("#p = :pk", ExpressionAttributeNames={"#p": "tenant_pk"}, IndexName="by_tenant"),
    query("list_pk = :pk", ExclusiveStartKey=key("acme#bat_1", list_pk="acme")),
    ("batch_get_item", {"RequestItems": {"t": {"Keys": [key("acme#1"), key("acme#2")]}}}),
    ("batch_write_item", {"RequestItems": {"t": [{"DeleteRequest": {"Key": key("acme#1")}}]}}),
    transaction(("Put", {"Item": key("acme#1")}), ("Update", {"Key": key("acme#2"), "UpdateExpression": "SET a = :a"})),
]
FOREIGN = [
    ("get_item", {"Key": key("globex#dec_1")}),
    ("get_item", {"Key": key("acme-2#dec_1")}),
    ("get_item", {"Key": key("ACME#dec_1")}),
    ("get_item", {"Key": key("_operators#job")}),
    ("get_item", {"Key": key("TENANT#globex", sk="META")}),
    ("get_item", {"Key": key("SESSIONS#globex", sk="1")}),
    ("get_item", {"Key": key("TENANTS")}),
    ("get_item", {"Key": key("ERASURES", sk="acme")}),
    ("update_item", {"Key": key("globex#2026-11")}),
    ("delete_item", {"Key": key("globex")}),
    ("put_item", {"Item": key("acme#1", tenant_pk="globex")}),
    ("put_item", {"Item": key("acme#1", list_pk="globex#resolved")}),
    query("pk = :foreign"),
    query("sk = :pk AND pk = :foreign"),
    query("#p = :foreign", ExpressionAttributeNames={"#p": "tenant_pk"}),
    query("age_pk = :pk"),
    query("#p = :pk", ExpressionAttributeNames={"#p": "due_pk"}),
    query("pk = :pk", ExclusiveStartKey=key("globex#1")),
    query("list_pk = :pk", ExclusiveStartKey=key("acme#1", list_pk="globex")),
    ("query", {"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "acme"}]}}}),
    ("query", {"ExclusiveStartKey": key("acme#1")}),
    ("scan", {}),
    ("batch_get_item", {"RequestItems": {"t": {"Keys": [key("acme#1"), key("globex#2")]}}}),
    ("batch_write_item", {"RequestItems": {"t": [{"DeleteRequest": {"Key": key("globex#1")}}]}}),
    transaction(("Put", {"Item": key("acme#1")}), ("Delete", {"Key": key("globex")})),
    transaction(("ConditionCheck", {"Key": key("globex#1"), "ConditionExpression": "attribute_exists(pk)"})),
    ("transact_get_items", {"TransactItems": [{"Get": {"TableName": "t", "Key": key("globex#1")}}]}),
]
OWN_OBJECTS = [
    ("get_object", {"Key": "uploads/acme/bat_1/input"}),
    ("put_object", {"Key": "parts/acme/bat_1/results/000001"}),
    ("list_object_versions", {"Prefix": "results/acme/"}),
    ("delete_objects", {"Delete": {"Objects": [{"Key": "plain/acme/1"}]}}),
]
FOREIGN_OBJECTS = [
    ("get_object", {"Key": "uploads/globex/bat_1/input"}),
    ("get_object", {"Key": "uploads/acme-2/bat_1/input"}),
    ("get_object", {"Key": "acme/bat_1/input"}),
    ("get_object", {"Key": "acme"}),
    ("put_object", {"Key": "uploads/../acme/bat_1/input"}),
    ("list_object_versions", {"Prefix": "results/acme"}),
    ("list_object_versions", {"Prefix": "results/"}),
    ("list_object_versions", {}),
    ("delete_objects", {"Delete": {"Objects": [{"Key": "plain/acme/1"}, {"Key": "plain/globex/1"}]}}),
    ("copy_object", {"Key": "plain/acme/1", "CopySource": "files/plain/globex/1"}),
    ("list_objects_v2", {"Prefix": "results/globex/"}),
    ("delete_bucket", {}),
]


@pytest.fixture(scope="module")
def client():
    """The service's own clients, whose requests stop before the network."""

    @cache
    def made(service):
        return clients.create_client(Settings(stage="dev", packages_bucket="packages"), service)

    with pytest.MonkeyPatch.context() as environment:
        fail_requests(environment, Sent())
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        clients.reset_session()
        yield made
        clients.reset_session()


def named(operation, arguments):
    """Return the arguments with a table name, if the operation takes one."""
    return arguments if operation.startswith(("batch", "transact", "execute")) else {"TableName": "t"} | arguments


def assert_sent(client, operation, arguments):
    with pytest.raises(Sent):
        getattr(client, operation)(**arguments)


@pytest.mark.parametrize(("operation", "arguments"), OWN)
def test_a_call_for_the_served_tenant_is_sent(client, operation, arguments):
    with tenant_guard.confine_to("acme"):
        assert_sent(client("dynamodb"), operation, named(operation, arguments))


@pytest.mark.parametrize(("operation", "arguments"), FOREIGN)
def test_a_foreign_or_ambiguous_call_is_rejected(client, operation, arguments):
    dynamodb = client("dynamodb")
    with tenant_guard.confine_to("acme"), pytest.raises(TenantViolation):
        getattr(dynamodb, operation)(**named(operation, arguments))
    assert_sent(dynamodb, operation, named(operation, arguments))  # without a served tenant it is allowed


@pytest.mark.parametrize("operation", ["execute_statement", "delete_table", "get_paginator", "exceptions"])
def test_a_client_has_only_the_operations_of_its_table(client, operation):
    with pytest.raises(AttributeError, match=operation):
        getattr(client("dynamodb"), operation)


@pytest.mark.parametrize(("operation", "arguments"), OWN_OBJECTS)
def test_objects_of_the_served_tenant_are_allowed(client, operation, arguments):
    with tenant_guard.confine_to("acme"):
        assert_sent(client("s3"), operation, {"Bucket": "files"} | arguments)


@pytest.mark.parametrize(("operation", "arguments"), FOREIGN_OBJECTS)
def test_foreign_objects_are_rejected_and_packages_allowed(client, operation, arguments):
    s3 = client("s3")
    with tenant_guard.confine_to("acme"):
        with pytest.raises(TenantViolation):
            getattr(s3, operation)(Bucket="files", **arguments)
        assert_sent(s3, operation, {"Bucket": "packages"} | arguments)


def test_the_client_of_whole_objects_rejects_foreign_objects(client):
    key = {"Key": "joins/globex/bat_1/000000"}
    files, packages = (
        clients.create_object_client(Settings(stage="dev", packages_bucket="packages"), name, lambda: client("s3"))
        for name in ("files", "packages")
    )
    with tenant_guard.confine_to("acme"):
        with pytest.raises(TenantViolation):
            files.get_object(Bucket="files", **key)
        assert_sent(files, "get_object", {"Bucket": "files", "Key": "joins/acme/bat_1/000000"})
        assert_sent(packages, "get_object", {"Bucket": "packages", **key})


def test_no_url_is_presigned_for_a_foreign_object(client):
    s3 = client("s3")
    with tenant_guard.confine_to("acme"):
        with pytest.raises(TenantViolation):
            s3.generate_presigned_url("get_object", Params={"Bucket": "files", "Key": "results/globex/b/r.csv"})
        assert "acme" in s3.generate_presigned_url("get_object", Params={"Bucket": "files", "Key": "results/acme/b/r"})


def test_the_confinement_ends_with_its_context(client):
    dynamodb, foreign = client("dynamodb"), {"TableName": "t", "Key": key("globex#1")}
    with tenant_guard.confine_to("acme"):
        with tenant_guard.confine_to("globex"):
            assert_sent(dynamodb, "get_item", foreign)
        with pytest.raises(TenantViolation):
            dynamodb.get_item(**foreign)
    assert_sent(dynamodb, "get_item", foreign)


@pytest.mark.parametrize(
    ("role", "tenant"), [("viewer", "acme"), ("member", "acme"), ("admin", "acme"), ("operator", None)]
)
def test_every_role_except_operator_is_confined(role, tenant):
    assert find_principal({"aws.event": event("GET", "/", role=role)}).confined_to == tenant
