"""From a file to its results: every row once, however often and in whatever order messages come."""

import gzip
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.fakes.batches import FakeBooks, FakeFiles, FakeHolds, FakeOutbox, FakeQuota
from tests.fakes.clock import Clock
from tests.fakes.scoring import FakeModels, ToyModel, VisitCount
from vigil.batches import longfile, results, splits
from vigil.batches.assembly import Assembly, Place
from vigil.batches.charges import Charges
from vigil.batches.chunks import Chunks
from vigil.batches.model import LANES, MOST_UNFINISHED, Span, Terms
from vigil.batches.service import UPLOAD_WAITED, Batches, Order
from vigil.batches.splits import Splits
from vigil.budgets.stops.model import HardStop
from vigil.errors import Conflict, IdempotencyKeyReused, InvalidInput, ModelRefused, NotFound, Unavailable
from vigil.scoring import writing
from vigil.scoring.bulk import Bulk

GOOD = {"age": 40, "visits": 1, "urban": True, "stage": "II"}


def document(n, features=GOOD):
    return json.dumps({"subject_id": f"p-{n}", "features": features}).encode() + b"\n"


class Several(ToyModel):
    """A model of several engines, whose chunks are small."""

    def lone(self):
        return None


class Registry(FakeModels):
    def pinned(self, name, version, digest):
        if self.failure:
            raise self.failure
        return self.history[name, version]


def scorer(model, batch):
    render = results.cells if batch.form == "csv" else writing.members
    return Bulk(model, VisitCount, datetime.fromisoformat(batch.created_at), (), render)


class World:
    def __init__(self):
        self.books, self.files, self.outbox, self.clock = FakeBooks(), FakeFiles(), FakeOutbox(), Clock()
        self.models = Registry({"toy": Several()})
        self.left, self.limit, self.quota, self.withdrawn = 1000.0, None, FakeQuota(), set()
        self.hard_stop, self.holds = None, FakeHolds()
        charges = Charges(self.quota, self.holds)
        self.batches = Batches(self.books, self.files, lambda: ["toy"], self.clock, timedelta(hours=24), charges)
        terms = lambda _: Terms(withdrawn=self.withdrawn)  # noqa: E731
        self.splits = Splits(self.books, self.files, self.outbox, self.models, terms, charges, self.clock)
        self.chunks = Chunks(self.books, self.files, self.outbox, self.models, scorer, self.clock)
        self.assembly = Assembly(self.books, self.files, self.outbox, charges, self.clock)

    def order(self, form="ndjson", key=None, rows=None, tenant="acme"):
        order = Order("toy", form, rows, f"{form}{rows}", "correlated", self.limit, self.hard_stop)
        return self.batches.create(tenant, order, key)[0]

    def upload(self, content, form="ndjson"):
        batch = self.order(form)
        self.files.put(batch.upload, content, {})
        self.arrive(batch)
        return batch

    def arrive(self, batch, version="1"):
        now = self.books.get(batch.tenant_id, batch.batch_id)
        size = len(self.files.objects[batch.upload][int(version) - 1])
        self.splits.arrive(now, version, size, lambda: self.left)

    def do(self, job):
        batch = self.books.get(job.tenant_id, job.batch_id)
        details = dict(job.details)
        if job.kind == "batch.chunk":
            self.chunks.score(job.tenant_id, job.batch_id, details["index"])
        elif job.kind == "batch.split":
            span = Span(**{name: details[name] for name in Span.__slots__})
            self.splits.go_on(batch, details["run"], span, lambda: self.left)
        else:
            place = Place(**{name: details[name] for name in Place.__slots__ if name in details})
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
        return [json.loads(line) for line in self.files.objects[batch.output("errors")][-1].decode().splitlines()]


ROWS = 50
"""Of a chunk, in these tests."""


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(splits, "SLOW_CHUNK_ROWS", ROWS)
    return World()


