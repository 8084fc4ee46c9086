"""The event of a batch that ended: one id per batch, published after the end is stored."""

import json

from tests.unit.decisions.batches.world import big
from vigil.errors import Unavailable


def details(world):
    return [json.loads(event.detail) for event in world.published]


def test_a_completed_batch_is_published_with_its_state(world):
    batch = world.upload(b"age,subject_id,stage\r\n40,p-1,II\r\nx,p-3,I\r\n", "csv")
    world.run()
    (detail,) = details(world)
    assert detail["event_id"] == f"{batch.batch_id}.batches.completed"
    assert (detail["tenant_id"], detail["batch_id"]) == ("acme", batch.batch_id)
    assert detail["state"] == world.state(batch) == "completed_with_errors"
    assert not {"rows", "model", "subject"} & detail.keys()


def test_a_failed_file_is_published_as_failed(world):
    batch = world.upload(b"note,age\r\nx,40\r\n", "csv")
    assert [(detail["batch_id"], detail["state"]) for detail in details(world)] == [(batch.batch_id, "failed")]


def test_a_cancelled_batch_publishes_no_event(world):
    batch = world.order(rows=[json.loads('{"subject_id": "p", "features": {}}')])
    world.batches.cancel("acme", batch.batch_id)
    assert world.published == []


def test_a_refused_event_is_published_by_the_redelivery(world):
    batch = big(world, chunks=1)
    refused = []

    def refuse_once(event):
        if not refused:
            refused.append(event)
            raise Unavailable("away")
        world.published.append(event)

    object.__setattr__(world.ports, "publish", refuse_once)
    failed = []
    while world.outbox.jobs:
        job = world.outbox.jobs.popleft()
        try:
            world.do(job)
        except Unavailable:
            failed.append(job)
    assert world.state(batch) == "completed"
    (job,) = failed
    world.do(job)
    assert {event.event_id for event in world.published} == {refused[0].event_id}
