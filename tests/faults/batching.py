"""Simulated batch processing: the code behind the API on real tables and files, virtual queues and a virtual clock."""

import io
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from botocore.exceptions import BotoCoreError, ClientError

from tests.faults.dead_letter_jobs import all_jobs
from tests.support.fakes.clock import Clock
from tests.support.fakes.events import FakeBus
from tests.support.fakes.scoring import ToyModel, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.faultbed.bed import Bed
from tests.support.faultbed.event_source import EventSource
from tests.support.faultbed.faults import Crash
from tests.support.faultbed.history import Count, Effect, Input
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import Plan, inject
from tests.support.faultbed.virtual_queues import VirtualQueues
from tests.support.gateway import Context
from vigil.access.quota.service import MonthlyQuota
from vigil.access.quota.store import DynamoMonthlyQuota
from vigil.bootstrap.decisions import count_rows
from vigil.decisions.batches import fast_rows, results
from vigil.decisions.batches.arrivals import FileArrivals
from vigil.decisions.batches.assembly import AssemblyCheckpoint, BatchAssembly
from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.model import BatchTerms
from vigil.decisions.batches.object_store import S3Files
from vigil.decisions.batches.ports import BatchPorts
from vigil.decisions.batches.service import Batches, BatchOrder, BatchTimes
from vigil.decisions.batches.splits import FileSplitting
from vigil.decisions.batches.store import DynamoBatches
from vigil.decisions.batches.stream import (
    AbandonedBatchWork,
    ArrivalReader,
    AssemblyWorker,
    ChunkWorker,
    JobQueues,
    SplitWorker,
)
from vigil.decisions.scoring import serialize
from vigil.decisions.scoring.batch_scorer import BatchScorer
from vigil.errors import VigilError
from vigil.kernel.money import SpendLimit
from vigil.money.budgets.hard_limits_store import DynamoHardLimits
from vigil.operations.dead_letters.model import RetryRules
from vigil.operations.dead_letters.notification import ParkedWorkNotifier
from vigil.operations.dead_letters.redrive import Redriver
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs, SqsSource
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import Message, SqsQueue
from vigil.workers.worker_loop import Worker

ROWS_OF_A_CHUNK = 3
LIMIT = 1_000
STOP = SpendLimit(1_000, total_month=10**9)
RULES = RetryRules(base_delay=timedelta(minutes=1), max_attempts=4)


class SmallChunks(DynamoBatches):
    """Batch store with small chunks."""

    def change(self, batch, states, values, run=None):
        small = {"chunk_rows": ROWS_OF_A_CHUNK} if "chunk_rows" in values else {}
        return super().change(batch, states, {**values, **small}, run)


class OneModel:
    """Model source that always returns the toy model."""

    def champion(self, name):
        return ToyModel()

    def pinned(self, name, version, digest):
        return ToyModel()


def scorer(model, batch):
    """Return the scorer that the deployment uses."""
    render = results.answer_cells if batch.form == "csv" else serialize.result_members
    return BatchScorer(model, VisitCount, datetime.fromisoformat(batch.created_at), (), render)


