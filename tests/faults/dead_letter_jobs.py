"""All dead-letter jobs of a store."""

from vigil.operations.dead_letters.model import Filter, Job
from vigil.operations.dead_letters.store import DynamoJobs


def all_jobs(store: DynamoJobs) -> list[Job]:
    """Return all jobs of all tenants, open ones first."""
    return [*_pages(store, Filter()), *_pages(store, Filter(state="resolved"))]


def _pages(store: DynamoJobs, wanted: Filter) -> list[Job]:
    jobs, after = [], None
    while True:
        page = store.page(None, wanted, after, 1_000)
        jobs += page.jobs
        if (after := page.next) is None:
            return jobs
