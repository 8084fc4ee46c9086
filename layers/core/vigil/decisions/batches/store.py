"""Batches in DynamoDB: `pk = <tenant>#<batch>` with `sk = BATCH`, and one `sk = CHUNK#<index>` per chunk.

A finished chunk is listed under `list_pk = <tenant>#DONE` by completion time, for usage metering.
`pk = <tenant>`, `sk = UNFINISHED` has the ids of the tenant's unfinished batches; their number is limited.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange, ChunkState
from vigil.decisions.batches.model import STOPPED, UNFINISHED, Batch, BatchListing, BatchState, LeftOut
from vigil.decisions.batches.scored_chunks_store import scored_item
from vigil.errors import Conflict, FieldError
from vigil.kernel.money import SpendLimit
from vigil.kernel.rows import ModelRef

Item = dict[str, Any]
_ANSWERS = {"ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
_FIELDS = {f.name: f.type for f in fields(Batch)}
_LISTS = {"columns", "ignored_columns", "errors", "left_out"}
_NOT_SETTLED = {"range", "scored_at", "profile", "due_weeks"}
_SETTLED = tuple(f.name for f in fields(Chunk) if f.name not in _NOT_SETTLED)


class DynamoBatches:
    """Batches and chunks of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The batches table")

    def create(self, batch: Batch, most: int) -> Batch | None:
        """Write the batch and add it to the tenant's count in one transaction; return None.

        Return the existing batch if the id is taken. Raises Conflict if the tenant has `most` unfinished batches.
        """
        put = {"Item": _item(batch), "ConditionExpression": "attribute_not_exists(pk)"}
        count = {
            "Key": _unfinished(batch.tenant_id),
            "UpdateExpression": "ADD unfinished :id",
            "ConditionExpression": "attribute_not_exists(unfinished) OR size(unfinished) < :most",
            "ExpressionAttributeValues": {":id": {"SS": [batch.batch_id]}, ":most": {"N": str(most)}},
        }
        conditions = self._transact({"Put": put}, {"Update": count})
        if not conditions:
            return None
        if conditions[0]:
            return self.get(batch.tenant_id, batch.batch_id)
        raise Conflict(f"There are {most} unfinished batches. Wait until one ends, or cancel one.")

    def get(self, tenant_id: str, batch_id: str) -> Batch | None:
        """Return a batch, read consistently."""
        item = self._table.get({"pk": {"S": f"{tenant_id}#{batch_id}"}, "sk": {"S": "BATCH"}})
        return _batch(item) if item else None

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> BatchListing:
        """Return a page of the index by tenant, newest first."""
        items, position = self._table.query_page(
            "by_tenant", ("list_pk", tenant_id), after, limit, ScanIndexForward=False
        )
        return BatchListing(tuple(map(_batch, items)), position)

    def unfinished_ids(self, tenant_id: str) -> list[str]:
        """Return the ids of a tenant's unfinished batches."""
        item = self._table.get(_unfinished(tenant_id)) or {}
        return sorted(item.get("unfinished", {}).get("SS", []))

    def change(
        self, batch: Batch, states: Sequence[BatchState], values: Mapping[str, Any], run: str | None = None
    ) -> Batch | None:
        """Update the batch if its state, and its run if given, match."""
        try:
            update = _change(batch, states, run, values)
            return _batch(self._table.call("update_item", **update, **_ANSWERS)["Attributes"])
        except ConditionFailed as refusal:
            # Equal values mean that our own write succeeded, its response was lost, and the client sent it again.
            ours = refusal.item and all(refusal.item.get(name) == _typed(value) for name, value in values.items())
            return _batch(refusal.item) if ours else None

    def end(self, batch: Batch, state: BatchState, **values: Any) -> bool:
        """Update the batch, remove its left out subjects and remove it from the tenant's count in one transaction."""
        update = _change(batch, UNFINISHED, None, {"state": state, "left_out": (), **values})
        count = {
            "Key": _unfinished(batch.tenant_id),
            "UpdateExpression": "DELETE unfinished :id",
            "ExpressionAttributeValues": {":id": {"SS": [batch.batch_id]}},
        }
        return not self._transact({"Update": update}, {"Update": count})

    def add_chunks(self, batch: Batch, chunk_ranges: Sequence[ChunkRange]) -> bool:
        """Put chunks if the batch is still being split by this run."""
        check = {
            "Key": _key(batch),
            "ConditionExpression": "#state = :splitting AND #run = :run",
            "ExpressionAttributeNames": {"#state": "state", "#run": "run"},
            "ExpressionAttributeValues": {":splitting": {"S": "splitting"}, ":run": {"S": batch.run}},
        }
        puts = ({"Put": {"Item": _chunk_item(batch, Chunk(chunk_range))}} for chunk_range in chunk_ranges)
        return not self._transact({"ConditionCheck": check}, *puts)

    def chunks(self, batch: Batch) -> list[Chunk]:
        """Return the chunks of a split batch. Chunks of an older run with a higher index are ignored."""
        if not batch.chunks:
            return []
        bounds = {":first": {"S": _chunk_sk(0)}, ":last": {"S": _chunk_sk(batch.chunks - 1)}}
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={":pk": _key(batch)["pk"], **bounds},
            ConsistentRead=True,
        )
        return list(map(_chunk, items))

    def find_chunk(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk] | None:
        """Return a chunk and its batch in one consistent read."""
        pk = {"S": f"{tenant_id}#{batch_id}"}
        keys = [{"pk": pk, "sk": {"S": sk}} for sk in ("BATCH", _chunk_sk(index))]
        items = {item["sk"]["S"]: item for item in self._table.get_many(keys)}
        return (_batch(items["BATCH"]), _chunk(items[_chunk_sk(index)])) if len(items) == len(keys) else None

    def settle(self, batch: Batch, chunk: Chunk, was: ChunkState) -> bool:
        """Update the chunk if its state is `was`, and its batch is not stopped and leaves out the same subjects.

        A finished chunk also gets the keys of an index, in which the chunks of a day are listed, and is listed with its
        profile.
        """
        update = _update(_chunk_key(batch, chunk), _outcome(batch, chunk))
        update["ConditionExpression"] = "#state = :was"
        update["ExpressionAttributeValues"][":was"] = {"S": was}
        stopped: Item = {f":in{place}": {"S": state} for place, state in enumerate(STOPPED)}
        same = "left_out = :left_out" + ("" if batch.left_out else " OR attribute_not_exists(left_out)")
        check = {
            "Key": _key(batch),
            "ConditionExpression": f"NOT #state IN ({', '.join(stopped)}) AND ({same})",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": stopped | {":left_out": _typed(batch.left_out)},
        }
        listed = [{"Put": {"Item": scored_item(batch, chunk)}}] if chunk.state == "done" else []
        return not self._transact({"Update": update}, {"ConditionCheck": check}, *listed)

    def _transact(self, *writes: Part) -> list[bool]:
        """Write all or nothing. Return for each part whether its condition failed; empty on success."""
        return [is_condition_failure(reason) for reason in self._table.transact(*writes, token=uuid.uuid4().hex) or ()]


