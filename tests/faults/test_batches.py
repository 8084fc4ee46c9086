"""Every row of every batch has one result in its place, under faults of messages, calls and processes."""

import pytest

from tests.faults.batching import World
from tests.faults.charging import Charged
from tests.faults.planted_batches import (
    BelievesWhatItRead,
    CountsTwice,
    HopesForOthers,
    OverlooksTheEnd,
    TrustsFirstAnswer,
)
from tests.support.faultbed.faults import FAULTS
from tests.support.faultbed.history import report, violations
from tests.support.faultbed.plans import At, Seeded, uniform_rates

RARE = uniform_rates(0.01)


@pytest.fixture(autouse=True)
def untraced(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")


def world_of(bed, seed, rates, **variant):
    world = World(bed, seed, Seeded(seed, rates), **variant)
    for number in range(3):
        world.order(number, rows=20 + 7 * number)
    return world


def trial(bed, seed, rates=RARE, **variant):
    world = world_of(bed, seed, rates, **variant)
    ended = world.live()
    assert ended, f"seed {seed}: {world.stuck()}"
    return world, verdict(world)


def verdict(world):
    return violations(world.inputs(), world.effects(), counts=world.counts()) + violations(*world.metered())


@pytest.mark.parametrize("count", [2, pytest.param(20, marks=pytest.mark.faults)])
def test_every_row_has_one_result_under_faults(bed, seeds, count):
    for seed in seeds(count):
        _, wrong = trial(bed, seed)
        assert not wrong, report(wrong, seed)


def test_a_chunk_store_without_conditions_is_detected(bed, seeds):
    trials = (trial(bed, seed, {}, duplicates=0.5, books=CountsTwice) for seed in seeds(10))
    wrong = next(wrong for _, wrong in trials if wrong)
    assert {violation.kind for violation in wrong} == {"double"}


@pytest.mark.parametrize(
    ("rates", "planted"),
    [
        ({"crash_after": 0.05}, {"chunks": HopesForOthers}),
        ({"resent": 0.1}, {"books": TrustsFirstAnswer, "splits": BelievesWhatItRead}),
    ],
    ids=["another delivery died", "an answer was lost"],
)
def test_a_batch_that_never_ends_is_detected(bed, seeds, rates, planted):
    assert any(not world_of(bed, seed, rates, duplicates=0.3, **planted).live() for seed in seeds(20))


@pytest.mark.parametrize(
    ("fault", "step"),
    [("resent", 25), *(pytest.param(fault, 8, marks=pytest.mark.faults) for fault in FAULTS if fault != "slow")],
)
def test_a_single_fault_at_any_call_does_not_stop_a_batch(bed, fault, step):
    number, reached = 0, True
    while reached:
        plan = At(number, fault)
        world = World(bed, 1, plan, duplicates=0.0)
        world.order(0, rows=16)  # more chunks than lanes
        assert world.live(actors=1), f"{fault} at call {number}: {world.stuck()}"
        wrong = verdict(world)
        assert not wrong, f"{fault} at call {number}: {[str(each) for each in wrong]}"
        number, reached = number + step, plan.reached
    assert number > 50


def charged(bed, seed, **variant):
    """Run six batches of two tenants, four of which are cancelled; return the world and its violations."""
    world = Charged(
        bed, seed, Seeded(seed, RARE), **variant, cancelled={"key-0": 0, "key-1": 3, "key-2": 20, "key-3": 40}
    )
    for number in range(6):
        world.order(number, rows=45)
    assert world.live(2), f"seed {seed}: {world.stuck()}"
    return world, violations([], [], counts=world.counts())


@pytest.mark.parametrize("count", [2, pytest.param(20, marks=pytest.mark.faults)])
def test_cancelled_batches_are_charged_for_their_scored_rows(bed, seeds, count):
    halves = 0
    for seed in seeds(count):
        world, wrong = charged(bed, seed)
        assert not wrong, report(wrong, seed)
        halves += world.half_done()
    assert halves


@pytest.mark.faults
def test_a_store_that_settles_chunks_of_ended_batches_is_detected(bed, seeds):
    trials = (charged(bed, seed, books=OverlooksTheEnd)[1] for seed in seeds(60))
    assert {violation.kind for violation in next(wrong for wrong in trials if wrong)} == {"miscounted"}


def late(bed, seed):
    """Score a failed chunk during the assembly of its batch; return the violations."""
    world = world_of(bed, seed, {}, duplicates=0.0)
    world.live()
    world.mark_lost(chunk=1)
    world.meet(world.assemble, lambda: world.score(chunk=1))
    assert world.live()
    return verdict(world)


@pytest.mark.parametrize("count", [3, pytest.param(40, marks=pytest.mark.faults)])
def test_a_chunk_scored_during_assembly_is_in_the_results(bed, seeds, count):
    for seed in seeds(count):
        # The chunk was also done before, which counts as "double".
        wrong = [violation for violation in late(bed, seed) if violation.kind != "double"]
        assert not wrong, report(wrong, seed)
