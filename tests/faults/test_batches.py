"""Every row of every batch comes out once, in its place, whatever happens to messages, calls and processes."""

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
from tests.support.faultbed.plans import At, Seeded, everywhere

RARE = everywhere(0.01)


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
def test_every_row_comes_out_once(bed, seeds, count):
    for seed in seeds(count):
        _, wrong = trial(bed, seed)
        assert not wrong, report(wrong, seed)


def test_a_ledger_of_chunks_without_a_condition_is_caught(bed, seeds):
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
def test_a_batch_that_is_left_standing_is_caught(bed, seeds, rates, planted):
    assert any(not world_of(bed, seed, rates, duplicates=0.3, **planted).live() for seed in seeds(20))


@pytest.mark.parametrize(
    ("fault", "step"),
    [("resent", 25), *(pytest.param(fault, 8, marks=pytest.mark.faults) for fault in FAULTS if fault != "slow")],
)
def test_no_single_fault_at_any_call_stops_a_batch(bed, fault, step):
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
    """Let six batches of two tenants live, of which four are cancelled."""
    world = Charged(
        bed, seed, Seeded(seed, RARE), **variant, cancelled={"key-0": 0, "key-1": 3, "key-2": 20, "key-3": 40}
    )
    for number in range(6):
        world.order(number, rows=45)
    assert world.live(2), f"seed {seed}: {world.stuck()}"
    return world, violations([], [], counts=world.counts())


@pytest.mark.parametrize("count", [2, pytest.param(20, marks=pytest.mark.faults)])
def test_a_month_is_charged_for_the_rows_that_were_scored_whenever_batches_are_cancelled(bed, seeds, count):
    halves = 0
    for seed in seeds(count):
        world, wrong = charged(bed, seed)
        assert not wrong, report(wrong, seed)
        halves += world.half_done()
    assert halves


def test_a_ledger_that_overlooks_the_end_of_a_batch_is_caught(bed, seeds):
    trials = (charged(bed, seed, books=OverlooksTheEnd)[1] for seed in seeds(10))
    assert {violation.kind for violation in next(wrong for wrong in trials if wrong)} == {"miscounted"}


def late(bed, seed):
    """Score a chunk that had been given up, while the batch is put together without it."""
    world = world_of(bed, seed, {}, duplicates=0.0)
    world.live()
    world.mark_lost(chunk=1)
    world.meet(world.assemble, lambda: world.score(chunk=1))
    assert world.live()
    return verdict(world)


@pytest.mark.parametrize("count", [3, pytest.param(40, marks=pytest.mark.faults)])
def test_a_chunk_that_is_scored_after_all_is_in_the_results(bed, seeds, count):
    for seed in seeds(count):
        wrong = [violation for violation in late(bed, seed) if violation.kind != "double"]  # it was done before, too
        assert not wrong, report(wrong, seed)
