"""A batch is charged for exactly its scored rows, whenever it ends and despite crashes."""

import pytest

from tests.support.fakes.batches import FakeQuota
from tests.unit.decisions.batches.world import GOOD, ROWS, World, document
from vigil.decisions.batches import splits
from vigil.errors import Conflict
from vigil.kernel.money import SpendLimit


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(splits, "SLOW_CHUNK_ROWS", ROWS)
    return World()


def test_lost_rows_that_are_scored_later_are_free(world):
    world.limit, world.hard_stop = 1000, SpendLimit(1_000, total_month=10**9)
    batch = world.upload(b"".join(map(document, range(2 * ROWS))))
    late = world.outbox.jobs.popleft()
    world.chunks.mark_lost("acme", batch.batch_id, 0, "given up")
    world.run()
    world.do(late)
    world.run()
    assert (world.state(batch), world.quota.used["acme"]) == ("completed", ROWS)
    chunks = world.books.chunks(world.books.get("acme", batch.batch_id))
    assert [(chunk.scored, chunk.charged) for chunk in chunks] == [(ROWS, 0), (ROWS, ROWS)]
    assert world.holds.used["acme"] == sum(chunk.reserved_micros for chunk in chunks) == ROWS * 1_000


class CancelledMeanwhile(FakeQuota):
    """A quota whose batch is cancelled before the first reservation; optionally the worker crashes after it."""

    def __init__(self, dies):
        super().__init__()
        self.cancel, self.dies = None, dies

    def reserve(self, *asked):
        self.cancel()
        answer = super().reserve(*asked)
        if self.dies:
            self.dies = False
            raise Died
        return answer


class Died(Exception):
    """The worker crashed before any other step."""


@pytest.mark.parametrize("dies", [True, False])
def test_a_batch_cancelled_before_its_reservation_releases_it(monkeypatch, dies):
    monkeypatch.setattr(splits, "SLOW_CHUNK_ROWS", ROWS)
    quota = CancelledMeanwhile(dies)
    world = World(quota)
    world.limit = 1000
    batch = world.order()
    quota.cancel = lambda: world.batches.cancel("acme", batch.batch_id)
    world.files.put(batch.upload_key, b"".join(map(document, range(2 * ROWS))), {})
    if dies:
        with pytest.raises(Died):
            world.arrive(batch)
        assert quota.used["acme"] == 2 * ROWS
    world.arrive(batch)  # its message is delivered again
    assert (world.state(batch), quota.used["acme"], len(world.outbox.jobs)) == ("cancelled", 0, 0)


def test_an_overtaken_split_releases_its_reservation_after_the_end(world, monkeypatch):
    monkeypatch.setattr(splits, "CHUNKS_PER_WRITE", 1)
    world.limit, world.left = 1000, 0.0
    batch = world.upload(b"".join(map(document, range(2 * ROWS))))
    older = world.outbox.jobs.popleft()
    world.arrive(batch)  # another run starts
    world.batches.cancel("acme", batch.batch_id)
    world.quota.reserve("acme", batch.batch_id, 2 * ROWS, 1000)  # the older run reached this step and crashed
    world.do(older)
    assert world.quota.used["acme"] == 0


def test_a_chunk_of_a_cancelled_batch_is_neither_settled_nor_charged(world):
    world.limit = 1000
    batch = world.upload(b"".join(map(document, range(2 * ROWS))))
    job = world.outbox.jobs.popleft()
    before = world.books.find_chunk

    def find(*asked):
        found = before(*asked)
        world.books.find_chunk = before
        world.batches.cancel("acme", batch.batch_id)
        return found

    world.books.find_chunk = find
    with pytest.raises(Conflict):
        world.do(job)
    world.do(job)  # its message is delivered again
    assert (world.state(batch), world.books.settled, world.quota.used["acme"]) == ("cancelled", [], 0)


def test_under_a_spend_limit_a_batch_costs_its_scored_rows(world):
    world.hard_stop = SpendLimit(1_000, inference_month=80_000)
    batch = world.upload(b"".join(document(n, GOOD if n % 4 else {"age": "old"}) for n in range(80)))
    assert world.holds.used["acme"] == 80_000
    world.run()
    assert (world.state(batch), world.holds.used["acme"]) == ("completed_with_errors", 60_000)
    chunks = world.books.chunks(world.books.get("acme", batch.batch_id))
    assert sum(chunk.reserved_micros for chunk in chunks) == 60_000


def test_a_batch_over_the_budget_fails_and_releases_its_quota(world):
    world.limit, world.hard_stop = 1000, SpendLimit(1_000, total_day=79_999)
    batch = world.upload(b"".join(map(document, range(80))))
    assert (world.state(batch), world.quota.used["acme"], world.holds.used["acme"]) == ("failed", 0, 0)
    assert "total/day leaves 79999 micro-dollars" in world.books.get("acme", batch.batch_id).reason


def test_rows_answered_in_a_later_month_count_in_the_batchs_month(world):
    world.limit = 1000
    batch = world.upload(b"".join(map(document, range(2 * ROWS))))
    assert batch.created_at.startswith("2026-03-01")
    world.do(world.outbox.jobs.popleft())
    world.clock.advance(days=31)
    world.run()
    chunks = world.books.chunks(world.books.get("acme", batch.batch_id))
    assert [chunk.settled_at for chunk in chunks] == ["2026-03-01T12:00:00.000000Z", "2026-03-31T23:59:59.999999Z"]


def test_lost_rows_scored_in_a_later_month_count_in_that_month(world):
    world.limit = 1000
    batch = world.upload(b"".join(map(document, range(2 * ROWS))))
    late = world.outbox.jobs.popleft()
    world.chunks.mark_lost("acme", batch.batch_id, 0, "given up")
    world.run()
    world.clock.advance(days=31)
    world.do(late)
    settled = world.books.chunks(world.books.get("acme", batch.batch_id))[0]
    assert (settled.settled_at, settled.charged) == ("2026-04-01T12:00:00.000000Z", 0)
