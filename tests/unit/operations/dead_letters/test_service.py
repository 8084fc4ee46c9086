"""Callers see and change their own dead work and nobody else's; operators everybody's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.dead_letters import WORK, FakeJobs
from tests.unit.operations.dead_letters.redrive_fixture import Bench
from vigil.errors import Conflict, NotFound
from vigil.operations.dead_letters.model import Filter
from vigil.operations.dead_letters.service import DeadLetters

BY = "member:key"


@pytest.fixture
def bench():
    """One parked job of acme's."""
    bench = Bench()
    bench.source.die(WORK, refusal="not-found")
    bench.run()
    return bench


@pytest.fixture
def service(bench):
    return DeadLetters(bench.jobs, bench.clock)


def test_a_job_is_its_tenants_and_the_operators(bench, service):
    assert service.get("acme", bench.job.job_id) == service.get(None, bench.job.job_id) == bench.job


@pytest.mark.parametrize("change", ["get", "retry", "resolve"])
def test_another_tenant_finds_nothing_and_changes_nothing(bench, service, change):
    before = bench.job
    arguments = () if change == "get" else (BY,)
    for job_id in (before.job_id, f"globex.{before.key}", "acme", "acme.", ""):
        with pytest.raises(NotFound):
            getattr(service, change)("globex", job_id, *arguments)
    assert bench.job == before


def test_a_retry_puts_parked_work_back_at_the_next_redrive(bench, service):
    asked = service.retry("acme", bench.job.job_id, BY)
    assert (asked.state, asked.steps[-1].by) == ("waiting", BY)
    bench.run()
    assert bench.source.sent == [replace(WORK, attempts=1)]


def test_a_retry_goes_beyond_the_bound_of_attempts_and_a_death_parks_again(service, bench):
    for attempt in range(1, 6):
        service.retry("acme", bench.job.job_id, BY)
        bench.run()
        bench.source.die(refusal="not-found")
        bench.run()
        assert (bench.job.state, bench.job.work.attempts) == ("parked", attempt)


def test_asking_twice_sends_once(service, bench):
    service.retry("acme", bench.job.job_id, BY)
    bench.run()
    assert service.retry("acme", bench.job.job_id, BY) == bench.job
    bench.run()
    assert len(bench.source.sent) == 1


def test_what_is_resolved_is_not_retried(service, bench):
    service.resolve("acme", bench.job.job_id, BY)
    with pytest.raises(Conflict):
        service.retry("acme", bench.job.job_id, BY)


def test_resolving_twice_changes_nothing(service, bench):
    first = service.resolve("acme", bench.job.job_id, BY)
    assert (first.resolution, first.steps[-1].by) == ("by_hand", BY)
    assert service.resolve("acme", bench.job.job_id, "member:other") == first


def test_a_change_that_meets_another_is_made_upon_it(service, bench):
    bench.jobs.before_put = lambda: service.retry("acme", bench.job.job_id, BY)
    resolved = service.resolve("acme", bench.job.job_id, BY)
    assert [step.name for step in resolved.steps] == ["recorded", "parked", "asked", "resolved"]


def test_a_list_shows_what_is_open_and_only_ones_own(service, bench):
    bench.source.die(replace(WORK, tenant_id="globex", id="g"))
    bench.run()
    assert [job.tenant_id for job in service.page("acme", Filter(), None, 10).jobs] == ["acme"]
    assert {job.tenant_id for job in service.page(None, Filter(), None, 10).jobs} == {"acme", "globex"}
    service.resolve("acme", service.page("acme", Filter(), None, 10).jobs[0].job_id, BY)
    assert service.page("acme", Filter(), None, 10).jobs == ()
    assert len(service.page("acme", Filter(state="resolved"), None, 10).jobs) == 1


def test_only_old_resolved_jobs_of_ones_own_are_removed(service, bench):
    for tenant, number in (("acme", 1), ("acme", 2), ("globex", 3)):
        bench.source.die(replace(WORK, tenant_id=tenant, id=f"work-{number}"))
    bench.run()
    for job in list(bench.jobs.items.values()):
        if job.work.id in {"work-1", "work-3"}:
            service.resolve(None, job.job_id, BY)
    assert service.clean("acme", timedelta(days=1)) == (0, False)
    bench.clock.advance(days=2)
    assert service.clean("acme", timedelta(days=1)) == (1, False)
    assert sorted(job.work.id for job in bench.jobs.items.values()) == [WORK.id, "work-2", "work-3"]
    assert service.clean(None, timedelta(days=1)) == (1, False)


def test_a_job_that_never_stands_still_is_a_conflict(bench):
    class Restless(FakeJobs):
        def put(self, tenant_id, job):
            return False

    with pytest.raises(Conflict):
        DeadLetters(Restless(bench.jobs.items), bench.clock).resolve("acme", bench.job.job_id, BY)