@dataclass
class World:
    """Tenants, splits, workers, assemblies and redrivers of batches. The plan decides when each of them crashes."""

    bed: Bed
    seed: int
    plan: Plan
    chunks: type[ChunkScoring] = ChunkScoring
    splits: type[FileSplitting] = FileSplitting
    books: type[DynamoBatches] = SmallChunks
    duplicates: float = 0.1
    hours: int = 2
    orders: dict[str, tuple[str, BatchOrder]] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.random, self.clock, self.turns = Random(self.seed), Clock(), Interleaving(self.seed)
        self.queues = VirtualQueues(self.bed, self.clock, self.seed, self.duplicates)
        self.table, self.bucket = self.bed.table("Batches"), self.bed.bucket()
        self._told, self._s3 = set(), self.bed.client("s3")
        dynamodb, s3 = self._faulty(self.bed.client("dynamodb")), self._faulty(self.bed.client("s3"))
        self._sqs = self._faulty(self.queues.client())
        self._books, files = self.books(dynamodb, self.table), S3Files(s3, self.bucket)
        self._unhurt = DynamoBatches(self.bed.client("dynamodb"), self.table)
        letters = self.bed.table("DeadLetters")
        self._jobs, self._unhurt_jobs = (
            DynamoDeadLetterJobs(client, letters) for client in (dynamodb, self.bed.client("dynamodb"))
        )
        self.usage = self.bed.table("Usage")
        quota = MonthlyQuota(DynamoMonthlyQuota(dynamodb, self.usage, self.clock), self.clock)
        charges = BatchCharges(quota, DynamoHardLimits(dynamodb, self.usage, self.clock))
        times = BatchTimes(self.clock, timedelta(hours=24), timedelta(hours=1))
        self._batches = Batches(self._books, files, lambda: ["toy"], times, charges, lambda _: 0, keys=tenant_key)
        self._urls = {kind: self._queue(kind) for kind in ("batch.split", "batch.chunk", "batch.assembly")}
        outbox = JobQueues({kind: SqsQueue(self._sqs, url) for kind, url in self._urls.items()})
        ports = BatchPorts(self._books, files, outbox, self.clock, lambda _: None)
        chunks = self.chunks(ports, OneModel(), scorer, fast_rows.build_fast_reader, tenant_key, count_rows)
        splits = self.splits(ports, OneModel(), lambda _: BatchTerms(), charges)
        arrivals, reader = (
            FileArrivals(self._books.get, files, outbox.send, splits, lambda _: True),
            ArrivalReader(self._books.get),
        )
        splitting = SplitWorker(arrivals, self._books.get)
        self._chunks, self._assembly = chunks, BatchAssembly(ports, charges)
        assembly = AssemblyWorker(self._assembly, self._books.get, lambda _: True)
        self._sources = [
            self._serve("batch.split", splitting.do, reader.read),
            self._serve("batch.chunk", ChunkWorker(chunks, lambda _: True).do),
            self._serve("batch.assembly", assembly.do),
        ]
        given_up = AbandonedBatchWork(chunks, splits, self._books.get)
        self._owners = dict.fromkeys(
            ("batch.arrival", *self._urls), lambda work: given_up.record_abandoned(Message(**asdict(work)))
        )

    def order(self, number, rows):
        """Add an order for a batch. Every seventh row has an invalid age."""
        documents = [
            {"subject_id": f"p-{row}", "features": {"age": 200 if row % 7 == 6 else row}} for row in range(rows)
        ]
        order = BatchOrder("toy", "ndjson", documents, (f"f-{number}",), f"corr-{number}", LIMIT, STOP)
        self.orders[f"key-{number}"] = (f"tenant-{number % 2}", order)

    def live(self, actors=2, *others):
        """Advance the clock until the system is idle. Return True if every batch has ended."""
        for _ in range(self.hours * 60):
            self.clock.advance(minutes=1)
            for end in self.turns.run([self._ask, *[self._work] * actors, self._redrive, *others]):
                if isinstance(end, BaseException) and not isinstance(end, Crash):
                    raise end
            if self._still():
                return not any(batch.is_unfinished for batch in self._ended())
        return False

    def inputs(self):
        """Yield one input per row of every batch: its hash and the expected kind of line."""
        for key, (tenant, order) in self.orders.items():
            batch = self._unhurt.get(tenant, self.found[key])
            for number, row in enumerate(order.rows, 1):
                content = json.dumps(row, separators=(",", ":")).encode()
                end = "error" if row["features"]["age"] > 100 else "answer"
                yield Input(f"{key}/{number}", tenant, f"{batch.row_digests([content])[0]} {end}")

    def effects(self):
        """Yield one effect per line of every batch's results."""
        for key, batch in zip(self.found, self._ended(), strict=True):
            for place, line in enumerate(self._lines(batch, "results"), 1):
                end = "error" if "errors" in line else "answer"
                ordered = "" if line["row"] == place else " out of order"
                yield Effect(f"{key}/{line['row']}", batch.tenant_id, f"{line['input_hash']} {end}{ordered}")

    def counts(self):
        """Yield the counts of the store beside the counts of lines in the files."""
        for batch in self._ended():
            chunks = self._unhurt.chunks(batch)
            lines = [*self._lines(batch, "results")]
            yield Count(f"{batch.batch_id} rows", sum(chunk.scored + chunk.failed for chunk in chunks), len(lines))
            errors = [*self._lines(batch, "errors")]
            yield Count(f"{batch.batch_id} errors", sum(chunk.failed for chunk in chunks), len(errors))
        for tenant in ("tenant-0", "tenant-1"):
            yield Count(f"unfinished of {tenant}", len(self._unhurt.unfinished_ids(tenant)), 0)

    def metered(self):
        """Return one input per chunk and one effect each time a chunk became done."""
        images = [write["dynamodb"]["NewImage"] for write in self.bed.writes(self.table)]
        chunks = [image for image in images if image["sk"]["S"].startswith("CHUNK#")]
        names = {f"{image['pk']['S']} {image['sk']['S']}" for image in chunks}
        done = [f"{image['pk']['S']} {image['sk']['S']}" for image in chunks if image["state"]["S"] == "done"]
        return [Input(name, "") for name in sorted(names)], [Effect(name, "") for name in done]

    def mark_lost(self, chunk):
        """Mark a chunk of the first batch as failed and the batch as running, ready for assembly."""
        ended = self._ended()[0]
        batch = self._unhurt.change(ended, [ended.state], {"state": "running"})
        _, done = self._unhurt.find_chunk(batch.tenant_id, batch.batch_id, chunk)
        lost = replace(done, state="failed", scored=0, failed=ROWS_OF_A_CHUNK)
        assert self._unhurt.settle(batch, lost, "done")

    def assemble(self):
        self._assembly.assemble(self._ended()[0], "first", AssemblyCheckpoint(), lambda: 60.0)

    def score(self, chunk):
        batch = self._ended()[0]
        self._chunks.score(batch.tenant_id, batch.batch_id, chunk, lambda: 60.0, is_last=False)

    def meet(self, *actors):
        """Run some actors in turns."""
        for end in self.turns.run(actors):
            if isinstance(end, BaseException):
                raise end

    def stuck(self):
        """Return the unfinished batches, for the message of a failed test."""
        return [f"{batch.batch_id} {batch.state} {batch.chunks}" for batch in self._ended() if batch.is_unfinished]

    def _ask(self):
        """Create the batches that do not exist yet, as a client that retries after a missing answer."""
        for key, (tenant, order) in self.orders.items():
            if key not in self.found:
                try:
                    self.found[key] = self._batches.create(tenant, order, key)[0].batch_id
                except VigilError:
                    continue

    def _tell(self):
        """Send a message for every uploaded object, as EventBridge does."""
        for version in self._arrived():
            self._told.add(version["VersionId"])
            told = {"key": version["Key"], "version-id": version["VersionId"], "size": version["Size"]}
            entry = {"Id": "0", "MessageBody": json.dumps({"detail": {"object": told}})}
            self.queues.client().send_message_batch(QueueUrl=self._urls["batch.split"], Entries=[entry])

    def _arrived(self):
        """Return the uploads without a message."""
        listed = self._s3.list_object_versions(Bucket=self.bucket, Prefix="uploads/")
        return [version for version in listed.get("Versions", []) if version["VersionId"] not in self._told]

    def _work(self):
        self._tell()
        for _ in range(10):
            if not [events for _, _, events in self._sources if self._poll(events)]:
                return

    def _poll(self, events):
        try:
            return events.poll()[0]
        except (BotoCoreError, ClientError):  # Lambda polls again after an error
            return ["?"]

    def _redrive(self):
        sources = [source for _, source, _ in self._sources]
        notifier = ParkedWorkNotifier(self._owners, FakeBus())
        redriver = Redriver(sources, self._jobs, notifier, RULES, self.random, self.clock, lambda taken: None)
        redriver.run(lambda: 60.0)

    def _still(self):
        """Return True if no queue has a message and no dead-letter job is due for a retry."""
        waiting = sum(self.queues.waiting(url + end) for url in self._urls.values() for end in ("", "-dead"))
        if waiting or len(self.found) < len(self.orders) or self._arrived():
            return False
        return not any(job.state in {"waiting", "retrying"} or job.due_at for job in all_jobs(self._unhurt_jobs))

    def _queue(self, kind):
        self.queues.create(f"https://sqs/{kind}-dead")
        return self.queues.create(f"https://sqs/{kind}", f"https://sqs/{kind}-dead", 3)

    def _serve(self, kind, work, *read):
        dead = SqsQueue(self._sqs, f"{self._urls[kind]}-dead")
        worker = Worker(work, Telemetry("faults", io.StringIO()), dead, *read)
        source = SqsSource(kind, SqsQueue(self._sqs, self._urls[kind]), dead, *read)
        return kind, source, EventSource(self._sqs, self._urls[kind], worker.handle, LongContext(), batch=2)

    def _ended(self):
        """Return the current batches, in the order of `found`."""
        return [self._unhurt.get(self.orders[key][0], batch_id) for key, batch_id in self.found.items()]

    def _lines(self, batch, output):
        body = self._s3.get_object(Bucket=self.bucket, Key=batch.output_key(output))["Body"].read()
        return map(json.loads, body.decode().splitlines())

    def _faulty(self, client):
        return inject(client, self.plan, pause=self.turns.pause)


class LongContext(Context):
    """Lambda context with 60 seconds left."""

    def get_remaining_time_in_millis(self):
        return 60_000
