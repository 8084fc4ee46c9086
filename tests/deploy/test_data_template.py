"""Guarantees of the stored data, read from the templates: encryption, recovery, retention and rotation."""

import inspect

import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from cli.checkout import ROOT
from tests.support.templates import resources
from vigil.decisions.batches.files_model import FOLDERS
from vigil.decisions.batches.join_model import KEPT_DAYS

DATA = ROOT / "infra" / "data.yaml"


@pytest.mark.parametrize("bucket", resources(DATA, "AWS::S3::Bucket"))
def test_a_bucket_is_private_encrypted_and_versioned(bucket):
    properties = resources(DATA, "AWS::S3::Bucket")[bucket]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


@pytest.mark.parametrize("bucket", resources(DATA, "AWS::S3::Bucket"))
def test_a_bucket_refuses_plain_http(bucket):
    policies = resources(DATA, "AWS::S3::BucketPolicy").values()
    (policy,) = (policy for policy in policies if policy["Bucket"] == {"Ref": bucket})
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("table", resources(DATA, "AWS::DynamoDB::Table"))
def test_a_table_is_encrypted_recoverable_and_kept(table):
    properties = resources(DATA, "AWS::DynamoDB::Table")[table]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"]["KMSMasterKeyId"] == {"GetAtt": "DataKey.Arn"}
    recoverable = table != "TenantKeys"  # a backup would keep the key of a tenant that has left
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": recoverable}
    assert recoverable or "StreamSpecification" not in properties
    assert properties["DeletionProtectionEnabled"] == {"If": ["Protected", True, False]}
    assert properties["_"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_signing_keys_rotate_on_their_own_and_the_first_one_at_once():
    access = ROOT / "infra" / "functions" / "access.yaml"
    (schedule,) = resources(access, "AWS::SecretsManager::RotationSchedule").values()
    assert schedule["_"]["Condition"] == "OnAws"
    assert schedule["RotateImmediatelyOnUpdate"] is True
    assert schedule["RotationRules"] == {"ScheduleExpression": "rate(30 days)"}
    (permission,) = resources(access, "AWS::Lambda::Permission").values()
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["FunctionName"] == schedule["RotationLambdaARN"] == {"Ref": "TokensRotation.Alias"}
    assert permission["SourceArn"] == schedule["SecretId"] == {"Ref": "SigningSecretArn"}


def test_idempotency_records_end_by_themselves():
    record = inspect.signature(DynamoDBPersistenceLayer).parameters["expiry_attr"].default
    table = resources(DATA, "AWS::DynamoDB::Table")["Idempotency"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": record, "Enabled": True}


def test_the_event_bus_is_encrypted_with_the_customer_key():
    (bus,) = resources(ROOT / "infra" / "events.yaml", "AWS::Events::EventBus").values()
    assert bus["KmsKeyIdentifier"] == {"Ref": "DataKeyArn"}


def test_a_join_file_expires_by_its_tag():
    rules = resources(DATA, "AWS::S3::Bucket")["BatchFiles"]["LifecycleConfiguration"]["Rules"]
    joins = [rule for rule in rules if rule.get("Prefix") == "joins/"]
    assert [(rule["TagFilters"], rule["ExpirationInDays"]) for rule in joins] == [
        ([{"Key": "kept-days", "Value": str(days)}], days) for days in KEPT_DAYS
    ]
    assert {rule["Prefix"] for rule in rules if "Prefix" in rule} == {f"{folder}/" for folder in FOLDERS}
