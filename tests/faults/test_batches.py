"""Every row of every batch comes out once, in its place, whatever happens to messages, calls and processes."""

import pytest

from tests.faultbed.history import report, violations
from tests.faultbed.plans import Seeded, everywhere
from tests.faults.batching import World


@pytest.fixture(autouse=True)
def untraced(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")


def trial(bed, seed, batches=3, rates=None, **variant):
    world = World(bed, seed, Seeded(seed, everywhere(0.01) if rates is None else rates), **variant)
    for number in range(batches):
        world.order(number, rows=20 + 7 * number)
    ended = world.live()
    assert ended, f"seed {seed}: {world.stuck()}"
    return world, violations(world.inputs(), world.effects(), counts=world.counts()) + violations(*world.metered())


@pytest.mark.parametrize("count", [3, pytest.param(40, marks=pytest.mark.faults)])
def test_every_row_comes_out_once(bed, seeds, count):
    for seed in seeds(count):
        _, wrong = trial(bed, seed)
        assert not wrong, report(wrong, seed)
