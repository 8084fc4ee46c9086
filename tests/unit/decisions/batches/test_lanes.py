"""The share of the workers that one tenant can use."""

import random

import pytest

from tests.unit.decisions.batches.world import ROWS, big, document
from vigil.decisions.batches.limits_model import LANES, MAX_UNFINISHED_BATCHES
from vigil.decisions.batches.model import lanes_beside

WORKERS = 16
"""Maximum concurrency of the function for chunks; `infra/functions/decisions.yaml`."""


def test_the_batches_of_one_tenant_leave_workers_for_others():
    assert sum(lanes_beside(number + 1) for number in range(MAX_UNFINISHED_BATCHES)) == WORKERS - 2
    assert lanes_beside(1) == LANES


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(3, 20))])
def test_chunks_in_flight_of_a_tenant_are_bounded_in_any_order(world, seed):
    draws, most = random.Random(seed), 0
    batches = [world.order() for _ in range(draws.randint(0, 5))]
    for _ in range(60):
        if draws.random() < 0.4 and len(world.books.unfinished_ids("acme")) < MAX_UNFINISHED_BATCHES:
            batches.append(world.order())
        if batches and draws.random() < 0.5:
            batch = batches.pop(draws.randrange(len(batches)))
            world.files.put(batch.upload_key, b"".join(document(n) for n in range(ROWS * 20)), {})
            world.arrive(batch)
        for _ in range(draws.randint(0, 3)):
            if world.outbox.jobs:
                world.outbox.jobs.rotate(draws.randrange(len(world.outbox.jobs)))
                world.do(world.outbox.jobs.popleft())
        most = max(most, len(world.outbox.jobs))
        assert most <= WORKERS - 2
    assert most > LANES


def test_a_batch_keeps_its_lanes_until_it_ends(world):
    one, other = big(world), big(world)
    assert [world.books.get("acme", batch.batch_id).lanes for batch in (one, other)] == [4, 2]
    world.run()
    assert {world.state(one), world.state(other)} == {"completed"}
