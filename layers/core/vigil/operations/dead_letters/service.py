"""Access to dead letter jobs: list, retry, resolve and remove."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.errors import Conflict, NotFound
from vigil.kernel.time import format_timestamp
from vigil.operations.dead_letters.model import DeadLetterJob, JobFilter, JobPage
from vigil.operations.dead_letters.ports import JobStore
from vigil.runtime.retries import TryAgain, retry

_TRIES = 5
MAX_DELETED_PER_CALL = 200


class DeadLetters:
    """Lists, retries, resolves and removes jobs. Every method but `time_before` raises Unavailable.

    `tenant_id` restricts access to one tenant; None allows all. `by` is the role and the key id of the caller.
    """

    def __init__(self, jobs: JobStore, clock: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._clock = clock

    def page(self, tenant_id: str | None, wanted: JobFilter, after: dict[str, str] | None, limit: int) -> JobPage:
        """Return a page of jobs, latest first, from the position `after` or from the start for None.

        A filter can make the page shorter than `limit`; only `next` shows if more pages follow.
        """
        return self._jobs.page(tenant_id, wanted, after, limit)

    def time_before(self, age: timedelta) -> str:
        """Return the timestamp of the moment that is `age` ago."""
        return format_timestamp(self._clock() - age)

    def get(self, tenant_id: str | None, job_id: str) -> DeadLetterJob:
        """Return a job. Raises NotFound for an unknown id and for another tenant's job."""
        owner, _, key = job_id.partition(".")
        # Always read the caller's own partition, so that response times do not reveal another tenant's jobs.
        job = self._jobs.get(tenant_id or owner, key)
        if job is None or job.job_id != job_id:
            raise NotFound("There is no such job. GET /v1/dlq/jobs lists all.")
        return job

    def retry(self, tenant_id: str | None, job_id: str, by: str) -> DeadLetterJob:
        """Schedule a job's work for the next redrive, also beyond the attempt limit, and return the job.

        A job that is sent again now is not changed. Raises NotFound, and Conflict for a resolved job and after five
        lost races.
        """

        def asked(job: DeadLetterJob) -> DeadLetterJob | None:
            if job.state == "resolved":
                raise Conflict("The job is resolved. Send the work again as new work.")
            now = self._clock()
            under_way = job.state == "retrying" or (job.state == "waiting" and job.is_leased(now))
            return None if under_way else job.request_retry(by, now)

        return self._change(tenant_id, job_id, asked)

    def resolve(self, tenant_id: str | None, job_id: str, by: str) -> DeadLetterJob:
        """Close a job by hand in every state, and return it. A resolved job is not changed.

        Raises NotFound, and Conflict after five lost races.
        """

        def closed(job: DeadLetterJob) -> DeadLetterJob | None:
            return None if job.state == "resolved" else job.resolve("by_hand", self._clock(), by)

        return self._change(tenant_id, job_id, closed)

    def delete_resolved(self, tenant_id: str | None, age: timedelta) -> tuple[int, bool]:
        """Delete at most 200 jobs that were resolved `age` ago or earlier.

        Return the number of deleted jobs, and True if more remain.
        """
        wanted = JobFilter(state="resolved", before=self.time_before(age))
        page = self._jobs.page(tenant_id, wanted, None, MAX_DELETED_PER_CALL)
        return sum(self._jobs.delete(job.tenant_id, job) for job in page.jobs), page.next is not None

    def _change(
        self, tenant_id: str | None, job_id: str, change: Callable[[DeadLetterJob], DeadLetterJob | None]
    ) -> DeadLetterJob:
        def attempt() -> DeadLetterJob:
            job = self.get(tenant_id, job_id)
            changed = change(job)
            if changed is None or self._jobs.write(job.tenant_id, changed):
                return changed or job
            raise TryAgain

        error = Conflict("The job is being changed by another process; try again.")
        return retry(attempt, attempts=_TRIES, error=error)
