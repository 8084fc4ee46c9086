"""A conversation with AWS in which every operation of the small client occurs, with answers and refusals."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

Clients = Callable[[str], Any]
"""Function that returns the client of a service."""
Step = tuple[str, str, Mapping[str, Any]]
"""Service, name of the method, and arguments."""
TABLE = "items"
BYTES = bytes(range(256))
"""Bytes whose base64 has the two characters in which the alphabets of base64 differ."""
VOLATILE = {
    "ARN", "ApproximateCreationDateTime", "CiphertextBlob", "CreatedDate", "EventId", "KeyId", "KeyMaterialId",
    "LastAccessedDate", "LastChangedDate", "MessageId", "NextShardIterator", "Plaintext", "ReceiptHandle",
    "RequestId", "SentTimestamp", "SequenceNumber", "ShardIterator", "SizeBytes", "Signature", "VersionId", "eventID",
}  # fmt: skip
"""Members whose values differ from one conversation to the next. Their types are compared."""

OMITTED = {"HTTPHeaders", "SecretVersionsToStages", "VersionIdsToStages"}
"""Members with random keys, and one that only moto has. Botocore omits members that its service model does not have."""
REFUSED = ("CancellationReasons", "Error", "Item", "ResponseMetadata")
"""Members of a refusal that are compared. Botocore also has the message there, under its name in the service model."""


@dataclass(frozen=True)
class World:
    """Resources of a conversation."""

    queue: str
    secret: str
    key: str
    signer: str
    stream: str
    shard: str


def create_world(clients: Clients) -> World:
    """Create the resources with botocore's clients in an empty account."""
    table = clients("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    clients("events").create_event_bus(Name="bus")
    kms = clients("kms")
    signer = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    shards = clients("dynamodbstreams").describe_stream(StreamArn=table["LatestStreamArn"])["StreamDescription"][
        "Shards"
    ]
    return World(
        queue=clients("sqs").create_queue(QueueName="queue")["QueueUrl"],
        secret=clients("secretsmanager").create_secret(Name="secret", SecretString="first")["ARN"],
        key=kms.create_key()["KeyMetadata"]["Arn"],
        signer=signer,
        stream=table["LatestStreamArn"],
        shard=shards[0]["ShardId"],
    )


def converse(clients: Clients, world: World) -> list[tuple[str, str, Any]]:
    """Return service, method and comparable answer of each step, in order."""
    found = []
    for talk in (_items, _changes, _messages, _events, _secrets, _keys):
        steps, answer = talk(world), None
        try:
            service, method, arguments = next(steps)
            while True:
                answer = _call(clients(service), method, arguments)
                found.append((service, method, _comparable(answer)))
                service, method, arguments = steps.send(answer)
        except StopIteration:
            pass
    return found


def _call(client: Any, method: str, arguments: Mapping[str, Any]) -> Any:
    try:
        return getattr(client, method)(**arguments)
    except ClientError as error:
        response: Mapping[str, Any] = error.response
        return {"text": str(error)} | {name: response[name] for name in REFUSED if name in response}


def _comparable(value: Any, name: str = "") -> Any:
    if name in VOLATILE:
        return type(value).__name__
    if isinstance(value, dict):
        return {inner: _comparable(member, inner) for inner, member in value.items() if inner not in OMITTED}
    return [_comparable(member, name) for member in value] if isinstance(value, list) else value


Talk = Iterator[Step]
FREE = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _items(_: World) -> Any:
    item = {
        "pk": {"S": "ä\n\"'\u2028\U0001f600"}, "B": {"B": BYTES}, "BS": {"BS": [b"\xfb\xff"]}, "n": {"N": "1.50"},
        "m": {"M": {"B": {"L": [{"B": b""}, {"NULL": True}]}}}, "t": {"BOOL": False}, "ss": {"SS": ["x"]},
    }  # fmt: skip
    key = {"pk": item["pk"]}
    yield "dynamodb", "put_item", {"TableName": TABLE, "Item": item, "ReturnConsumedCapacity": "TOTAL"}
    yield "dynamodb", "put_item", {"TableName": TABLE, "Item": item, **FREE}
    yield "dynamodb", "put_item", {"TableName": "none", "Item": item}
    yield "dynamodb", "get_item", {"TableName": TABLE, "Key": key, "ConsistentRead": True}
    yield "dynamodb", "get_item", {"TableName": TABLE, "Key": {"pk": {"S": "none"}}}
    change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"B": BYTES}}}
    yield "dynamodb", "update_item", {"TableName": TABLE, "Key": key, **change, "ReturnValues": "UPDATED_NEW"}
    where = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": key["pk"]}}
    yield "dynamodb", "query", {"TableName": TABLE, **where}
    yield "dynamodb", "scan", {"TableName": TABLE, "Limit": 1}
    yield "dynamodb", "batch_get_item", {"RequestItems": {TABLE: {"Keys": [key]}}}
    puts = [{"PutRequest": {"Item": {"pk": {"S": str(number)}}}} for number in range(3)]
    yield "dynamodb", "batch_write_item", {"RequestItems": {TABLE: puts}}
    yield "dynamodb", "transact_get_items", {"TransactItems": [{"Get": {"TableName": TABLE, "Key": key}}]}
    free = {"Put": {"TableName": TABLE, "Item": {"pk": {"S": "new"}}, **FREE}}
    taken = {"Put": {"TableName": TABLE, "Item": item, **FREE}}
    yield "dynamodb", "transact_write_items", {"TransactItems": [free, taken]}
    yield "dynamodb", "transact_write_items", {"TransactItems": [free], "ClientRequestToken": "once"}
    yield "dynamodb", "delete_item", {"TableName": TABLE, "Key": key, "ReturnValues": "ALL_OLD"}
    yield "dynamodb", "describe_continuous_backups", {"TableName": TABLE}


