"""Failed work is recorded once, retried within limits, and never lost."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.dead_letters import WORK, letter
from tests.unit.operations.dead_letters.redrive_fixture import RULES, Bench
from vigil.errors import NotFound, Unavailable
from vigil.kernel.tenants import OPERATORS
from vigil.operations.dead_letters.model import UNREADABLE, Work


def test_a_letter_becomes_a_job_and_leaves_the_queue():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    assert bench.source.lying == []
    assert (bench.job.state, bench.job.cause, bench.job.reason) == ("waiting", "transient", "deliveries-exhausted")
    assert (bench.job.work, bench.job.job_id) == (WORK, f"acme.{bench.job.key}")
    assert [taken.step for taken in bench.taken] == ["recorded"]


def test_a_duplicate_letter_changes_nothing():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    before = bench.job
    bench.source.die(WORK)
    bench.run()
    assert bench.job == before
    assert bench.source.lying == []


def test_a_job_is_sent_when_due_and_not_before():
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


def test_a_success_report_resolves_a_job():
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


def test_a_job_is_not_resolved_without_a_report():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    for _ in range(4):
        bench.run(days=1)
    assert bench.job.state == "retrying"


def test_lost_work_is_sent_again_and_parked_after_its_attempts():
    bench = Bench()
    bench.source.die(WORK)
    for _ in range(10):
        bench.run(days=6)
    assert [work.attempts for work in bench.source.sent] == [1, 2, 3]
    assert (bench.job.state, bench.job.reason) == ("parked", "no-word")


def test_work_that_fails_repeatedly_is_parked_after_its_attempts():
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
def test_unrecoverable_work_is_parked_at_once(dead, cause, reason):
    bench = Bench()
    bench.source.lying = [dead]
    bench.run(days=1)
    assert (bench.job.state, bench.job.cause, bench.job.reason) == ("parked", cause, reason)
    assert [taken.step for taken in bench.taken] == ["recorded", "parked"]
    assert bench.source.sent == []


def test_an_undue_unreadable_message_is_found_within_a_day_of_its_age():
    bench = Bench()
    bench.run()
    body = '{"body": "jane-roe", "attributes": {}}'
    bench.source.lying = [letter(Work("m-1", UNREADABLE, OPERATORS, "c", body))]
    bench.run()
    bench.source.lying = []
    forgotten = replace(bench.job, due_at=None, version=bench.job.version + 1)
    assert bench.jobs.write(OPERATORS, forgotten)
    bench.run(days=6)
    assert bench.job.is_unreduced
    bench.run(hours=25)
    assert (bench.job.is_unreduced, bench.steps()[-1]) == (False, "reduced")


def test_the_owner_of_parked_work_is_notified_once():
    heard = []
    bench = Bench(owners={"batch.chunk": heard.append})
    bench.source.die(WORK, refusal="not-found")
    bench.run()
    bench.run(days=1)
    assert heard == [WORK]


@pytest.mark.parametrize("error", [Unavailable("away"), RuntimeError("a bug")])
def test_a_failed_notification_is_retried_later(error):
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


def test_a_missing_owner_record_ends_the_notifications():
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
def test_no_failed_work_is_lost_and_attempts_are_limited(seed, count):
    """Letters are duplicated or late, workers fail, succeed or lose work, redrivers crash: every job ends once."""
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
