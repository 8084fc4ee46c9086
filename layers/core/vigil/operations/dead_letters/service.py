"""Dead letters: what callers may see of them and ask for."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.errors import Conflict, NotFound
from vigil.kernel.time import format_timestamp
from vigil.operations.dead_letters.model import Filter, Job, JobPage
from vigil.operations.dead_letters.ports import Jobs
from vigil.runtime.retries import TryAgain, retry

_TRIES = 5
CLEANED_AT_ONCE = 200


class DeadLetters:
    """Lists, retries, resolves and removes jobs. `tenant_id` is whose the caller may touch: None is everybody's."""

    def __init__(self, jobs: Jobs, clock: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._clock = clock

    def page(self, tenant_id: str | None, wanted: Filter, after: dict[str, str] | None, limit: int) -> JobPage:
        """Return a page of jobs, latest first."""
        return self._jobs.page(tenant_id, wanted, after, limit)

    def before(self, age: timedelta) -> str:
        """Return the moment before which things are at least of this age."""
        return format_timestamp(self._clock() - age)

    def get(self, tenant_id: str | None, job_id: str) -> Job:
        """Return a job; raise NotFound, alike for one that is not there and another tenant's."""
        owner, _, key = job_id.partition(".")
        # A tenant's own shelf is looked at whoever is named, so that not even the time tells.
        job = self._jobs.get(tenant_id or owner, key)
        if job is None or job.job_id != job_id:
            raise NotFound("There is no such job.")
        return job

    def retry(self, tenant_id: str | None, job_id: str, by: str) -> Job:
        """Have a job tried again at the next redrive, however often it was before; one under way stays as it is.

        Raises NotFound, and Conflict for a job that is resolved.
        """

        def asked(job: Job) -> Job | None:
            if job.state == "resolved":
                raise Conflict("The job is resolved; there is nothing to retry.")
            now = self._clock()
            under_way = job.state == "retrying" or (job.state == "waiting" and job.leased(now))
            return None if under_way else job.asked(by, now)

        return self._change(tenant_id, job_id, asked)

    def resolve(self, tenant_id: str | None, job_id: str, by: str) -> Job:
        """Close a job by hand, whatever became of its work; a resolved one stays as it is. Raises NotFound."""

        def closed(job: Job) -> Job | None:
            return None if job.state == "resolved" else job.resolved("by_hand", self._clock(), by)

        return self._change(tenant_id, job_id, closed)

    def clean(self, tenant_id: str | None, age: timedelta) -> tuple[int, bool]:
        """Remove some jobs that were resolved at least so long ago; return how many, and whether more wait."""
        wanted = Filter(state="resolved", before=self.before(age))
        page = self._jobs.page(tenant_id, wanted, None, CLEANED_AT_ONCE)
        return sum(self._jobs.remove(job.tenant_id, job) for job in page.jobs), page.next is not None

    def _change(self, tenant_id: str | None, job_id: str, change: Callable[[Job], Job | None]) -> Job:
        def attempt() -> Job:
            job = self.get(tenant_id, job_id)
            changed = change(job)
            if changed is None or self._jobs.put(job.tenant_id, changed):
                return changed or job
            raise TryAgain

        error = Conflict("The job is changing at this moment; try again.")
        return retry(attempt, attempts=_TRIES, error=error)
