"""Comparisons in the decision ledger: a sparse index over the rows written while a challenger was on trial."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable
from vigil.lifecycle.model import SHARDS, Comparison, Paired, partition

_READERS = 8


class DynamoComparisons:
    """Reads the index `by_comparison` of the decisions table."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def recent(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[Paired]:
        """Return at most so many comparisons of two versions, the newest of each shard."""
        keys = [partition(name, champion, challenger, shard) for shard in SHARDS]
        each = -(-limit // len(SHARDS))
        with ThreadPoolExecutor(_READERS) as pool:
            shards = pool.map(lambda key: list(self._shard(key, each)), keys)
            return [pair for shard in shards for pair in shard][:limit]

    def _shard(self, key: str, limit: int) -> Iterator[Paired]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by_comparison",
            KeyConditionExpression="comparison_pk = :pk",
            ExpressionAttributeValues={":pk": {"S": key}},
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": limit},
        )
        try:
            for page in pages:
                for item in page["Items"]:
                    yield Paired(Comparison.read(item["comparison"]["S"]), item["subject_pk"]["S"])
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The decision ledger did not answer.") from error
