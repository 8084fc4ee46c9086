"""`/v1/dlq`: what died on the queues, another try for it, and an end."""

from datetime import timedelta
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from vigil.operations.dead_letters.model import UNREADABLE, Cause, Filter, Job, Resolution, State, StepName
from vigil.operations.dead_letters.service import DeadLetters
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageRequest
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
    """Something that happened to a job; `attempts` is how often its work had been put back by then."""

    at: str = Field(json_schema_extra={"format": "date-time"})
    name: StepName
    attempts: int
    reason: str | None
    by: str | None = Field(description="Role and key id of who asked for it, if anybody did.")


class JobView(BaseModel):
    """Work that died on a queue."""

    id: str
    tenant_id: str = Field(description="`_operators` where the message could not be read or belongs to many tenants.")
    queue: str
    kind: str
    message_id: str = Field(description="The same work has the same id however often it is sent.")
    correlation_id: str = Field(description="Of the request that led to the work.")
    state: State
    cause: Cause
    reason: str
    attempts: int = Field(description="How often the work was put back on its queue.")
    died_at: str = Field(json_schema_extra={"format": "date-time"}, description="When it died first.")
    changed_at: str = Field(json_schema_extra={"format": "date-time"})
    due_at: str | None = Field(
        json_schema_extra={"format": "date-time"}, description="When the next step is due; taken within a minute."
    )
    resolution: Resolution | None = Field(
        description="`succeeded`: its worker reported the work done. `by_hand`: somebody closed it, whatever became of "
        "the work. `sent_on`: it could be read after all and went on as the message that it is; what became of that "
        "message is a job of its own, if it dies."
    )


class JobDetail(JobView):
    """A job with what its message said, references only, and everything that happened to it."""

    body: str | None = Field(description="Null where the message cannot be read: nobody knows what is in it.")
    steps: list[StepView]


class Wanted(BaseModel):
    """Which jobs to list."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = Field(default=None, description="All but resolved ones where it is not given.")
    queue: str | None = Field(default=None, pattern=_WORD)
    reason: str | None = Field(default=None, pattern=_WORD)
    min_age: str | None = Field(
        default=None, pattern=_AGE, description="Since it died, or was resolved: `30m`, `12h`, `7d`."
    )
    cursor: str | None = Field(default=None, max_length=1024)
    limit: int = Field(default=20, ge=1, le=100)


class JobList(BaseModel):
    """Jobs; `next_cursor` is null on the last page."""

    items: list[JobView]
    next_cursor: str | None = None


class Cleanup(BaseModel):
    """How many jobs were removed, and whether more of that age wait for another call."""

    removed: int
    more: bool


async def current_dead_letters(request: Request) -> DeadLetters:
    """Return the service that `bootstrap` put on the app."""
    return cast("DeadLetters", request.app.state.dead_letters)


Service = Annotated[DeadLetters, Depends(current_dead_letters)]


@router.get("/jobs", summary="List dead work", responses=responses(400, 401, 403, 422, 503))
async def page(request: Request, caller: Reader, dead_letters: Service, wanted: Annotated[Wanted, Query()]) -> JobList:
    """List your dead work, latest first; operators see everybody's. A change may take a second to appear.

    A filter can make a page shorter than its limit: `next_cursor` alone says whether there is more.
    """
    place = PageRequest(request.app.state.cursors, wanted.cursor)
    tenant_id = _tenant(caller)
    scope = "\n".join(map(str, ("dlq", tenant_id, wanted.state, wanted.queue, wanted.reason, wanted.min_age)))

    before = dead_letters.before(_age(wanted.min_age)) if wanted.min_age else None
    jobs = Filter(wanted.state, wanted.queue, wanted.reason, before)
    found = dead_letters.page(tenant_id, jobs, place.after(scope), wanted.limit)
    items = [JobView(**_fields(job)) for job in found.jobs]
    return JobList(items=items, next_cursor=place.next_cursor(scope, found.next))


@router.get("/jobs/{job_id}", summary="One piece of dead work", responses=responses(401, 403, 404, 503))
async def get(job_id: JobId, caller: Reader, dead_letters: Service) -> JobDetail:
    """Return a job with its message and its history."""
    return _detail(dead_letters.get(_tenant(caller), job_id))


@router.post(
    "/jobs/{job_id}/retry", status_code=202, summary="Try it again", responses=responses(401, 403, 404, 409, 413, 503)
)
async def retry(job_id: JobId, caller: Manager, dead_letters: Service) -> JobDetail:
    """Put a job's work back on its queue within a minute, however often it was tried; asking twice changes nothing."""
    return _detail(dead_letters.retry(_tenant(caller), job_id, _who(caller)))


@router.post("/jobs/{job_id}/resolve", summary="Close it", responses=responses(401, 403, 404, 409, 413, 503))
async def resolve(job_id: JobId, caller: Manager, dead_letters: Service) -> JobDetail:
    """Close a job by hand, whatever became of its work; asking twice changes nothing."""
    return _detail(dead_letters.resolve(_tenant(caller), job_id, _who(caller)))


@router.delete("/cleanup", summary="Remove what is resolved", responses=responses(401, 403, 422, 503))
async def clean(
    caller: Manager,
    dead_letters: Service,
    older_than: Annotated[str, Query(pattern=_AGE, description="Since it was resolved: `30m`, `12h`, `7d`.")],
) -> Cleanup:
    """Remove jobs that were resolved at least so long ago; jobs in any other state stay."""
    removed, more = dead_letters.clean(_tenant(caller), _age(older_than))
    return Cleanup(removed=removed, more=more)


def _tenant(caller: Principal) -> str | None:
    """Return whose jobs a caller may touch: None is everybody's."""
    return None if caller.role == "operator" else caller.tenant_id


def _who(caller: Principal) -> str:
    return f"{caller.role}:{caller.key_id}"


def _fields(job: Job) -> dict[str, Any]:
    own = {name: getattr(job, name) for name in JobView.model_fields if hasattr(job, name)}
    return own | {
        "id": job.job_id,
        "kind": job.work.kind,
        "message_id": job.work.id,
        "correlation_id": job.work.correlation_id,
        "attempts": job.work.attempts,
    }


def _detail(job: Job) -> JobDetail:
    body = None if job.work.kind == UNREADABLE else job.work.body
    steps = [StepView(**{name: getattr(step, name) for name in StepView.model_fields}) for step in job.steps]
    return JobDetail(**_fields(job), body=body, steps=steps)
