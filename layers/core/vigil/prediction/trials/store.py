"""Comparisons in the decision ledger: a sparse index over the rows written during trials."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from vigil.aws.tables import Table
from vigil.prediction.trials.model import SHARDS, Comparison, PairedComparison, comparison_partition

_READERS = 8


class DynamoComparisons:
    """Reader of the index `by_comparison` of the decisions table."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The decision ledger")

    def recent(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[PairedComparison]:
        """Return at most `limit` comparisons of two versions, the newest of each shard."""
        return self._compared((name, champion, challenger), limit, forward=False)

    def oldest(self, name: str, champion: int, challenger: int, limit: int) -> Sequence[PairedComparison]:
        """Return at most `limit` comparisons of two versions, the oldest of each shard."""
        return self._compared((name, champion, challenger), limit, forward=True)

    def _compared(self, versions: tuple[str, int, int], limit: int, *, forward: bool) -> Sequence[PairedComparison]:
        name, champion, challenger = versions
        keys = [comparison_partition(name, champion, challenger, shard) for shard in SHARDS]
        each = -(-limit // len(SHARDS))
        with ThreadPoolExecutor(_READERS) as pool:
            shards = pool.map(lambda key: list(self._shard(key, each, forward=forward)), keys)
            return [pair for shard in shards for pair in shard][:limit]

    def _shard(self, key: str, limit: int, *, forward: bool) -> Iterator[PairedComparison]:
        items = self._table.items(
            "query",
            IndexName="by_comparison",
            KeyConditionExpression="comparison_pk = :pk",
            ExpressionAttributeValues={":pk": {"S": key}},
            ScanIndexForward=forward,
        )
        for item in islice(items, limit):
            comparison = Comparison.from_document(item["comparison"]["S"])
            yield PairedComparison(comparison, item["subject_pk"]["S"], item["pk"]["S"])
