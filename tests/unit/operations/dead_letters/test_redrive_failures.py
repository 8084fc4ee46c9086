"""What fails, dies or comes twice in the middle of a redrive loses nothing and counts once."""

from dataclasses import replace

import pytest

from tests.support.fakes.dead_letters import WORK, FakeSource
from tests.unit.operations.dead_letters.redrive_fixture import RULES, Bench
from vigil.errors import NotFound, Unavailable


def test_a_send_that_fails_costs_no_attempt():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.source.fail = Unavailable("away")
    bench.run(hours=1)
    assert (bench.job.state, bench.job.work.attempts, bench.taken[-1].step) == ("waiting", 0, "failed")
    bench.source.fail = None
    bench.run(minutes=3)
    assert [work.attempts for work in bench.source.sent] == [1]


def test_a_redriver_that_is_killed_after_sending_sends_the_same_attempt_again():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    put = bench.jobs.write
    bench.jobs.write = lambda tenant, job: put(tenant, job) if job.state == "waiting" else _killed()
    with pytest.raises(SystemExit):
        bench.run(hours=1)
    bench.jobs.write = put
    bench.run(seconds=30)
    assert len(bench.source.sent) == 1  # its lease still holds
    bench.run(minutes=3)
    assert bench.source.sent == [replace(WORK, attempts=1)] * 2
    assert bench.job.work.attempts == 1


def _killed():
    raise SystemExit


def test_of_two_redrivers_at_once_one_sends():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.clock.advance(hours=1)
    bench.jobs.before_write = lambda: bench.another().run(lambda: 60.0)
    bench.redriver.run(lambda: 60.0)
    assert len(bench.source.sent) == 1


def test_a_death_that_comes_before_its_sending_is_recorded_counts_once():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.clock.advance(hours=1)
    claimed = bench.job.claim(RULES, bench.clock())
    assert bench.jobs.write("acme", claimed)
    bench.source.die(replace(WORK, attempts=1))
    bench.run()
    assert (bench.job.state, bench.job.work.attempts) == ("waiting", 1)
    assert not bench.jobs.write("acme", claimed.mark_sent(RULES, bench.clock()))


def test_what_is_resolved_by_hand_while_it_is_sent_stays_resolved():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.clock.advance(hours=1)
    claimed = bench.job.claim(RULES, bench.clock())
    bench.jobs.write("acme", claimed)
    bench.jobs.write("acme", claimed.resolve("by_hand", bench.clock(), "member:k"))
    assert not bench.jobs.write("acme", claimed.mark_sent(RULES, bench.clock()))
    assert (bench.job.state, bench.job.resolution) == ("resolved", "by_hand")


def test_a_death_before_success_does_not_reopen_what_succeeded():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.run(hours=1)
    bench.source.die(settled=True)
    bench.source.die()
    bench.run()
    assert (bench.job.state, bench.job.resolution) == ("resolved", "succeeded")


def test_work_done_before_its_sending_was_noted_is_not_reopened_by_a_second_copy_that_dies():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    assert bench.jobs.write("acme", bench.job.claim(RULES, bench.clock()))
    sent = replace(WORK, attempts=1)
    bench.source.die(sent, settled=True)
    bench.run()
    bench.source.die(sent)
    bench.run()
    assert (bench.job.state, bench.job.resolution) == ("resolved", "succeeded")


def test_a_queue_that_is_away_does_not_hold_up_the_others():
    away, there = FakeSource("away", away=True), FakeSource("there")
    there.die(WORK)
    bench = Bench(away, there)
    bench.run()
    assert bench.job.queue == "there"
    assert [taken.queue for taken in bench.taken if taken.step == "failed"] == ["away"]


def test_a_letter_that_cannot_be_recorded_stays_and_holds_no_other_up():
    bench = Bench()
    bench.source.die(WORK)
    bench.source.die(replace(WORK, id="other"))
    put = bench.jobs.write
    bench.jobs.write = lambda tenant, job: put(tenant, job) if job.work.id == "other" else _broken()
    bench.run()
    assert [each.work.id for each in bench.source.lying] == [WORK.id]
    assert bench.job.work.id == "other"


def _broken():
    raise RuntimeError("a bug")


def test_nothing_is_begun_when_time_is_short():
    bench = Bench()
    bench.source.die(WORK)
    bench.redriver.run(lambda: 5.0)
    assert len(bench.source.lying) == 1


def test_a_place_that_is_gone_is_parked_instead_of_sent():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.source.fail = NotFound("forgotten")
    bench.run(hours=1)
    assert (bench.job.state, bench.job.reason) == ("parked", "gone")


def test_work_that_ends_as_it_is_put_back_is_resolved_at_once():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.source.ended = "succeeded"
    bench.run(hours=1)
    assert (bench.job.state, bench.job.resolution) == ("resolved", "succeeded")
