"""Tenants read and change only their own jobs; operators all jobs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.dead_letters import WORK, FakeJobStore
from tests.unit.operations.dead_letters.redrive_fixture import Bench
from vigil.errors import Conflict, NotFound
from vigil.operations.dead_letters.model import JobFilter
from vigil.operations.dead_letters.service import DeadLetters

BY = "member:key"


@pytest.fixture
def bench():
    """One parked job of acme."""
    bench = Bench()
    bench.source.die(WORK, refusal="not-found")
    bench.run()
    return bench


@pytest.fixture
def service(bench):
    return DeadLetters(bench.jobs, bench.clock)


def test_a_tenant_and_the_operators_read_a_job(bench, service):
    assert service.get("acme", bench.job.job_id) == service.get(None, bench.job.job_id) == bench.job


@pytest.mark.parametrize("change", ["get", "retry", "resolve"])
def test_another_tenant_finds_and_changes_no_job(bench, service, change):
    before = bench.job
    arguments = () if change == "get" else (BY,)
    for job_id in (before.job_id, f"globex.{before.key}", "acme", "acme.", ""):
        with pytest.raises(NotFound):
            getattr(service, change)("globex", job_id, *arguments)
    assert bench.job == before


def test_a_retry_sends_parked_work_at_the_next_redrive(bench, service):
    asked = service.retry("acme", bench.job.job_id, BY)
    assert (asked.state, asked.steps[-1].by) == ("waiting", BY)
    bench.run()
    assert bench.source.sent == [replace(WORK, attempts=1)]


def test_a_retry_exceeds_the_attempt_limit_and_a_failure_parks_again(service, bench):
    for attempt in range(1, 6):
        service.retry("acme", bench.job.job_id, BY)
        bench.run()
        bench.source.die(refusal="not-found")
        bench.run()
        assert (bench.job.state, bench.job.work.attempts) == ("parked", attempt)


def test_a_second_retry_request_sends_no_second_message(service, bench):
    service.retry("acme", bench.job.job_id, BY)
    bench.run()
    assert service.retry("acme", bench.job.job_id, BY) == bench.job
    bench.run()
    assert len(bench.source.sent) == 1


def test_a_resolved_job_cannot_be_retried(service, bench):
    service.resolve("acme", bench.job.job_id, BY)
    with pytest.raises(Conflict):
        service.retry("acme", bench.job.job_id, BY)


def test_resolving_twice_changes_nothing(service, bench):
    first = service.resolve("acme", bench.job.job_id, BY)
    assert (first.resolution, first.steps[-1].by) == ("by_hand", BY)
    assert service.resolve("acme", bench.job.job_id, "member:other") == first


def test_a_concurrent_change_is_retried_on_the_new_version(service, bench):
    bench.jobs.before_write = lambda: service.retry("acme", bench.job.job_id, BY)
    resolved = service.resolve("acme", bench.job.job_id, BY)
    assert [step.name for step in resolved.steps] == ["recorded", "parked", "asked", "resolved"]


def test_a_list_shows_only_the_tenants_open_jobs(service, bench):
    bench.source.die(replace(WORK, tenant_id="globex", id="g"))
    bench.run()
    assert [job.tenant_id for job in service.page("acme", JobFilter(), None, 10).jobs] == ["acme"]
    assert {job.tenant_id for job in service.page(None, JobFilter(), None, 10).jobs} == {"acme", "globex"}
    service.resolve("acme", service.page("acme", JobFilter(), None, 10).jobs[0].job_id, BY)
    assert service.page("acme", JobFilter(), None, 10).jobs == ()
    assert len(service.page("acme", JobFilter(state="resolved"), None, 10).jobs) == 1


def test_only_the_tenants_old_resolved_jobs_are_removed(service, bench):
    for tenant, number in (("acme", 1), ("acme", 2), ("globex", 3)):
        bench.source.die(replace(WORK, tenant_id=tenant, id=f"work-{number}"))
    bench.run()
    for job in list(bench.jobs.items.values()):
        if job.work.id in {"work-1", "work-3"}:
            service.resolve(None, job.job_id, BY)
    assert service.delete_resolved("acme", timedelta(days=1)) == (0, False)
    bench.clock.advance(days=2)
    assert service.delete_resolved("acme", timedelta(days=1)) == (1, False)
    assert sorted(job.work.id for job in bench.jobs.items.values()) == [WORK.id, "work-2", "work-3"]
    assert service.delete_resolved(None, timedelta(days=1)) == (1, False)


def test_a_permanently_changing_job_is_a_conflict(bench):
    class Restless(FakeJobStore):
        def write(self, tenant_id, job):
            return False

    with pytest.raises(Conflict):
        DeadLetters(Restless(bench.jobs.items), bench.clock).resolve("acme", bench.job.job_id, BY)
