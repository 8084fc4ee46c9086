"""What the queues of batches carry: from messages to work, and back."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from vigil.decisions.batches.assembly import Assembly, Place
from vigil.decisions.batches.chunks import Chunks
from vigil.decisions.batches.model import Batch, Job, JobKind, Span, owner
from vigil.decisions.batches.splits import Splits
from vigil.errors import FieldError, InvalidInput, NotFound, UnreadableMessage
from vigil.runtime import telemetry
from vigil.workers.queues import Message, ReceivedMessage, SqsQueue
from vigil.workers.worker_loop import Deadline

ARRIVAL = "batch.arrival"
KINDS = (ARRIVAL, *get_args(JobKind))
"""Every kind of message about a batch."""
Find = Callable[[str, str], Batch | None]


class Postbox:
    """Sends jobs to the queue of their kind."""

    def __init__(self, queues: Mapping[JobKind, SqsQueue]) -> None:
        self._queues = queues

    def send(self, jobs: Sequence[Job]) -> None:
        """Send jobs of one kind, at least once each."""
        for kind in dict.fromkeys(job.kind for job in jobs):
            self._queues[kind].send(message_of(job) for job in jobs if job.kind == kind)


class SplitWork:
    """The queue of files: arrivals as S3 tells of them through EventBridge, and splits that ran out of time."""

    def __init__(self, splits: Splits, find: Find) -> None:
        self._splits = splits
        self._find = find

    def read(self, received: ReceivedMessage) -> Message:
        """Return the message; an arrival becomes one under the correlation id of the request that began the batch.

        Raises Unreadable for what is neither, and for a file of no batch.
        """
        if "kind" in received.attributes:
            return received.message()
        try:
            told = json.loads(received.body)["detail"]["object"]
            tenant_id, batch_id = owner(told["key"])
            details = {"batch_id": batch_id, "version": str(told.get("version-id", "")), "size": int(told["size"])}
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableMessage("This is no file of a batch.") from error
        if (batch := self._find(tenant_id, batch_id)) is None:
            raise UnreadableMessage("This file is of no batch.")
        trace = received.system.get("AWSTraceHeader")
        name = f"{batch_id}.arrival.{details['version'] or 'only'}"
        return Message(name, ARRIVAL, tenant_id, batch.correlation_id, json.dumps(details), trace=trace)

    def do(self, message: Message, deadline: Deadline) -> None:
        """Split a file, or go on with it."""
        details, batch = _open(message, self._find)
        if message.kind == ARRIVAL:
            self._splits.arrive(batch, details["version"], details["size"], deadline.remaining)
            return
        span = Span(**{name: details[name] for name in Span.__slots__})
        self._splits.go_on(batch, details["run"], span, deadline.remaining)


class ChunkWork:
    """The queue of chunks."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def do(self, message: Message, _deadline: Deadline) -> None:
        """Score a chunk."""
        details = _details(message)
        facts = telemetry.current.get()
        done = self._chunks.score(message.tenant_id, details["batch_id"], details["index"])
        facts.records, facts.failed = (done.span.rows, done.failed) if done else (0, 0)


class AssemblyWork:
    """The queue of batches whose chunks are all at an end."""

    def __init__(self, assembly: Assembly, find: Find) -> None:
        self._assembly = assembly
        self._find = find

    def do(self, message: Message, deadline: Deadline) -> None:
        """Assemble a batch, or go on with it."""
        details, batch = _open(message, self._find)
        place = Place(**{name: details[name] for name in Place.__slots__ if name in details})
        self._assembly.assemble(batch, details.get("name", message.id.rsplit(".", 1)[-1]), place, deadline.remaining)


class GivenUp:
    """What becomes of a batch whose message was given up for good."""

    def __init__(self, chunks: Chunks, splits: Splits, find: Find) -> None:
        self._chunks = chunks
        self._splits = splits
        self._find = find

    def abandoned(self, message: Message) -> None:
        """Note that nobody will do this: its rows are lost, or its batch has failed, until somebody retries it."""
        details, batch = _open(message, self._find)
        if message.kind == "batch.chunk":
            self._chunks.give_up(message.tenant_id, details["batch_id"], details["index"], "given up")
        else:
            what = "put together" if message.kind == "batch.assembly" else "read"
            self._splits.fail(batch, InvalidInput(FieldError("file", f"could not be {what}: it was given up")))


def message_of(job: Job) -> Message:
    """Return the message that carries a job."""
    body = json.dumps({"batch_id": job.batch_id, **job.details}, separators=(",", ":"))
    return Message(job.id, job.kind, job.tenant_id, job.correlation_id, body)


def _details(message: Message) -> dict[str, Any]:
    details: dict[str, Any] = json.loads(message.body)
    telemetry.current.get().batch_id = details["batch_id"]
    return details


def _open(message: Message, find: Find) -> tuple[dict[str, Any], Batch]:
    details = _details(message)
    if (batch := find(message.tenant_id, details["batch_id"])) is None:
        raise NotFound("There is no such batch.")
    return details, batch
