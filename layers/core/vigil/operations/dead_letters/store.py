"""Dead-letter queues in SQS, and jobs in DynamoDB.

A job is one item: `pk = <tenant>#<key>`, the job as JSON, and index attributes. `by_tenant` and `by_age` list open and
resolved jobs apart, by time of failure or resolution. `by_due` is sparse and lists only jobs with a due step.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from vigil.aws.tables import Table
from vigil.errors import MalformedRequest, Unavailable, UnreadableMessage
from vigil.kernel.json_documents import loads
from vigil.kernel.tenants import OPERATORS
from vigil.operations.dead_letters.model import (
    UNREADABLE,
    DeadLetter,
    DeadLetterJob,
    JobFilter,
    JobPage,
    JobResolution,
    JobStep,
    Work,
)
from vigil.runtime import correlation
from vigil.workers.queues import Message, ReceivedMessage, SqsQueue

STREAM_BATCH = "decisions.stream"
_HIDDEN_SECONDS = 120
_MAX_STORED_CHARACTERS = 16_384
"""Maximum stored characters of an unreadable message; a job must fit into one item."""
_EVALUATED = 200
_MAX_READS = 10
"""Maximum reads per page, for filters that match few items."""


class SqsSource:
    """A queue and its dead-letter queue. Every method raises Unavailable.

    `read` parses messages that are not in Vigil's format.
    """

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

    def receive(self) -> Sequence[DeadLetter]:
        """Return up to ten letters and hide them from other receivers for two minutes. Empty if none was found."""
        return [parse_letter(received, self._read) for received in self._dead.receive(_HIDDEN_SECONDS)]

    def delete(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters from the dead-letter queue, because they are recorded."""
        self._dead.delete([each.handle for each in letters])

    def resend(self, work: Work) -> JobResolution | None:
        """Send the work to its queue. Return None, because its worker reports the result.

        The text of an unreadable message is parsed again and sent as new work; the result is then `sent_on`. Raises
        UnreadableMessage if it is still unreadable, and Unavailable.
        """
        if work.kind == UNREADABLE:
            raw = json.loads(work.body)
            if "body" not in raw:
                raise UnreadableMessage("The text of the message was reduced to its length. Send the message again.")
            self._queue.send(
                [replace(self._read(ReceivedMessage(work.id, raw["body"], raw["attributes"], {})), attempts=0)]
            )
            return "sent_on"
        self._queue.send([Message(**asdict(work))])
        return None


