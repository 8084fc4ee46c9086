"""Parked work is an event for its tenant and for the operators, at least once and with repeatable ids."""

import json
from dataclasses import replace

from tests.support.fakes.dead_letters import WORK, FakeSource
from tests.unit.operations.dead_letters.redrive_fixture import Bench
from vigil.kernel.tenants import OPERATORS


def published(bench):
    """Return the details of the published events."""
    return [json.loads(event.detail) for event in bench.bus.taken]


def parked(bench, work=WORK):
    """Park work and return the bench."""
    bench.source.die(work, refusal="not-found")
    bench.run()
    return bench


def test_parked_work_is_published_once_for_tenant_and_operators():
    bench = parked(Bench())
    bench.run(days=1)
    assert [detail["tenant_id"] for detail in published(bench)] == [WORK.tenant_id, OPERATORS]
    assert len({event.event_id for event in bench.bus.taken}) == 2
    assert {detail["reason"] for detail in published(bench)} == {"not-found"}
    assert "body" not in published(bench)[0]


def test_work_of_the_operators_is_published_once():
    bench = parked(Bench(), replace(WORK, tenant_id=OPERATORS))
    assert [detail["tenant_id"] for detail in published(bench)] == [OPERATORS]


def test_a_refused_event_is_published_later_with_the_same_id():
    bench = Bench()
    bench.bus.away = True
    expected = [event.event_id for event in parked(bench).job.parked_events()]
    assert (bench.taken[-1].step, bench.bus.taken) == ("failed", [])
    bench.bus.away = False
    bench.run(minutes=3)
    assert [event.event_id for event in bench.bus.taken] == expected


def test_work_that_is_parked_again_is_another_event():
    bench = parked(Bench())
    job = bench.job
    bench.clock.advance(hours=1)
    assert bench.jobs.write(job.tenant_id, job.request_retry("key", bench.clock()))
    bench.run(minutes=1)
    parked(bench, replace(WORK, attempts=bench.job.work.attempts))
    assert len({event.event_id for event in bench.bus.taken}) == 4


def test_parked_work_of_the_queue_of_alerts_raises_no_event():
    bench = Bench(source := FakeSource("alerts"))
    source.die(WORK, refusal="not-found")
    bench.run()
    assert bench.job.state == "parked"
    assert bench.bus.taken == []