def _key(batch: Batch) -> Item:
    return {"pk": {"S": f"{batch.tenant_id}#{batch.batch_id}"}, "sk": {"S": "BATCH"}}


def _unfinished(tenant_id: str) -> Item:
    return {"pk": {"S": tenant_id}, "sk": {"S": "UNFINISHED"}}


def _chunk_sk(index: int) -> str:
    return f"CHUNK#{index:06}"


def _change(batch: Batch, states: Sequence[BatchState], run: str | None, values: Mapping[str, Any]) -> Item:
    update = _update(_key(batch), values)
    allowed: Item = {f":in{place}": {"S": state} for place, state in enumerate(states)}
    condition = f"#state IN ({', '.join(allowed)})"
    update["ExpressionAttributeNames"]["#state"] = "state"
    if run is not None:
        condition += " AND #run = :its_run"
        update["ExpressionAttributeNames"]["#run"] = "run"
        allowed[":its_run"] = {"S": run}
    update["ExpressionAttributeValues"] |= allowed
    return update | {"ConditionExpression": condition}


def _update(key: Item, values: Mapping[str, Any]) -> Item:
    return {
        "Key": key,
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in values),
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": {f":{name}": _typed(value) for name, value in values.items()},
    }


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, SpendLimit):
        return {"S": json.dumps(value.to_stored())}
    return {"S": json.dumps(value, default=asdict)}


def _item(batch: Batch) -> Item:
    listing = {"list_pk": batch.tenant_id, "list_sk": f"{batch.created_at}#{batch.batch_id}"}
    values = {name: value for name in _FIELDS if (value := getattr(batch, name)) is not None}
    return _key(batch) | {name: _typed(value) for name, value in (values | listing).items()}


def _batch(item: Mapping[str, Any]) -> Batch:
    values = {name: next(iter(value.values())) for name, value in item.items() if name in _FIELDS}
    for name, value in values.items():
        if "N" in item[name]:
            values[name] = int(value)
    for name in _LISTS & values.keys():
        values[name] = tuple(json.loads(values[name]))
    values["errors"] = tuple(FieldError(**each) for each in values.get("errors", ()))
    values["left_out"] = tuple(LeftOut(**each) for each in values.get("left_out", ()))
    if "pin" in values:
        values["pin"] = ModelRef(**json.loads(values["pin"]))
    if "hard_stop" in values:
        values["hard_stop"] = SpendLimit.from_stored(json.loads(values["hard_stop"]))
    return Batch(**values)


def _chunk_key(batch: Batch, chunk: Chunk) -> Item:
    return {"pk": _key(batch)["pk"], "sk": {"S": _chunk_sk(chunk.range.index)}}


def _chunk_item(batch: Batch, chunk: Chunk) -> Item:
    values = {**asdict(chunk.range), "state": chunk.state}
    return _chunk_key(batch, chunk) | {name: _typed(value) for name, value in values.items()}


def _outcome(batch: Batch, chunk: Chunk) -> dict[str, Any]:
    """Return the attributes of a settled chunk; a finished chunk also has the keys that usage metering reads."""
    assert batch.pin is not None  # noqa: S101 - a batch that has chunks has a model
    values = {name: getattr(chunk, name) for name in _SETTLED}
    values |= {"tenant_id": batch.tenant_id, "model": batch.pin.name, "model_version": batch.pin.version}
    if chunk.state == "done":
        name = f"{batch.batch_id}#{chunk.range.index:06}"
        values |= {"list_pk": f"{batch.tenant_id}#DONE", "list_sk": f"{chunk.settled_at}#{name}"}
    return values


def _chunk(item: Item) -> Chunk:
    values = {name: next(iter(item[name].values())) for name in _SETTLED if name in item}
    numbers = {name: int(value) for name, value in values.items() if "N" in item[name]}
    values["lost"] = tuple(map(tuple, json.loads(values.get("lost", "[]"))))
    return Chunk(ChunkRange(**{f.name: int(item[f.name]["N"]) for f in fields(ChunkRange)}), **values | numbers)
