"""Dead letters on SQS, and their jobs in DynamoDB.

A job is one item: `pk = <tenant>#<key>`, the job as JSON, and what the indexes need. `by_tenant` and `by_age` list open
and resolved jobs apart, by when they died or were resolved; `by_due` is sparse: only jobs that wait for a redriver.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from vigil.aws.tables import Table
from vigil.errors import Unavailable, UnreadableMessage
from vigil.operations.dead_letters.model import (
    OPERATORS,
    UNREADABLE,
    Filter,
    Job,
    JobPage,
    Letter,
    Resolution,
    Step,
    Work,
)
from vigil.workers.queues import Message, ReceivedMessage, SqsQueue

STREAM_BATCH = "decisions.stream"
_HIDDEN_SECONDS = 120
_KEPT = 16_384
"""Characters of what cannot be read: a job must fit into one item."""
_EVALUATED = 200
_ROUNDS = 10
"""How many reads a page may take when a filter leaves little of each."""


class SqsSource:
    """The dead-letter queue of a queue of Vigil's; `read` makes work of what is not in Vigil's own form."""

    def __init__(
        self,
        name: str,
        queue: SqsQueue,
        dead: SqsQueue,
        read: Callable[[ReceivedMessage], Message] = ReceivedMessage.message,
    ) -> None:
        self.name = name
        self._queue = queue
        self._dead = dead
        self._read = read

    def letters(self) -> Sequence[Letter]:
        """Return up to ten letters, hidden from others for two minutes."""
        return [letter(received, self._read) for received in self._dead.receive(_HIDDEN_SECONDS)]

    def delete(self, letters: Sequence[Letter]) -> None:
        """Delete letters from the dead-letter queue."""
        self._dead.delete([each.handle for each in letters])

    def put_back(self, work: Work) -> Resolution | None:
        """Send the work to its queue; what could not be read is read again, which raises Unreadable if it fails."""
        if work.kind == UNREADABLE:
            raw = json.loads(work.body)
            self._queue.send(
                [replace(self._read(ReceivedMessage(work.id, raw["body"], raw["attributes"], {})), attempts=0)]
            )
            return "sent_on"
        self._queue.send([Message(**asdict(work))])
        return None


class StreamSource:
    """The dead letters of the ledger's stream, which say where in it a batch stands; `replay` tells of it again."""

    def __init__(self, name: str, dead: SqsQueue, replay: Callable[[str], None]) -> None:
        self.name = name
        self._dead = dead
        self._replay = replay

    def letters(self) -> Sequence[Letter]:
        """Return up to ten letters, hidden from others for two minutes."""
        return [letter(received, _batch) for received in self._dead.receive(_HIDDEN_SECONDS)]

    def delete(self, letters: Sequence[Letter]) -> None:
        """Delete letters from the dead-letter queue."""
        self._dead.delete([each.handle for each in letters])

    def put_back(self, work: Work) -> Resolution | None:
        """Tell of the batch again here and now; what fails dies again first, so that its attempts are counted."""
        try:
            self._replay(work.body)
        except Unavailable:
            self._dead.send([Message(**asdict(work))])
            raise
        return "succeeded"


def _batch(received: ReceivedMessage) -> Message:
    """Return what Lambda's own record says of a batch that it gave up on; in Vigil's form it has died again.

    The record: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    if "kind" in received.attributes:
        return received.message()
    try:
        said = json.loads(received.body)
        batch, request = said["DDBStreamBatchInfo"], said["requestContext"]["requestId"]
        first, last = batch["startSequenceNumber"], batch["endSequenceNumber"]
        place = {"stream": batch["streamArn"], "shard": batch["shardId"], "first": first, "last": last}
        return Message(f"{first}-{last}", STREAM_BATCH, OPERATORS, request, json.dumps(place))
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableMessage("This is no record of a failed batch.") from error


def letter(received: ReceivedMessage, read: Callable[[ReceivedMessage], Message]) -> Letter:
    """Return what lies on a dead-letter queue; what cannot be read is work of its own kind, and the operators'."""
    marks = received.attributes
    try:
        work = Work(**asdict(read(received)))
    except UnreadableMessage:
        said = json.dumps({"body": received.body[:_KEPT], "attributes": dict(marks)})
        source_id = marks.get("source_id", received.id)
        trace = received.system.get("AWSTraceHeader")
        work = Work(source_id, UNREADABLE, OPERATORS, source_id, said, trace=trace)
    refusal = marks.get("reason", "refused") if marks.get("failure") == "permanent" else None
    return Letter(work, received.handle, refusal, settled="settled" in marks)


