"""`/v1/dlq`: list failed work, retry it, or close it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from vigil.operations.dead_letters.model import (
    UNREADABLE,
    DeadLetterJob,
    JobCause,
    JobFilter,
    JobResolution,
    JobState,
    StepName,
)
from vigil.operations.dead_letters.service import DeadLetters
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/dlq", tags=["dead letters"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("dlq:read")]
Manager = Annotated[Principal, requires("dlq:manage")]

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_AGE = r"^[0-9]{1,4}[mhd]$"
_WORD = r"^[A-Za-z0-9._-]{1,80}$"


def _age(text: str) -> timedelta:
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


JobId = Annotated[str, Path(max_length=128)]


class StepView(BaseModel):
    """One step of a job. `attempts` is the number of redrives at that time."""

    at: str = Field(json_schema_extra={"format": "date-time"})
    name: StepName
    attempts: int
    reason: str | None
    by: str | None = Field(description="Role and key id behind a manual step; null for an automatic step.")


class JobView(BaseModel):
    """Failed work from a queue."""

    id: str
    tenant_id: str = Field(description="`_operators` if the message is unreadable or belongs to several tenants.")
    queue: str
    kind: str
    message_id: str = Field(description="Business id. The same work always has the same id.")
    correlation_id: str = Field(description="Correlation id of the request that created the work.")
    state: JobState
    cause: JobCause
    reason: str
    attempts: int = Field(description="Number of times the work was sent to its queue again.")
    died_at: str = Field(json_schema_extra={"format": "date-time"}, description="Time of the first failure.")
    changed_at: str = Field(json_schema_extra={"format": "date-time"})
    due_at: str | None = Field(
        json_schema_extra={"format": "date-time"}, description="Time of the next step, which follows within a minute."
    )
    resolution: JobResolution | None = Field(
        description="`succeeded`: the worker reported success. `by_hand`: a person closed the job. `sent_on`: the "
        "message became readable and was sent to its queue; a new failure opens a new job."
    )


class JobDetail(JobView):
    """A job with its message body, which contains only references, and its history."""

    body: str | None = Field(description="Null if the message is unreadable.")
    steps: list[StepView]


class JobList(BaseModel):
    """Jobs; `next_cursor` is null on the last page."""

    items: list[JobView]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class JobSelection:
    """Filter of a job list, and its part of the scope of page cursors."""

    jobs: JobFilter
    scope: str


class Cleanup(BaseModel):
    """Number of removed jobs. `more` is true if further old jobs wait for another call."""

    removed: int
    more: bool


Service = Annotated[DeadLetters, from_app("dead_letters")]


async def select_jobs(
    dead_letters: Service,
    state: Annotated[JobState | None, Query(description="Default: all states except `resolved`.")] = None,
    queue: Annotated[str | None, Query(max_length=80, pattern=_WORD)] = None,
    reason: Annotated[str | None, Query(max_length=80, pattern=_WORD)] = None,
    min_age: Annotated[
        str | None,
        Query(max_length=16, pattern=_AGE, description="Minimum time since failure or resolution: `30m`, `12h`, `7d`."),
    ] = None,
) -> JobSelection:
    """Return the filter of a job list."""
    before = dead_letters.time_before(_age(min_age)) if min_age else None
    scope = "\n".join(map(str, (state, queue, reason, min_age)))
    return JobSelection(JobFilter(state, queue, reason, before), scope)


@router.get("/jobs", name="list", summary="List failed work", responses=responses(400, 401, 403, 422, 503))
async def page(
    caller: Reader,
    dead_letters: Service,
    place: RequestedPage,
    selected: Annotated[JobSelection, Depends(select_jobs)],
    limit: PageSize = 20,
) -> JobList:
    """List your failed work, latest first; operators see all tenants. A change can take a second to appear.

    A filter can make a page shorter than its limit. Only `next_cursor` shows if more pages follow.
    """
    tenant_id = _tenant(caller)
    scope = f"dlq\n{tenant_id}\n{selected.scope}"
    found = dead_letters.page(tenant_id, selected.jobs, place.after(scope), limit)
    items = [JobView(**_fields(job)) for job in found.jobs]
    return JobList(items=items, next_cursor=place.next_cursor(scope, found.next))


@router.get("/jobs/{job_id}", summary="Fetch a job", responses=responses(401, 403, 404, 503))
async def get(job_id: JobId, caller: Reader, dead_letters: Service) -> JobDetail:
    """Return a job with its message and its history."""
    return _detail(dead_letters.get(_tenant(caller), job_id))


@router.post(
    "/jobs/{job_id}/retry", status_code=202, summary="Retry a job", responses=responses(401, 403, 404, 409, 413, 503)
)
async def retry(job_id: JobId, caller: Manager, dead_letters: Service) -> JobDetail:
    """Send a job's work to its queue within a minute, also beyond the attempt limit. A second call has no effect."""
    return _detail(dead_letters.retry(_tenant(caller), job_id, caller.actor))


@router.post("/jobs/{job_id}/resolve", summary="Close a job", responses=responses(401, 403, 404, 409, 413, 503))
async def resolve(job_id: JobId, caller: Manager, dead_letters: Service) -> JobDetail:
    """Close a job by hand, in any state. A second call has no effect."""
    return _detail(dead_letters.resolve(_tenant(caller), job_id, caller.actor))


@router.delete("/cleanup", summary="Remove resolved jobs", responses=responses(401, 403, 422, 503))
async def clean(
    caller: Manager,
    dead_letters: Service,
    older_than: Annotated[
        str, Query(max_length=16, pattern=_AGE, description="Minimum time since resolution: `30m`, `12h`, `7d`.")
    ],
) -> Cleanup:
    """Remove jobs that were resolved at least this long ago, at most 200 per call. Jobs in other states remain."""
    removed, more = dead_letters.delete_resolved(_tenant(caller), _age(older_than))
    return Cleanup(removed=removed, more=more)


def _tenant(caller: Principal) -> str | None:
    """Return the tenant that a caller may access; None for operators, because they may access all tenants."""
    return None if caller.role == "operator" else caller.tenant_id


def _fields(job: DeadLetterJob) -> dict[str, Any]:
    own = {name: getattr(job, name) for name in JobView.model_fields if hasattr(job, name)}
    return own | {
        "id": job.job_id,
        "kind": job.work.kind,
        "message_id": job.work.id,
        "correlation_id": job.work.correlation_id,
        "attempts": job.work.attempts,
    }


def _detail(job: DeadLetterJob) -> JobDetail:
    body = None if job.work.kind == UNREADABLE else job.work.body
    steps = [StepView(**{name: getattr(step, name) for name in StepView.model_fields}) for step in job.steps]
    return JobDetail(**_fields(job), body=body, steps=steps)
