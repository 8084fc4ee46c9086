"""The AWS operations that Vigil calls over JSON protocols, with the properties that a request needs.

A test compares the table with botocore's service models, and with the calls in the code.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_WORD_STARTS = re.compile("(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Operation:
    """One operation. `token` is the member that identifies a request, so that two equal requests have one effect."""

    name: str
    is_repeatable: bool
    """True if a second request after a lost answer changes nothing more."""
    token: str = ""


@dataclass(frozen=True)
class Service:
    """A service with a JSON protocol. `operations` are found by their Python names, such as `get_item`."""

    name: str
    service_id: str
    endpoint_prefix: str
    target_prefix: str
    json_version: str
    operations: Mapping[str, Operation]
    blobs: frozenset[str] = frozenset()
    """Members with bytes, in requests and answers."""
    timestamps: frozenset[str] = frozenset()
    """Members with a time."""
    signing_name: str = ""
    has_checksum: bool = False
    """True if answers have a CRC32 in a header."""
    retry_seconds: float = 0.05
    """Longest pause before the first retry of an attempt that was not throttled."""
    marks: tuple[bytes, ...] = field(init=False)
    """Names of blobs and timestamps in quotes, as in JSON. A body without them needs no conversion."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "signing_name", self.signing_name or self.endpoint_prefix)
        names = sorted(self.blobs | self.timestamps)
        object.__setattr__(self, "marks", tuple(f'"{name}"'.encode() for name in names))


def python_name(operation: str) -> str:
    """Return the name of the method that makes an operation: `GetItem` becomes `get_item`."""
    return _WORD_STARTS.sub("_", operation).lower()


def _operations(
    repeatable: Iterable[str], others: Iterable[str] = (), tokens: Mapping[str, str] | None = None
) -> Mapping[str, Operation]:
    """Return the operations by Python name. `tokens` names the operations with a token, which are repeatable."""
    found = [
        *(Operation(name, is_repeatable=True) for name in repeatable),
        *(Operation(name, is_repeatable=False) for name in others),
        *(Operation(name, is_repeatable=True, token=token) for name, token in (tokens or {}).items()),
    ]
    return {python_name(operation.name): operation for operation in found}


_ALL = (
    Service(
        "dynamodb",
        service_id="DynamoDB",
        endpoint_prefix="dynamodb",
        target_prefix="DynamoDB_20120810",
        json_version="1.0",
        operations=_operations(
            (
                *("BatchGetItem", "BatchWriteItem", "DescribeContinuousBackups", "GetItem"),
                *("Query", "Scan", "TransactGetItems"),
            ),
            ("DeleteItem", "PutItem", "UpdateItem"),
            {"TransactWriteItems": "ClientRequestToken"},
        ),
        blobs=frozenset({"B", "BS"}),
        timestamps=frozenset({"EarliestRestorableDateTime", "LatestRestorableDateTime"}),
        has_checksum=True,
        retry_seconds=0.025,
    ),
    Service(
        "dynamodbstreams",
        service_id="DynamoDB Streams",
        endpoint_prefix="streams.dynamodb",
        signing_name="dynamodb",
        target_prefix="DynamoDBStreams_20120810",
        json_version="1.0",
        operations=_operations(("GetRecords", "GetShardIterator")),
        blobs=frozenset({"B", "BS"}),
        timestamps=frozenset({"ApproximateCreationDateTime", "Timestamp"}),
        retry_seconds=0.025,
    ),
    Service(
        "sqs",
        service_id="SQS",
        endpoint_prefix="sqs",
        target_prefix="AmazonSQS",
        json_version="1.0",
        operations=_operations(("DeleteMessageBatch", "GetQueueAttributes"), ("ReceiveMessage", "SendMessageBatch")),
        blobs=frozenset({"BinaryListValues", "BinaryValue"}),
    ),
    Service(
        "events",
        service_id="EventBridge",
        endpoint_prefix="events",
        target_prefix="AWSEvents",
        json_version="1.1",
        operations=_operations((), ("PutEvents",)),
        timestamps=frozenset({"Time"}),
    ),
    Service(
        "secretsmanager",
        service_id="Secrets Manager",
        endpoint_prefix="secretsmanager",
        target_prefix="secretsmanager",
        json_version="1.1",
        operations=_operations(
            ("DescribeSecret", "GetSecretValue"),
            ("UpdateSecretVersionStage",),
            {"PutSecretValue": "ClientRequestToken", "RotateSecret": "ClientRequestToken"},
        ),
        blobs=frozenset({"SecretBinary"}),
        timestamps=frozenset(
            {"CreatedDate", "DeletedDate", "LastAccessedDate", "LastChangedDate", "LastRotatedDate", "NextRotationDate"}
        ),
    ),
    Service(
        "kms",
        service_id="KMS",
        endpoint_prefix="kms",
        target_prefix="TrentService",
        json_version="1.1",
        operations=_operations(("Decrypt", "GenerateDataKey", "Sign", "Verify")),
        blobs=frozenset(
            {"AttestationDocument", "CiphertextBlob", "CiphertextForRecipient", "Message", "Plaintext", "Signature"}
        ),
    ),
)
SERVICES: Mapping[str, Service] = {service.name: service for service in _ALL}
"""The services by the name that botocore gives them."""
