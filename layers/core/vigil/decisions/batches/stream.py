"""Workers of the batch queues: convert messages to jobs and run them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from vigil.decisions.batches.arrivals import Arrival, FileArrivals, FindBatch
from vigil.decisions.batches.assembly import AssemblyCheckpoint, BatchAssembly
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.ending import has_objective, is_late
from vigil.decisions.batches.files_model import parse_upload_key
from vigil.decisions.batches.jobs_model import BatchJob, BatchJobKind
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.splits import FileSplitting
from vigil.errors import FieldError, InvalidInput, MalformedRequest, NotFound, UnreadableMessage
from vigil.kernel.json_documents import loads
from vigil.kernel.time import seconds_between
from vigil.runtime import correlation, telemetry
from vigil.workers.queues import Message, ReceivedMessage, SqsQueue
from vigil.workers.worker_loop import Deadline

ARRIVAL = "batch.arrival"
KINDS = get_args(BatchJobKind)
"""All kinds of messages about batches."""


class JobQueues:
    """Sends jobs to the queue of their kind."""

    def __init__(self, queues: Mapping[BatchJobKind, SqsQueue]) -> None:
        self._queues = queues

    def send(self, jobs: Sequence[BatchJob], delay_seconds: int = 0) -> None:
        """Send jobs at least once each; workers receive them after the delay."""
        for kind in dict.fromkeys(job.kind for job in jobs):
            self._queues[kind].send((to_message(job) for job in jobs if job.kind == kind), delay_seconds)


class ArrivalReader:
    """Reader of the queue of arrived files: S3 events by EventBridge, and Vigil's own messages."""

    def __init__(self, find: FindBatch) -> None:
        self._find = find

    def read(self, received: ReceivedMessage) -> Message:
        """Return the message of a job or of an S3 event for an uploaded file.

        The message of an uploaded file gets the correlation id of the request that created the batch.

        Raises UnreadableMessage for any other message.
        """
        if "kind" in received.attributes:
            return received.message()
        try:
            uploaded = loads(received.body)["detail"]["object"]
            tenant_id, batch_id = parse_upload_key(uploaded["key"])
            version, etag = (str(uploaded.get(name) or "") for name in ("version-id", "etag"))
            # An ETag is an MD5 of the file. Only an arrival without a version needs it.
            body = json.dumps(asdict(Arrival(batch_id, version, int(uploaded["size"]), "" if version else etag)))
            batch = self._find(tenant_id, batch_id)
            correlation_id = batch.correlation_id if batch else correlation.current.get()
            name = f"{batch_id}.arrival.{version or 'only'}"
            trace = received.system.get("AWSTraceHeader")
            return Message(name, ARRIVAL, tenant_id, correlation_id, body, trace=trace)
        except (ValueError, KeyError, TypeError, MalformedRequest) as error:
            raise UnreadableMessage("The message is not about a file of a batch.") from error


class SplitWorker:
    """Worker for arrived files and for splits that ran out of time."""

    def __init__(self, arrivals: FileArrivals, find: FindBatch) -> None:
        self._arrivals = arrivals
        self._find = find

    def do(self, message: Message, deadline: Deadline) -> None:
        """Start or continue to split a file."""
        if message.kind == ARRIVAL:
            details = _details(message)
            arrival = Arrival(**{name: details[name] for name in Arrival.__slots__ if name in details})
            self._arrivals.admit(message.tenant_id, arrival, message.correlation_id, deadline.remaining)
            return
        details, batch = _load(message, self._find)
        span = ChunkRange(**{name: details[name] for name in ChunkRange.__slots__})
        self._arrivals.resume(batch, details["run"], span, deadline.remaining)


class ChunkWorker:
    """Worker that scores chunks of active tenants."""

    def __init__(self, chunks: ChunkScoring, is_active: Callable[[str], bool]) -> None:
        self._chunks = chunks
        self._is_active = is_active

    def do(self, message: Message, deadline: Deadline) -> None:
        """Score the chunk that the message names and store its part; a repeated message has no further effect.

        No row of a tenant that is not active is scored. The worker of assemblies cancels the batch.
        """
        details = _details(message)
        facts = telemetry.current.get()
        if not self._is_active(message.tenant_id):
            self._chunks.request_cancellation(message.tenant_id, details["batch_id"], details["index"])
            return
        is_last = message.receives > 1 or message.attempts > 0
        name = (message.tenant_id, details["batch_id"], details["index"])
        done = self._chunks.score(*name, deadline.remaining, is_last)
        facts.records, facts.failed = (done.range.rows, done.failed) if done else (0, 0)
        telemetry.count("Predictions", facts.records - facts.failed)


class AssemblyWorker:
    """Worker that assembles batches after all chunks are settled, and cancels those of tenants that are not active."""

    def __init__(self, assembly: BatchAssembly, find: FindBatch, is_active: Callable[[str], bool]) -> None:
        self._assembly = assembly
        self._find = find
        self._is_active = is_active

    def do(self, message: Message, deadline: Deadline) -> None:
        """Start or continue to assemble a batch, or cancel it."""
        details, batch = _load(message, self._find)
        # A chunk that found the tenant inactive has ended its lane, also if the tenant is active again.
        if "cancel" in details or not self._is_active(message.tenant_id):
            self._assembly.cancel(batch)
            return
        checkpoint = AssemblyCheckpoint(
            **{name: details[name] for name in AssemblyCheckpoint.__slots__ if name in details}
        )
        name = details.get("name", message.id.rsplit(".", 1)[-1])
        if ended := self._assembly.assemble(batch, name, checkpoint, deadline.remaining):
            telemetry.current.get().seconds = seconds_between(ended.created_at, ended.ended_at)
            _count_end(ended, is_late=is_late(ended))


class AbandonedBatchWork:
    """Handler for batch work whose retries have ended."""

    def __init__(self, chunks: ChunkScoring, splits: FileSplitting, find: FindBatch) -> None:
        self._chunks = chunks
        self._splits = splits
        self._find = find

    def record_abandoned(self, message: Message) -> None:
        """Mark the rows of a chunk as lost, or fail the batch, until a user retries the work."""
        details, batch = _load(message, self._find)
        if message.kind == "batch.chunk":
            self._chunks.mark_lost(message.tenant_id, details["batch_id"], details["index"], "given up")
        else:
            action = "assembled" if message.kind == "batch.assembly" else "read"
            _count_end(batch, is_late=True)
            self._splits.fail_batch(batch, InvalidInput(FieldError("file", f"could not be {action} in any attempt")))


def to_message(job: BatchJob) -> Message:
    """Return the message that carries a job."""
    body = json.dumps({"batch_id": job.batch_id, **job.details}, separators=(",", ":"))
    return Message(job.id, job.kind, job.tenant_id, job.correlation_id, body)


def _details(message: Message) -> dict[str, Any]:
    details: dict[str, Any] = json.loads(message.body)
    telemetry.current.get().batch_id = details["batch_id"]
    return details


def _count_end(batch: Batch, *, is_late: bool) -> None:
    """Count the end of a batch for the objective of batches."""
    if has_objective(batch):
        telemetry.count("BatchesDone")
        telemetry.count("BatchesDoneLate", int(is_late))


def _load(message: Message, find: FindBatch) -> tuple[dict[str, Any], Batch]:
    details = _details(message)
    if (batch := find(message.tenant_id, details["batch_id"])) is None:
        raise NotFound("There is no such batch.")
    return details, batch
