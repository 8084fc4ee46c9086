"""Scored chunks of a tenant by row and by time, with their profiles and join files.

The item `sk = ROWS#<last row>` is written in the transaction that settles the chunk. It is listed under
`list_pk = <tenant>#ROWS` by the time of its answers.
"""

import json
from collections.abc import Iterator
from typing import Any

from vigil.aws.tables import Table
from vigil.decisions.batches.chunks_model import Chunk, ScoredChunk
from vigil.decisions.batches.model import Batch

Item = dict[str, Any]
_SORT_KEY = "ROWS#{:08}"
_LAST = _SORT_KEY.format(10**8 - 1)


class ScoredChunks:
    """Reader of the scored chunks of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The batches table")

    def find(self, tenant_id: str, batch_id: str, row: int) -> ScoredChunk | None:
        """Return the scored chunk of a batch that has row number `row`, from 1 on, read consistently; None without one.

        Raises Unavailable.
        """
        page = self._table.call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :row AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": f"{tenant_id}#{batch_id}"},
                ":row": {"S": _SORT_KEY.format(row)},
                ":last": {"S": _LAST},
            },
            ConsistentRead=True,
            Limit=1,
        )
        found = next(map(_scored_chunk, page["Items"]), None)
        return found if found and found.first_row <= row else None

    def has_batch(self, tenant_id: str, batch_id: str) -> bool:
        """Return True if the tenant has this batch, with or without scored chunks. Raises Unavailable."""
        page = self._table.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#{batch_id}"}},
            Limit=1,
        )
        return bool(page["Items"])

    def between(self, tenant_id: str, start: str, end: str) -> Iterator[ScoredChunk]:
        """Yield the chunks that were scored from `start` until before `end`, in the order of time.

        Both are times in UTC (ISO 8601) or days (`2026-11-21`). A new chunk can be missing for some seconds. Raises
        Unavailable.
        """
        items = self._table.items(
            "query",
            IndexName="by_tenant",
            KeyConditionExpression="list_pk = :rows AND list_sk BETWEEN :start AND :end",
            ExpressionAttributeValues={":rows": {"S": f"{tenant_id}#ROWS"}, ":start": {"S": start}, ":end": {"S": end}},
        )
        return map(_scored_chunk, items)


def scored_item(batch: Batch, chunk: Chunk) -> Item:
    """Return the DynamoDB item of a scored chunk. The batch has a pinned model version."""
    assert batch.pin is not None  # noqa: S101 - a batch that has chunks has a model
    span = chunk.range
    last_row = span.first_row + span.rows - 1
    return {
        "pk": {"S": f"{batch.tenant_id}#{batch.batch_id}"},
        "sk": {"S": _SORT_KEY.format(last_row)},
        "list_pk": {"S": f"{batch.tenant_id}#ROWS"},
        "list_sk": {"S": f"{chunk.scored_at}#{batch.batch_id}#{span.index:06}"},
        "batch_id": {"S": batch.batch_id},
        "model": {"S": batch.pin.name},
        "model_version": {"N": str(batch.pin.version)},
        "first_row": {"N": str(span.first_row)},
        "last_row": {"N": str(last_row)},
        "scored_at": {"S": chunk.scored_at},
        "join_key": {"S": batch.join_key(chunk)},
        "profile": {"B": chunk.profile},
        "due_weeks": {"S": json.dumps(chunk.due_weeks, sort_keys=True)},
    }


def _scored_chunk(item: Item) -> ScoredChunk:
    return ScoredChunk(
        batch_id=item["batch_id"]["S"],
        model=item["model"]["S"],
        version=int(item["model_version"]["N"]),
        first_row=int(item["first_row"]["N"]),
        last_row=int(item["last_row"]["N"]),
        scored_at=item["scored_at"]["S"],
        join_key=item["join_key"]["S"],
        profile=bytes(item["profile"]["B"]),
        due_weeks=json.loads(item["due_weeks"]["S"]),
    )