class DynamoJobs:
    """The books of dead work."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The table of dead letters")

    def get(self, tenant_id: str, key: str) -> Job | None:
        """Return a job, read consistently."""
        item = self._table.get(_pk(tenant_id, key))
        return _job(item) if item else None

    def put(self, tenant_id: str, job: Job) -> bool:
        """Write a job over the version before it, or as the first of its key."""
        condition = "version = :before OR attribute_not_exists(pk)" if job.version <= 1 else "version = :before"
        return self._table.write_if(
            "put_item",
            Item=_pk(tenant_id, job.key) | _attributes(job),
            ConditionExpression=condition,
            ExpressionAttributeValues={":before": {"N": str(job.version - 1)}},
        )

    def remove(self, tenant_id: str, job: Job) -> bool:
        """Delete a job if it is still of this version."""
        return self._table.write_if(
            "delete_item",
            Key=_pk(tenant_id, job.key),
            ConditionExpression="version = :version",
            ExpressionAttributeValues={":version": {"N": str(job.version)}},
        )

    def page(self, tenant_id: str | None, wanted: Filter, after: dict[str, str] | None, limit: int) -> JobPage:
        """Return one page, latest first; a filter that leaves little may make it shorter than asked for."""
        query, found = _listing(tenant_id, wanted), list[Mapping[str, Any]]()
        position = {name: {"S": text} for name, text in after.items()} if after else None
        for _ in range(_ROUNDS):
            start = {"ExclusiveStartKey": position} if position else {}
            answer = self._table.call("query", Limit=_EVALUATED, ScanIndexForward=False, **query, **start)
            found += answer["Items"]
            position = answer.get("LastEvaluatedKey")
            if len(found) > limit:
                position = {name: found[limit - 1][name] for name in _position(tenant_id)}
            if len(found) > limit or position is None:
                break
        more = {name: value["S"] for name, value in position.items()} if position else None
        return JobPage(tuple(_job(item) for item in found[:limit]), more)

    def due(self, queue: str, now: str, limit: int) -> Sequence[Job]:
        """Return jobs whose time has come, the longest overdue first."""
        answer = self._table.call(
            "query",
            IndexName="by_due",
            KeyConditionExpression="due_pk = :queue AND due_at <= :now",
            ExpressionAttributeValues={":queue": {"S": queue}, ":now": {"S": now}},
            Limit=limit,
        )
        return [_job(item) for item in answer["Items"]]


def _pk(tenant_id: str, key: str) -> dict[str, Any]:
    return {"pk": {"S": f"{tenant_id}#{key}"}}


def _attributes(job: Job) -> dict[str, Any]:
    shelf = "resolved" if job.state == "resolved" else "open"
    since = job.changed_at if job.state == "resolved" else job.died_at
    texts = {
        "tenant_pk": f"{job.tenant_id}#{shelf}",
        "age_pk": shelf,
        "listed_at": f"{since}#{job.key}",
        "queue": job.queue,
        "state": job.state,
        "reason": job.reason,
        "job": json.dumps(asdict(job), separators=(",", ":")),
    }
    due = {"due_pk": job.queue, "due_at": job.due_at} if job.due_at else {}
    return {name: {"S": text} for name, text in (texts | due).items()} | {"version": {"N": str(job.version)}}


def _position(tenant_id: str | None) -> tuple[str, str, str]:
    return ("pk", "age_pk" if tenant_id is None else "tenant_pk", "listed_at")


def _listing(tenant_id: str | None, wanted: Filter) -> dict[str, Any]:
    """Return the query of a list: the index gives the shelf and the age, a filter the rest."""
    shelf = "resolved" if wanted.state == "resolved" else "open"
    index, partition = ("by_age", shelf) if tenant_id is None else ("by_tenant", f"{tenant_id}#{shelf}")
    filters = {name: text for name in ("state", "queue", "reason") if (text := getattr(wanted, name))}
    condition = f"{_position(tenant_id)[1]} = :partition"
    values = {f":{name}": {"S": text} for name, text in filters.items()} | {":partition": {"S": partition}}
    if wanted.before:
        condition += " AND listed_at < :before"
        values[":before"] = {"S": wanted.before}
    query = {"IndexName": index, "KeyConditionExpression": condition, "ExpressionAttributeValues": values}
    if filters:
        query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in filters)
        query["ExpressionAttributeNames"] = {f"#{name}": name for name in filters}
    return query


def _job(item: Mapping[str, Any]) -> Job:
    raw = json.loads(item["job"]["S"])
    return Job(**raw | {"work": Work(**raw["work"]), "steps": tuple(Step(**step) for step in raw["steps"])})
