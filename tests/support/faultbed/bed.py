"""A separate MiniStack that contains only the tables, queues and buckets a test creates."""

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from cli.checkout import STATE
from cli.embedded import CREDENTIALS, REGION
from cli.emulator import Emulator
from tests.support.production_clients import as_in_production
from tests.support.tables import create_table
from vigil.aws.credentials import Keys

Record = dict[str, Any]
KEYS = Keys(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])


@dataclass
class Bed:
    """A running MiniStack. Each resource gets a unique name, so tests do not share resources."""

    endpoint: str
    folder: Path = STATE
    """Folder of the state and logs of this MiniStack."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._session = boto3.session.Session(KEYS.access_key, KEYS.secret_key, region_name=REGION)
        self._sqs = self.client("sqs")

    def client(self, service: str) -> Any:
        """Return a new client as in production. Faults injected into it do not affect other clients."""
        config = Config(read_timeout=20, retries={"total_max_attempts": 1}, max_pool_connections=50)
        return as_in_production(self._session.client(service, endpoint_url=self.endpoint, config=config), lambda: KEYS)

    def table(self, logical_id: str) -> str:
        """Create a table of `infra/data.yaml`, with a stream, and return its name."""
        name = f"{logical_id.lower()}-{next(self._numbers)}"
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        create_table(self.client("dynamodb"), logical_id, name, StreamSpecification=stream)
        return name

    def queue(self, **attributes: str) -> str:
        """Create a queue and return its URL."""
        name = f"queue-{next(self._numbers)}"
        url: str = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def bucket(self) -> str:
        """Create a versioned bucket and return its name."""
        name, s3 = f"bucket-{next(self._numbers)}", self.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def visible(self, queue: str) -> int:
        """Return the number of messages of a queue that can be received now."""
        return self._count(queue, "ApproximateNumberOfMessages")

    def waiting(self, queue: str) -> int:
        """Return the number of messages of a queue, visible and in flight. One call counts both, so none is missed."""
        return self._count(queue, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

    def _count(self, queue: str, *names: str) -> int:
        answer = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def items(self, table: str) -> list[Record]:
        """Return every item of a table."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def writes(self, table: str) -> list[Record]:
        """Return all writes of a table, oldest first. An overwritten item occurs twice."""
        arn = self.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
        streams = self.client("dynamodbstreams")
        shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        return [record for shard in shards for record in _records(streams, arn, shard["ShardId"])]


@contextmanager
def running(name: str) -> Iterator[Bed]:
    """Run a MiniStack with its state under `.vigil/<name>`. It stops with the block or when the next one starts."""
    emulator = Emulator(STATE / name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # the process outlives its start
            endpoint = emulator.start()
        yield Bed(endpoint, emulator.state)
    finally:
        emulator.stop()


def _records(streams: Any, arn: str, shard: str) -> Iterator[Record]:
    at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    while at:
        answer = streams.get_records(ShardIterator=at)
        if not answer["Records"]:
            return
        yield from answer["Records"]
        at = answer.get("NextShardIterator")
