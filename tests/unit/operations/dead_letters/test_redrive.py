"""Dead work is recorded once, tried again within bounds, and never lost, whatever fails in between."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.dead_letters import WORK, letter
from tests.unit.operations.dead_letters.redrive_fixture import RULES, Bench
from vigil.errors import NotFound, Unavailable
from vigil.operations.dead_letters.model import OPERATORS, UNREADABLE, Work


def test_a_letter_becomes_a_job_and_is_gone_from_the_queue():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    assert bench.source.lying == []
    assert (bench.job.state, bench.job.cause, bench.job.reason) == ("waiting", "transient", "deliveries-exhausted")
    assert (bench.job.work, bench.job.job_id) == (WORK, f"acme.{bench.job.key}")
    assert [taken.step for taken in bench.taken] == ["recorded"]


def test_a_letter_that_comes_again_changes_nothing():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    before = bench.job
    bench.source.die(WORK)
    bench.run()
    assert bench.job == before
    assert bench.source.lying == []


def test_a_job_is_sent_when_it_is_due_and_not_before():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    pause = (RULES.base_delay * 2).total_seconds()
    assert bench.source.sent == []
    bench.run(seconds=pause)
    assert bench.source.sent == [replace(WORK, attempts=1)]
    assert (bench.job.state, bench.job.work.attempts) == ("retrying", 1)
    bench.run(hours=12)
    assert len(bench.source.sent) == 1


def test_the_workers_word_resolves_a_job():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.run(hours=1)
    bench.source.die(bench.source.sent[-1], settled=True)
    bench.run()
    assert (bench.job.state, bench.job.resolution, bench.job.due_at) == ("resolved", "succeeded", None)
    assert bench.steps() == ["recorded", "retried", "resolved"]
    bench.run(days=30)
    assert len(bench.source.sent) == 1


def test_nothing_resolves_a_job_but_a_word():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    for _ in range(4):
        bench.run(days=1)
    assert bench.job.state == "retrying"


def test_work_that_vanished_from_its_queue_is_sent_again_and_given_up_in_the_end():
    bench = Bench()
    bench.source.die(WORK)
    for _ in range(10):
        bench.run(days=6)
    assert [work.attempts for work in bench.source.sent] == [1, 2, 3]
    assert (bench.job.state, bench.job.reason) == ("parked", "no-word")


def test_work_that_goes_on_dying_is_parked_after_its_attempts():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    while bench.job.state != "parked":
        bench.run(hours=12)
        bench.source.die()
        bench.run()
    assert [work.attempts for work in bench.source.sent] == [1, 2, 3]
    assert (bench.job.cause, bench.job.reason) == ("poison", "attempts-exhausted")
    bench.run(days=30)
    assert len(bench.source.sent) == 3


@pytest.mark.parametrize(
    ("dead", "cause", "reason"),
    [
        (letter(refusal="not-found"), "permanent", "not-found"),
        (letter(Work("m-1", UNREADABLE, OPERATORS, "c", "{}"), refusal="unreadable"), "poison", "unreadable"),
        (letter(replace(WORK, attempts=3)), "poison", "attempts-exhausted"),
    ],
)
def test_what_trying_cannot_help_is_parked_at_once(dead, cause, reason):
    bench = Bench()
    bench.source.lying = [dead]
    bench.run(days=1)
    assert (bench.job.state, bench.job.cause, bench.job.reason) == ("parked", cause, reason)
    assert [taken.step for taken in bench.taken] == ["recorded", "parked"]
    assert bench.source.sent == []


def test_the_owner_of_parked_work_hears_of_it_once():
    heard = []
    bench = Bench(owners={"batch.chunk": heard.append})
    bench.source.die(WORK, refusal="not-found")
    bench.run()
    bench.run(days=1)
    assert heard == [WORK]


@pytest.mark.parametrize("error", [Unavailable("away"), RuntimeError("a bug")])
def test_an_owner_that_cannot_hear_is_told_later(error):
    heard, errors = [], [error]

    def owner(work):
        if errors:
            raise errors.pop()
        heard.append(work)

    bench = Bench(owners={"batch.chunk": owner})
    bench.source.die(WORK, refusal="not-found")
    bench.run()
    assert bench.taken[-1].step == "failed"
    assert heard == []
    bench.run(minutes=3)
    assert heard == [WORK]


def test_an_owner_that_is_gone_is_not_told_for_ever():
    calls = []

    def owner(work):
        calls.append(work)
        raise NotFound("There is no such batch.")

    bench = Bench(owners={"batch.chunk": owner})
    bench.source.die(WORK, refusal="not-found")
    for _ in range(3):
        bench.run(hours=1)
    assert len(calls) == 1
    assert [taken.step for taken in bench.taken] == ["recorded", "parked"]


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_of_any_dead_work_none_vanishes_and_attempts_are_bounded(seed, count):
    """Letters come twice or late, workers die or succeed or swallow, redrivers are killed: every job ends, and once."""
    random, bench = Random(seed), Bench()
    for number in range(count):
        bench.source.die(replace(WORK, id=f"work-{number}"))
    handled = 0
    for _ in range(400):
        bench.run(hours=random.choice([0, 1, 6, 24 * 6]))
        for work in bench.source.sent[handled:]:
            fate = random.random()
            if fate < 0.9:
                for _ in range(random.choice([1, 1, 2])):
                    bench.source.die(work, settled=fate < 0.4)
        handled = len(bench.source.sent)
        random.shuffle(bench.source.lying)
        if all(job.state in {"parked", "resolved"} for job in bench.jobs.items.values()) and not bench.source.lying:
            break
    assert len(bench.jobs.items) == count
    assert {job.state for job in bench.jobs.items.values()} <= {"parked", "resolved"}
    assert max((work.attempts for work in bench.source.sent), default=0) <= RULES.max_attempts
    assert len({(work.id, work.attempts) for work in bench.source.sent}) == len(bench.source.sent)