def test_rows_sent_along_come_out_in_their_order_with_the_bad_ones_named(world):
    rows = [json.loads(document(n)) for n in range(5)]
    rows[3]["features"] = {"age": "forty"}
    batch = world.order(rows=rows)
    world.arrive(batch)
    world.run()
    lines = [json.loads(line) for line in world.results(batch)]
    assert [line["row"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line.get("decision") for line in lines] == ["call", "call", "call", None, "call"]
    assert lines[3]["errors"] == [{"field": "features.age", "message": "must be a number", "bound": "number"}]
    assert world.errors(batch) == [lines[3]]
    status = world.batches.get("acme", batch.batch_id)
    assert (status.batch.state, status.progress.done, status.progress.failed) == ("completed_with_errors", 5, 1)
    assert world.files.about[batch.output("results")]["correlation-id"] == "correlated"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_of_csv_comes_out_as_csv(world, pack):
    content = b"\xef\xbb\xbfage,subject_id,stage\r\n40,p-1,II\r\n,p-2,\r\nx,p-3,I\r\n"
    batch = world.upload(pack(content), "csv")
    world.run()
    head, *lines = [line.split(",") for line in world.results(batch)]
    assert [line[head.index("subject_id")] for line in lines] == ["p-1", "", ""]
    assert [line[head.index("error_field")] for line in lines] == ["", "features.age", "features.age"]


def test_the_same_rows_always_give_the_same_bytes(world):
    content = b"".join(document(n) for n in range(3))
    one, other = (world.upload(content) for _ in range(2))
    world.run()
    assert world.results(one) == world.results(other)


@pytest.mark.parametrize(
    ("content", "form", "reason"),
    [
        (b"a\n", "csv", "header"),
        (b"", "ndjson", "is empty"),
        (b"\n\r\n", "ndjson", "holds no rows"),
        (b"subject_id,age\n", "csv", "holds no rows"),
        (b"PK\x03\x04", "csv", "a workbook"),
        (gzip.compress(bytes(300 << 20), mtime=0), "csv", "unpacks to too much"),
        (gzip.compress(b"x" * 99, mtime=0)[:-5], "ndjson", "broken gzip"),
    ],
)
def test_a_file_that_cannot_be_read_ends_its_batch_with_the_reason(world, content, form, reason):
    batch = world.upload(content, form)
    ended = world.books.get("acme", batch.batch_id)
    assert (ended.state, world.outbox.sent, world.books.unfinished("acme")) == ("failed", [], [])
    assert reason in ended.reason


def big(world, chunks=10):
    return world.upload(b"".join(document(n) for n in range(ROWS * chunks - 5)))


def test_a_batch_has_never_more_than_its_lanes_in_flight(world):
    batch = big(world)
    most = 0
    while world.outbox.jobs:
        most = max(most, len(world.outbox.jobs))
        world.do(world.outbox.jobs.popleft())
    assert most == LANES
    assert world.state(batch) == "completed"
    assert len(world.results(batch)) == ROWS * 10 - 5


@pytest.mark.parametrize("seed", range(5))
def test_chunks_count_once_whatever_is_delivered_twice_late_or_cut_off(world, seed):
    draws = random.Random(seed)
    batch = big(world)
    delivered = 0
    while world.outbox.jobs:
        world.outbox.jobs.rotate(draws.randrange(len(world.outbox.jobs)))
        job = world.outbox.jobs.popleft()
        sent = len(world.outbox.sent)
        world.do(job)
        delivered += 1
        if draws.random() < 0.3:  # the worker died before it sent anything on; its message comes again
            for _ in range(len(world.outbox.sent) - sent):
                world.outbox.jobs.pop()
            world.outbox.jobs.append(job)
        elif draws.random() < 0.3:
            world.outbox.jobs.append(job)
    assert world.state(batch) == "completed"
    assert Counter(world.books.settled) == {("done", n): 1 for n in range(10)}
    assert [json.loads(line)["row"] for line in world.results(batch)] == list(range(1, ROWS * 10 - 4))
    assert delivered < 60  # duplicates do not breed


def test_a_chunk_that_was_given_up_is_named_and_its_lane_goes_on(world):
    batch = big(world)
    lost = 1
    while world.outbox.jobs:
        job = world.outbox.jobs.popleft()
        if job.details.get("index") == lost:
            world.chunks.give_up(job.tenant_id, job.batch_id, lost, "poison")
            again = job
        else:
            world.do(job)
    status = world.batches.get("acme", batch.batch_id)
    rows = (ROWS + 1, 2 * ROWS)
    assert (status.batch.state, status.progress.lost) == ("completed_with_errors", (rows,))
    lines = [json.loads(line) for line in world.results(batch)]
    assert [line["row"] for line in lines] == list(range(1, status.batch.rows + 1))
    assert {line["row"] for line in lines if "errors" in line} == set(range(rows[0], rows[1] + 1))
    assert {line["row"] for line in world.errors(batch)} == set(range(rows[0], rows[1] + 1))

    world.do(again)  # somebody retries it
    world.run()
    status = world.batches.get("acme", batch.batch_id)
    assert (status.batch.state, status.progress.lost, status.progress.failed) == ("completed", (), 0)
    assert not [line for line in world.results(batch) if "errors" in line]


def test_giving_up_what_is_done_changes_nothing(world):
    batch = big(world)
    world.run()
    world.chunks.give_up("acme", batch.batch_id, 1, "late")
    assert world.batches.get("acme", batch.batch_id).progress.lost == ()
    assert not world.outbox.jobs


def test_a_split_that_runs_out_of_time_goes_on_by_message(world, monkeypatch):
    monkeypatch.setattr(splits, "ENTERED", 2)
    world.left = 1.0
    batch = big(world)
    assert [job.kind for job in world.outbox.jobs] == ["batch.split"]
    world.run()
    assert world.state(batch) == "completed"
    assert len({job for job in world.outbox.sent if ".split." in job}) == 5


def test_an_assembly_that_runs_out_of_time_goes_on_by_message(world, monkeypatch):
    monkeypatch.setattr(longfile, "PART", 1 << 12)
    monkeypatch.setattr(FakeFiles, "finish", finish_small)
    world.left = 1.0
    batch = big(world)
    world.run()
    assert world.state(batch) == "completed"
    assert len(world.results(batch)) == ROWS * 10 - 5
    assert len([job for job in world.outbox.sent if ".assembly." in job]) > 5


def finish_small(self, key, upload):
    parts = self.uploads.pop(upload)
    self.put(key, b"".join(content for _, content in sorted(parts.items())), self.about[key])


def test_an_older_split_cannot_enter_chunks(world):
    batch = big(world)
    now = world.books.get("acme", batch.batch_id)
    assert not world.books.write(replace(now, run="older"), [Span(0, 0, 1, 1, 1)])
    world.books.batches["acme", batch.batch_id] = replace(now, state="splitting", run="newer")
    world.splits.go_on(replace(now, state="splitting"), now.run, Span(0, 0, 0, 1, 0), lambda: 100)
    assert world.state(batch) == "splitting"


def test_a_split_whose_worker_died_begins_again(world):
    batch = big(world)
    finished = world.books.get("acme", batch.batch_id)
    world.outbox.jobs.clear()
    world.books.batches["acme", batch.batch_id] = replace(finished, state="splitting", chunks=0, rows=0)
    world.arrive(batch)
    world.run()
    assert world.state(batch) == "completed"


def test_a_split_that_died_before_it_started_the_lanes_starts_them_when_it_comes_again(world):
    batch = big(world)
    world.outbox.jobs.clear()
    world.arrive(batch)
    world.run()
    assert world.state(batch) == "completed"


def test_a_second_upload_is_not_looked_at(world):
    batch = big(world)
    world.files.put(batch.upload, b"other", {})
    world.arrive(batch, "2")
    world.run()
    assert len(world.results(batch)) == ROWS * 10 - 5


def test_a_cancelled_batch_begins_no_further_chunk(world):
    batch = big(world)
    world.do(world.outbox.jobs.popleft())
    assert world.batches.cancel("acme", batch.batch_id).state == "cancelled"
    world.run()
    assert (world.state(batch), len(world.books.settled)) == ("cancelled", 1)
    assert world.batches.cancel("acme", batch.batch_id).state == "cancelled"
    with pytest.raises(Conflict, match="no results"):
        world.batches.output_url("acme", batch.batch_id, "results")


def test_what_has_ended_cannot_be_cancelled(world):
    batch = big(world, 1)
    world.run()
    with pytest.raises(Conflict, match="has ended: completed"):
        world.batches.cancel("acme", batch.batch_id)


def test_a_batch_keeps_its_model_when_another_is_promoted(world):
    batch = big(world)
    world.models.promote(version=2)
    world.run()
    assert {json.loads(line)["model"]["version"] for line in world.results(batch)} == {1}


@pytest.mark.parametrize("failure", [Unavailable("away"), ModelRefused("expired", "ran out")])
def test_a_chunk_whose_model_is_away_is_not_settled(world, failure):
    batch = big(world)
    world.models.failure = failure
    with pytest.raises(type(failure)):
        world.do(world.outbox.jobs[0])
    assert world.books.settled == []
    assert world.state(batch) == "running"


def test_a_file_that_changed_under_the_work_is_noticed(world):
    batch = big(world)
    world.books.batches["acme", batch.batch_id] = replace(world.books.get("acme", batch.batch_id), source_version="2")
    world.files.put(batch.upload, b"{}\n", {})
    with pytest.raises(InvalidInput, match="is not what was split"):
        world.do(world.outbox.jobs[0])
    assert world.books.settled == []


def test_a_file_is_read_in_ranges(world):
    world.upload(b"".join(document(n) for n in range(100_000)))
    assert world.files.longest_read <= splits.RANGE


def test_the_same_key_and_order_is_one_batch(world):
    one = world.order(rows=[{}], key="k")
    again, replayed = world.batches.create("acme", Order("toy", "ndjson", [{}], "ndjson[{}]", "other"), "k")
    assert (again.batch_id, replayed) == (one.batch_id, True)
    with pytest.raises(IdempotencyKeyReused):
        world.order(rows=[{"a": 1}], key="k")
    assert world.order(rows=[{}], key="k", tenant="globex").batch_id != one.batch_id
    world.clock.advance(hours=25)
    assert world.order(rows=[{}], key="k").batch_id != one.batch_id


def test_a_model_that_is_not_there_is_refused_before_anything_is_written(world):
    with pytest.raises(InvalidInput, match="model"):
        world.batches.create("acme", Order("nothing", "csv", None, "f", "c"))
    assert not world.books.batches


def test_unfinished_batches_are_bounded_and_those_without_a_file_end_by_themselves(world):
    batches = [world.order() for _ in range(MOST_UNFINISHED)]
    with pytest.raises(Conflict):
        world.order()
    world.order(tenant="globex")
    world.batches.cancel("acme", batches[0].batch_id)
    world.order()
    world.clock.advance(seconds=UPLOAD_WAITED.total_seconds() + 1)
    world.order()
    assert len(world.books.unfinished("acme")) == 1
    assert world.batches.get("acme", batches[1].batch_id).batch.state == "failed"


def test_another_tenant_sees_nothing(world):
    batch = world.order()
    for ask in (world.batches.get, world.batches.cancel):
        with pytest.raises(NotFound):
            ask("globex", batch.batch_id)
    with pytest.raises(NotFound):
        world.batches.output_url("globex", batch.batch_id, "results")
    assert world.batches.page("globex", None, 10).batches == ()


def test_progress_tells_rate_and_time_left(world):
    batch = big(world)
    world.clock.advance(seconds=10)
    world.do(world.outbox.jobs.popleft())
    status = world.batches.get("acme", batch.batch_id)
    assert status.rate == pytest.approx(ROWS / 10)
    assert status.seconds_left == pytest.approx((status.batch.rows - ROWS) / status.rate)


def test_a_limited_tenant_pays_for_the_rows_that_were_scored(world):
    world.limit = 100
    batch = world.upload(b"".join(document(n, GOOD if n % 4 else {"age": "old"}) for n in range(80)))
    assert world.quota.used["acme"] == 80
    world.run()
    assert (world.state(batch), world.quota.used["acme"]) == ("completed_with_errors", 60)


def test_under_a_hard_stop_a_batch_costs_the_rows_that_were_scored(world):
    world.hard_stop = HardStop(1_000, inference_month=80_000)
    batch = world.upload(b"".join(document(n, GOOD if n % 4 else {"age": "old"}) for n in range(80)))
    assert world.holds.used["acme"] == 80_000
    world.run()
    assert (world.state(batch), world.holds.used["acme"]) == ("completed_with_errors", 60_000)
    chunks = world.books.chunks(world.books.get("acme", batch.batch_id))
    assert sum(chunk.reserved_micros for chunk in chunks) == 60_000


def test_a_batch_that_costs_more_than_is_left_is_not_begun_and_gives_its_quota_back(world):
    world.limit, world.hard_stop = 1000, HardStop(1_000, total_day=79_999)
    batch = world.upload(b"".join(map(document, range(80))))
    assert (world.state(batch), world.quota.used["acme"], world.holds.used["acme"]) == ("failed", 0, 0)
    assert "total/day leaves 79999 micro-dollars" in world.books.get("acme", batch.batch_id).reason


def test_a_batch_of_more_rows_than_are_left_is_not_begun_and_takes_nothing(world):
    world.limit = 79
    batch = world.upload(b"".join(map(document, range(80))))
    assert (world.state(batch), world.quota.used["acme"], len(world.outbox.jobs)) == ("failed", 0, 0)
    assert "79 are left" in world.books.get("acme", batch.batch_id).reason


def test_a_cancelled_batch_gives_back_what_was_not_scored(world):
    world.limit = 1000
    batch = world.upload(b"".join(map(document, range(4 * ROWS))))
    world.do(world.outbox.jobs.popleft())
    for _ in range(2):
        world.batches.cancel("acme", batch.batch_id)
    assert world.quota.used["acme"] == ROWS


def test_rows_that_nobody_scored_are_given_back(world):
    world.limit = 1000
    batch = world.upload(b"".join(map(document, range(2 * ROWS))))
    world.outbox.jobs.popleft()
    world.chunks.give_up("acme", batch.batch_id, 0, "given up")
    world.run()
    assert (world.state(batch), world.quota.used["acme"]) == ("completed_with_errors", ROWS)