class StreamSource:
    """Dead letters of the ledger's stream. Every method raises Unavailable.

    Each letter names a batch of stream records. `replay` processes the batch again.
    """

    def __init__(self, name: str, dead: SqsQueue, replay: Callable[[str], None]) -> None:
        self.name = name
        self._dead = dead
        self._replay = replay

    def receive(self) -> Sequence[DeadLetter]:
        """Return up to ten letters and hide them from other receivers for two minutes. Empty if none was found."""
        return [parse_letter(received, parse_stream_failure) for received in self._dead.receive(_HIDDEN_SECONDS)]

    def delete(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters from the dead-letter queue, because they are recorded."""
        self._dead.delete([each.handle for each in letters])

    def resend(self, work: Work) -> JobResolution | None:
        """Process the stream batch now, and return `succeeded`.

        If `replay` raises Unavailable, a dead letter is sent first, which counts the attempt. Raises that error, and
        the other errors of `replay`.
        """
        try:
            self._replay(work.body)
        except Unavailable:
            self._dead.send([Message(**asdict(work))])
            raise
        return "succeeded"


def parse_stream_failure(received: ReceivedMessage) -> Message:
    """Return the work in Lambda's record of a failed stream batch, or in Vigil's format after a further failure.

    Record format: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    if "kind" in received.attributes:
        return received.message()
    try:
        parsed = loads(received.body)
        batch, request = parsed["DDBStreamBatchInfo"], parsed["requestContext"]["requestId"]
        first, last = batch["startSequenceNumber"], batch["endSequenceNumber"]
        place = {"stream": batch["streamArn"], "shard": batch["shardId"], "first": first, "last": last}
        return Message(f"{first}-{last}", STREAM_BATCH, OPERATORS, request, json.dumps(place))
    except (KeyError, TypeError, ValueError, MalformedRequest) as error:
        raise UnreadableMessage("The message is not a record of a failed stream batch.") from error


def parse_letter(received: ReceivedMessage, read: Callable[[ReceivedMessage], Message]) -> DeadLetter:
    """Return the letter of a received message. An unreadable message becomes work of its own kind for the operators."""
    marks = received.attributes
    try:
        message = read(received)
        work = Work(**{each.name: getattr(message, each.name) for each in fields(Work)})
        if not correlation.is_well_formed(work.correlation_id):  # a producer's text could name a person
            work = replace(work, correlation_id=received.id)
    except UnreadableMessage:
        parsed = json.dumps({"body": received.body[:_MAX_STORED_CHARACTERS], "attributes": dict(marks)})
        source_id = marks.get("source_id", received.id)
        trace = received.system.get("AWSTraceHeader")
        work = Work(source_id, UNREADABLE, OPERATORS, source_id, parsed, trace=trace)
    refusal = marks.get("reason", "refused") if marks.get("failure") == "permanent" else None
    return DeadLetter(work, received.handle, refusal, settled="settled" in marks)


class DynamoDeadLetterJobs:
    """Stored jobs of all tenants. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The table of dead letters")

    def get(self, tenant_id: str, key: str) -> DeadLetterJob | None:
        """Return the current version of a job, read consistently, or None if it does not exist."""
        item = self._table.get(_pk(tenant_id, key))
        return _job(item) if item else None

    def write(self, tenant_id: str, job: DeadLetterJob) -> bool:
        """Store a job in place of the version before its own, and return True.

        The first version is stored if its key has no job. Return False and store nothing if another version is stored.
        """
        condition = "version = :before OR attribute_not_exists(pk)" if job.version <= 1 else "version = :before"
        return self._table.write_if(
            "put_item",
            Item=_pk(tenant_id, job.key) | _attributes(job),
            ConditionExpression=condition,
            ExpressionAttributeValues={":before": {"N": str(job.version - 1)}},
        )

    def delete(self, tenant_id: str, job: DeadLetterJob) -> bool:
        """Delete a job and return True. Return False and delete nothing if another version is stored."""
        return self._table.write_if(
            "delete_item",
            Key=_pk(tenant_id, job.key),
            ConditionExpression="version = :version",
            ExpressionAttributeValues={":version": {"N": str(job.version)}},
        )

    def page(self, tenant_id: str | None, wanted: JobFilter, after: dict[str, str] | None, limit: int) -> JobPage:
        """Return a page of jobs, latest first, from the position `after` or from the start for None.

        `tenant_id` None selects the jobs of all tenants. A filter can make the page shorter than `limit`; only `next`
        shows if more pages follow. Changes of the last second can be missing.
        """
        query, found = _listing(tenant_id, wanted), list[Mapping[str, Any]]()
        position = {name: {"S": text} for name, text in after.items()} if after else None
        for _ in range(_MAX_READS):
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

    def count_open(self) -> Mapping[tuple[str, ...], int]:
        """Return the number of unresolved jobs of all tenants by queue and state. A pair without jobs is absent."""
        found = self._table.items(
            "query",
            IndexName="by_age",
            KeyConditionExpression="age_pk = :open",
            ProjectionExpression="#queue, #state",
            ExpressionAttributeNames={"#queue": "queue", "#state": "state"},
            ExpressionAttributeValues={":open": {"S": "open"}},
        )
        return Counter((item["queue"]["S"], item["state"]["S"]) for item in found)

    def due(self, queue: str, now: str, limit: int) -> Sequence[DeadLetterJob]:
        """Return the due jobs of a queue, of all tenants, the longest overdue first, at most `limit`.

        A job is due if its `due_at` is not after the timestamp `now`. Changes of the last second can be missing.
        """
        return [_job(item) for item in self._table.due_items(queue, now, limit)]


def _pk(tenant_id: str, key: str) -> dict[str, Any]:
    return {"pk": {"S": f"{tenant_id}#{key}"}}


def _attributes(job: DeadLetterJob) -> dict[str, Any]:
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


def _listing(tenant_id: str | None, wanted: JobFilter) -> dict[str, Any]:
    """Return the query of a list. The index selects open or resolved jobs and their age, a filter the rest."""
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


def _job(item: Mapping[str, Any]) -> DeadLetterJob:
    raw = json.loads(item["job"]["S"])
    return DeadLetterJob(
        **raw | {"work": Work(**raw["work"]), "steps": tuple(JobStep(**step) for step in raw["steps"])}
    )
