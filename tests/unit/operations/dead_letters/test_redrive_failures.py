"""Failures, crashes and duplicates during a redrive lose nothing and count once."""

from dataclasses import replace

import pytest

from tests.support.fakes.dead_letters import WORK, FakeSource
from tests.unit.operations.dead_letters.redrive_fixture import RULES, Bench
from vigil.errors import NotFound, Unavailable


def test_a_failed_send_does_not_count_as_an_attempt():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.source.fail = Unavailable("away")
    bench.run(hours=1)
    assert (bench.job.state, bench.job.work.attempts, bench.taken[-1].step) == ("waiting", 0, "failed")
    bench.source.fail = None
    bench.run(minutes=3)
    assert [work.attempts for work in bench.source.sent] == [1]


def test_a_redriver_killed_after_a_send_repeats_the_same_attempt():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    put = bench.jobs.write
    bench.jobs.write = lambda tenant, job: put(tenant, job) if job.state == "waiting" else _killed()
    with pytest.raises(SystemExit):
        bench.run(hours=1)
    bench.jobs.write = put
    bench.run(seconds=30)
    assert len(bench.source.sent) == 1  # the lease is still valid
    bench.run(minutes=3)
    assert bench.source.sent == [replace(WORK, attempts=1)] * 2
    assert bench.job.work.attempts == 1


def _killed():
    raise SystemExit


def test_two_parallel_redrivers_send_once():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.clock.advance(hours=1)
    bench.jobs.before_write = lambda: bench.another().run(lambda: 60.0)
    bench.redriver.run(lambda: 60.0)
    assert len(bench.source.sent) == 1


def test_a_failure_before_its_send_is_recorded_counts_once():
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


def test_a_job_resolved_by_hand_during_a_send_remains_resolved():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.clock.advance(hours=1)
    claimed = bench.job.claim(RULES, bench.clock())
    bench.jobs.write("acme", claimed)
    bench.jobs.write("acme", claimed.resolve("by_hand", bench.clock(), "member:k"))
    assert not bench.jobs.write("acme", claimed.mark_sent(RULES, bench.clock()))
    assert (bench.job.state, bench.job.resolution) == ("resolved", "by_hand")


def test_an_earlier_failure_does_not_reopen_succeeded_work():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.run(hours=1)
    bench.source.die(settled=True)
    bench.source.die()
    bench.run()
    assert (bench.job.state, bench.job.resolution) == ("resolved", "succeeded")


def test_a_failing_duplicate_does_not_reopen_succeeded_work():
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


def test_an_unavailable_queue_does_not_block_the_others():
    away, there = FakeSource("away", away=True), FakeSource("there")
    there.die(WORK)
    bench = Bench(away, there)
    bench.run()
    assert bench.job.queue == "there"
    assert [taken.queue for taken in bench.taken if taken.step == "failed"] == ["away"]


def test_an_unrecordable_letter_remains_and_blocks_no_other():
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


def test_no_step_starts_when_time_is_short():
    bench = Bench()
    bench.source.die(WORK)
    bench.redriver.run(lambda: 5.0)
    assert len(bench.source.lying) == 1


def test_work_for_a_missing_target_is_parked():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.source.fail = NotFound("forgotten")
    bench.run(hours=1)
    assert (bench.job.state, bench.job.reason) == ("parked", "gone")


def test_work_that_ends_at_once_is_resolved_at_once():
    bench = Bench()
    bench.source.die(WORK)
    bench.run()
    bench.source.ended = "succeeded"
    bench.run(hours=1)
    assert (bench.job.state, bench.job.resolution) == ("resolved", "succeeded")