def _changes(world: World) -> Any:
    where = {"StreamArn": world.stream, "ShardId": world.shard, "ShardIteratorType": "TRIM_HORIZON"}
    found = yield "dynamodbstreams", "get_shard_iterator", where
    yield "dynamodbstreams", "get_records", {"ShardIterator": found["ShardIterator"]}


def _messages(world: World) -> Any:
    attributes = {
        "text": {"DataType": "String", "StringValue": "ä"},
        "bytes": {"DataType": "Binary", "BinaryValue": BYTES},
    }
    entries = [{"Id": "1", "MessageBody": "{}", "MessageAttributes": attributes}, {"Id": "2", "MessageBody": "<&>"}]
    yield "sqs", "send_message_batch", {"QueueUrl": world.queue, "Entries": entries}
    yield "sqs", "send_message_batch", {"QueueUrl": f"{world.queue}-none", "Entries": entries}
    wanted = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "VisibilityTimeout": 60}
    received = yield "sqs", "receive_message", {"QueueUrl": world.queue, **wanted}
    handles = [message["ReceiptHandle"] for message in received["Messages"]]
    deleted = [{"Id": str(place), "ReceiptHandle": handle} for place, handle in enumerate(handles)]
    yield "sqs", "delete_message_batch", {"QueueUrl": world.queue, "Entries": deleted}
    yield "sqs", "receive_message", {"QueueUrl": world.queue}
    yield "sqs", "get_queue_attributes", {"QueueUrl": world.queue, "AttributeNames": ["ApproximateNumberOfMessages"]}


def _events(_: World) -> Any:
    at = datetime(2026, 11, 30, 8, 53, 9, 250_000, tzinfo=UTC)
    event = {"EventBusName": "bus", "Source": "s", "DetailType": "d", "Time": at, "Detail": json.dumps({"é": 1})}
    yield "events", "put_events", {"Entries": [event, event]}


def _secrets(world: World) -> Any:
    yield "secretsmanager", "get_secret_value", {"SecretId": world.secret, "VersionStage": "AWSCURRENT"}
    token = "0123456789" * 4
    new = {"SecretBinary": BYTES, "ClientRequestToken": token, "VersionStages": ["AWSPENDING"]}
    yield "secretsmanager", "put_secret_value", {"SecretId": world.secret, **new}
    described = yield "secretsmanager", "describe_secret", {"SecretId": world.secret}
    current = next(version for version, names in described["VersionIdsToStages"].items() if "AWSCURRENT" in names)
    moved = {"VersionStage": "AWSCURRENT", "MoveToVersionId": token, "RemoveFromVersionId": current}
    yield "secretsmanager", "update_secret_version_stage", {"SecretId": world.secret, **moved}
    yield "secretsmanager", "get_secret_value", {"SecretId": world.secret, "VersionStage": "AWSCURRENT"}
    yield "secretsmanager", "get_secret_value", {"SecretId": "none"}
    yield "secretsmanager", "rotate_secret", {"SecretId": world.secret, "ClientRequestToken": token[::-1]}


def _keys(world: World) -> Any:
    context = {"EncryptionContext": {"tenant_id": "acme"}}
    made = yield "kms", "generate_data_key", {"KeyId": world.key, "NumberOfBytes": 32, **context}
    yield "kms", "decrypt", {"CiphertextBlob": made["CiphertextBlob"], **context}
    yield "kms", "decrypt", {"CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": {"tenant_id": "other"}}
    digest = {"Message": BYTES[:32], "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    signed = yield "kms", "sign", {"KeyId": world.signer, **digest}
    yield "kms", "verify", {"KeyId": world.signer, "Signature": signed["Signature"], **digest}
    yield "kms", "verify", {"KeyId": world.signer, "Signature": signed["Signature"], **digest, "Message": BYTES[32:64]}
