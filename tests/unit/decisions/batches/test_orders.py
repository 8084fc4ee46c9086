"""Creation of batches: idempotency, limits, validation, progress and charges."""

import pytest

from tests.unit.decisions.batches.world import GOOD, ROWS, big, document
from vigil.decisions.batches.limits_model import MAX_UNFINISHED_BATCHES
from vigil.decisions.batches.service import UPLOAD_TIMEOUT, BatchOrder
from vigil.errors import Conflict, IdempotencyKeyReused, InvalidInput, NotFound, StorageFull


def deep(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


def test_the_same_key_and_order_is_one_batch(world):
    one = world.order(rows=[{}], key="k")
    again, replayed = world.batches.create("acme", BatchOrder("toy", "ndjson", [{}], ("ndjson[{}]",), "other"), "k")
    assert (again.batch_id, replayed) == (one.batch_id, True)
    with pytest.raises(IdempotencyKeyReused):
        world.order(rows=[{"a": 1}], key="k")
    assert world.order(rows=[{}], key="k", tenant="globex").batch_id != one.batch_id
    world.clock.advance(hours=25)
    assert world.order(rows=[{}], key="k").batch_id != one.batch_id


def test_an_unknown_model_is_refused_before_any_write(world):
    with pytest.raises(InvalidInput, match="model"):
        world.batches.create("acme", BatchOrder("nothing", "csv", None, ("f",), "c"))
    assert not world.books.batches


@pytest.mark.parametrize("bad", [{"a": "\ud800"}, {"\udfff": 1}, {"a": deep(400)}])
def test_inconvertible_rows_are_refused_before_any_write(world, bad):
    with pytest.raises(InvalidInput, match=r"rows\.1"):
        world.order(rows=[{}, bad])
    assert (world.books.batches, world.files.objects) == ({}, {})


def test_a_tenant_over_its_storage_limit_creates_no_new_batch(world):
    world.storage = 10**9
    world.stored = {"acme": 10**9 - 1, "globex": 10**9}
    world.order(key="k", rows=[{}])
    world.stored["acme"] = 10**9
    world.order(key="k", rows=[{}])
    with pytest.raises(StorageFull, match="1000000000 bytes"):
        world.order()
    world.storage = None
    world.order(tenant="globex")


def test_unfinished_batches_are_limited_and_expire_without_a_file(world):
    batches = [world.order() for _ in range(MAX_UNFINISHED_BATCHES)]
    with pytest.raises(Conflict):
        world.order()
    world.order(tenant="globex")
    world.batches.cancel("acme", batches[0].batch_id)
    world.order()
    world.clock.advance(seconds=UPLOAD_TIMEOUT.total_seconds() + 1)
    world.order()
    assert len(world.books.unfinished_ids("acme")) == 1
    assert world.batches.get("acme", batches[1].batch_id).batch.state == "failed"


def test_another_tenant_sees_no_batch(world):
    batch = world.order()
    for ask in (world.batches.get, world.batches.cancel):
        with pytest.raises(NotFound):
            ask("globex", batch.batch_id)
    with pytest.raises(NotFound):
        world.batches.output_url("globex", batch.batch_id, "results")
    assert world.batches.page("globex", None, 10).batches == ()


def test_progress_has_rate_and_time_left(world):
    batch = big(world)
    world.clock.advance(seconds=10)
    world.do(world.outbox.jobs.popleft())
    status = world.batches.get("acme", batch.batch_id)
    assert status.rate == pytest.approx(ROWS / 10)
    assert status.seconds_left == pytest.approx((status.batch.rows - ROWS) / status.rate)


def test_a_limited_tenant_is_charged_for_scored_rows(world):
    world.limit = 100
    batch = world.upload(b"".join(document(n, GOOD if n % 4 else {"age": "old"}) for n in range(80)))
    assert world.quota.used["acme"] == 80
    world.run()
    assert (world.state(batch), world.quota.used["acme"]) == ("completed_with_errors", 60)


def test_a_batch_over_the_quota_fails_and_reserves_nothing(world):
    world.limit = 79
    batch = world.upload(b"".join(map(document, range(80))))
    assert (world.state(batch), world.quota.used["acme"], len(world.outbox.jobs)) == ("failed", 0, 0)
    assert "has 79 of 79" in world.books.get("acme", batch.batch_id).reason


def test_a_cancelled_batch_releases_unscored_rows(world):
    world.limit = 1000
    batch = world.upload(b"".join(map(document, range(4 * ROWS))))
    world.do(world.outbox.jobs.popleft())
    for _ in range(2):
        world.batches.cancel("acme", batch.batch_id)
    assert world.quota.used["acme"] == ROWS


def test_lost_rows_are_released(world):
    world.limit = 1000
    batch = world.upload(b"".join(map(document, range(2 * ROWS))))
    world.outbox.jobs.popleft()
    world.chunks.mark_lost("acme", batch.batch_id, 0, "given up")
    world.run()
    assert (world.state(batch), world.quota.used["acme"]) == ("completed_with_errors", ROWS)
