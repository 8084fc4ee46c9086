"""The redriver on a virtual clock: dead letters are never lost, and retries are bounded."""

import pytest

from tests.faults.planted import DeletesFirst, RecordsFirst, Unfenced
from tests.faults.redriving import ENDS, RECEIVES, RULES, World
from tests.support.faultbed.faults import FAULTS
from tests.support.faultbed.history import report, violations
from tests.support.faultbed.plans import At, Seeded, uniform_rates

SINGLE = [fault for fault in FAULTS if fault != "slow"]


@pytest.fixture(autouse=True)
def untraced(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")


def trial(bed, seed, messages, rates, **variant):
    """Process messages of random fates under faults; return the world and its violations."""
    world = World(bed, seed, Seeded(seed, rates), **variant)
    inputs = [world.send(number) for number in range(messages)]
    world.live()
    return world, violations(inputs, world.effects())


@pytest.mark.parametrize(
    ("count", "messages", "rate"),
    [(1, 30, 0.01), pytest.param(1, 1_000, 0.002, marks=pytest.mark.faults)],
    ids=["30", "1000"],
)
def test_no_dead_letter_is_lost_and_retries_are_bounded(bed, seeds, count, messages, rate):
    for seed in seeds(count):
        world, wrong = trial(bed, seed, messages, uniform_rates(rate), hours=12)
        assert not wrong, report(wrong, seed)
        assert world.max_attempts() == RULES.max_attempts
        assert max(world.tries.values()) <= 2 * RECEIVES * (1 + RULES.max_attempts)  # faults send some retries twice
        given_up = {key for key, fate in world.fates.items() if fate in {"poison", "permanent"}}
        assert given_up <= {*world.told}, "an owner was not notified"
        parked = {event.event_id for job in world.jobs() if job.state == "parked" for event in job.parked_events()}
        assert parked == {event.event_id for event in world.bus.taken}, "parked work was not published"


@pytest.mark.parametrize("planted", [DeletesFirst, RecordsFirst])
def test_a_redriver_with_a_wrong_order_of_steps_is_detected(bed, seeds, planted):
    often = uniform_rates(0.03)
    wrong = next(wrong for seed in seeds(10) if (wrong := trial(bed, seed, 20, often, redriver=planted)[1]))
    assert "lost" in {violation.kind for violation in wrong}


def fenced(bed, seed, **variant):
    """Run two redrivers with stale reads only; return the violations, duplicate and missing retries included."""
    world, wrong = trial(bed, seed, 15, {"stale": 0.2}, duplicates=0.0, **variant)
    return wrong + violations(*world.resend())


def test_parallel_redrivers_send_every_retry_once(bed, seeds):
    for seed in seeds(2):
        wrong = fenced(bed, seed)
        assert not wrong, report(wrong, seed)


def test_a_job_store_without_version_checks_is_detected(bed, seeds):
    wrong = next(wrong for seed in seeds(5) if (wrong := fenced(bed, seed, books=Unfenced)))
    assert {violation.kind for violation in wrong} <= {"double", "foreign", "lost"}


@pytest.mark.parametrize(
    ("fault", "step"), [("crash_after", 40), *(pytest.param(fault, 10, marks=pytest.mark.faults) for fault in SINGLE)]
)
def test_a_single_fault_at_any_call_loses_no_work(bed, fault, step):
    number, reached = 0, True
    while reached:
        plan = At(number, fault)
        world = World(bed, 1, plan, duplicates=0.0)
        inputs = [world.send(place, fate) for place, fate in enumerate(ENDS)]
        world.live(actors=1)
        wrong = violations(inputs, world.effects())
        assert not wrong, f"{fault} at call {number}: {[str(each) for each in wrong]}"
        number, reached = number + step, plan.reached
    assert number > 50
