"""An uploaded file is scored only for an active tenant's batch, and only in the version that arrived."""

import pytest

from tests.unit.decisions.batches.world import document
from vigil.decisions.batches.arrivals import STRAY_PAUSE, Arrival
from vigil.decisions.batches.stream import to_message

FILE = document(0) + document(1)
OTHER = document(2)


def admit(world, batch_id, version="", **named):
    details = {"batch_id": batch_id, "version": version, "size": len(FILE)} | named
    world.arrivals.admit("acme", Arrival(**details), "corr-1", lambda: world.left)


def etag(world, batch):
    return world.files.head(batch.upload_key).etag


def upload(world, *contents):
    batch = world.order()
    for content in contents:
        world.files.put(batch.upload_key, content, {})
    return batch


@pytest.mark.parametrize("order_exists", [True, False])
def test_a_file_of_a_tenant_that_is_not_active_is_deleted_at_once(world, order_exists):
    batch = upload(world, FILE, OTHER)
    if not order_exists:
        world.books.batches.clear()
    world.active.clear()
    admit(world, batch.batch_id, "2")
    assert (world.files.objects, world.outbox.sent) == ({}, [])
    if order_exists:
        ended = world.books.get("acme", batch.batch_id)
        assert (ended.state, ended.reason) == ("cancelled", "tenant: is not active")


def test_a_split_ends_when_the_tenant_is_suspended(world):
    world.limit = 10
    batch = upload(world, FILE)
    admit(world, batch.batch_id, "1")
    world.outbox.jobs.clear()
    world.active.clear()
    running = world.books.get("acme", batch.batch_id)
    world.arrivals.resume(running, running.run, None, lambda: world.left)
    assert (world.state(batch), world.files.objects) == ("cancelled", {})
    assert world.quota.used["acme"] == 0


def test_a_file_without_a_batch_is_deleted_after_a_second_check(world):
    world.files.put("uploads/acme/bat_x/input", FILE, {})
    admit(world, "bat_x", "1")
    (job,) = world.outbox.jobs
    assert (world.outbox.delays, len(world.files.objects)) == ([STRAY_PAUSE.total_seconds()], 1)
    assert to_message(job).kind == "batch.arrival"
    assert job.details["checked"]
    admit(world, "bat_x", "1", checked=True)
    assert world.files.objects == {}


def test_a_file_whose_batch_appears_before_the_second_check_is_scored(world):
    batch = upload(world, FILE)
    admit(world, batch.batch_id, "1", checked=True)
    world.run()
    assert world.state(batch) == "completed"


def test_an_arrival_without_a_version_is_pinned_to_the_latest_one(world):
    batch = upload(world, FILE)
    admit(world, batch.batch_id, etag=etag(world, batch))
    world.files.put(batch.upload_key, OTHER, {})
    world.run()
    assert (world.state(batch), len(world.results(batch))) == ("completed", 2)
    assert world.books.get("acme", batch.batch_id).object_version == "1"


@pytest.mark.parametrize("known", [True, False])
def test_a_file_that_was_replaced_before_its_arrival_is_refused(world, known):
    batch = upload(world, FILE)
    first = etag(world, batch) if known else ""
    world.files.put(batch.upload_key, OTHER, {})
    admit(world, batch.batch_id, etag=first)
    ended = world.books.get("acme", batch.batch_id)
    assert (ended.state, ended.reason) == (
        "failed",
        "file: was replaced before it could be read (one upload per batch)",
    )


def test_a_second_arrival_without_a_version_does_not_fail_a_running_batch(world):
    batch = upload(world, FILE)
    admit(world, batch.batch_id, etag=etag(world, batch))
    world.files.put(batch.upload_key, OTHER, {})
    admit(world, batch.batch_id, etag="another")
    admit(world, batch.batch_id, etag=etag(world, batch))
    world.run()
    assert (world.state(batch), len(world.results(batch))) == ("completed", 2)
