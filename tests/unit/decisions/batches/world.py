"""Batches end to end over fakes."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from tests.support.fakes.batches import FakeBatchStore, FakeFiles, FakeHolds, FakeOutbox, FakeQuota
from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import FakeModels, ToyModel, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from vigil.bootstrap.decisions import count_rows
from vigil.decisions.batches import fast_rows, results
from vigil.decisions.batches.arrivals import FileArrivals
from vigil.decisions.batches.assembly import AssemblyCheckpoint, BatchAssembly
from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.model import BatchTerms
from vigil.decisions.batches.ports import BatchPorts
from vigil.decisions.batches.row_errors import ConcealingScorer, KnownNames
from vigil.decisions.batches.service import Batches, BatchOrder, BatchTimes
from vigil.decisions.batches.splits import FileSplitting
from vigil.decisions.scoring import serialize
from vigil.decisions.scoring.batch_scorer import BatchScorer

GOOD = {"age": 40, "visits": 1, "urban": True, "stage": "II"}


def document(n, features=GOOD):
    return json.dumps({"subject_id": f"p-{n}", "features": features}).encode() + b"\n"


class Several(ToyModel):
    """A model with several engines and small chunks."""

    def only_engine(self):
        return None


class Registry(FakeModels):
    def pinned(self, name, version, digest):
        if self.failure:
            raise self.failure
        return self.history[name, version]


def scorer(model, batch):
    render = results.answer_cells if batch.form == "csv" else serialize.result_members
    rows = BatchScorer(model, VisitCount, datetime.fromisoformat(batch.created_at), (), render)
    return ConcealingScorer(rows, KnownNames(model.contract, {}))


class World:
    def __init__(self, quota=None, outbox=None, clock=None):
        self.books, self.files = FakeBatchStore(), FakeFiles()
        self.published = []
        self.outbox, self.clock = outbox or FakeOutbox(), clock or Clock()
        self.models = Registry({"toy": Several()})
        self.left, self.limit, self.quota, self.withdrawn = 1000.0, None, quota or FakeQuota(), set()
        self.hard_stop, self.holds = None, FakeHolds()
        charges = BatchCharges(self.quota, self.holds)
        self.stored, self.storage = {}, None
        held = lambda tenant: self.stored.get(tenant, 0)  # noqa: E731
        times = BatchTimes(self.clock, timedelta(hours=24), timedelta(hours=1))
        self.batches = Batches(self.books, self.files, lambda: ["toy"], times, charges, held, keys=tenant_key)
        terms = lambda _: BatchTerms(withdrawn=self.withdrawn)  # noqa: E731
        ports = self.ports = BatchPorts(self.books, self.files, self.outbox, self.clock, self.published.append)
        self.splits = FileSplitting(ports, self.models, terms, charges)
        self.active = {"acme"}
        self.arrivals = FileArrivals(
            self.books.get, self.files, self.outbox.send, self.splits, lambda tenant: tenant in self.active
        )
        self.chunks = ChunkScoring(ports, self.models, scorer, fast_rows.build_fast_reader, tenant_key, count_rows)
        self.assembly = BatchAssembly(ports, charges)

    def order(self, form="ndjson", key=None, rows=None, tenant="acme", **terms):
        order = BatchOrder(
            "toy", form, rows, (f"{form}{rows}",), "correlated", self.limit, self.hard_stop, self.storage
        )
        order = replace(order, **terms)
        return self.batches.create(tenant, order, key)[0]

    def upload(self, content, form="ndjson", **terms):
        batch = self.order(form, **terms)
        self.files.put(batch.upload_key, content, {})
        self.arrive(batch)
        return batch

    def arrive(self, batch, version="1"):
        now = self.books.get(batch.tenant_id, batch.batch_id)
        size = len(self.files.objects[batch.upload_key][int(version) - 1])
        self.splits.start(now, version, size, lambda: self.left)

    def do(self, job):
        batch = self.books.get(job.tenant_id, job.batch_id)
        details = dict(job.details)
        if job.kind == "batch.chunk":
            self.chunks.score(job.tenant_id, job.batch_id, details["index"], lambda: 60.0, is_last=False)
        elif job.kind == "batch.split":
            span = ChunkRange(**{name: details[name] for name in ChunkRange.__slots__})
            self.splits.resume(batch, details["run"], span, lambda: self.left)
        else:
            place = AssemblyCheckpoint(
                **{name: details[name] for name in AssemblyCheckpoint.__slots__ if name in details}
            )
            self.assembly.assemble(batch, details.get("name", "first"), place, lambda: self.left)

    def run(self):
        while self.outbox.jobs:
            self.do(self.outbox.jobs.popleft())

    def state(self, batch):
        return self.books.get(batch.tenant_id, batch.batch_id).state

    def results(self, batch):
        (key,) = (key for key in self.files.objects if key.startswith(f"results/acme/{batch.batch_id}/results"))
        return self.files.objects[key][-1].decode().splitlines()

    def errors(self, batch):
        return [json.loads(line) for line in self.files.objects[batch.output_key("errors")][-1].decode().splitlines()]


ROWS = 50
"""Rows per chunk in these tests."""


def big(world, chunks=10):
    return world.upload(b"".join(document(n) for n in range(ROWS * chunks - 5)))
