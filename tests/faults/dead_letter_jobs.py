"""All dead-letter jobs of a store."""

from vigil.operations.dead_letters.model import DeadLetterJob, JobFilter
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs


def all_jobs(store: DynamoDeadLetterJobs) -> list[DeadLetterJob]:
    """Return all jobs of all tenants, open ones first."""
    return [*_pages(store, JobFilter()), *_pages(store, JobFilter(state="resolved"))]


def _pages(store: DynamoDeadLetterJobs, wanted: JobFilter) -> list[DeadLetterJob]:
    jobs, after = [], None
    while True:
        page = store.page(None, wanted, after, 1_000)
        jobs += page.jobs
        if (after := page.next) is None:
            return jobs
