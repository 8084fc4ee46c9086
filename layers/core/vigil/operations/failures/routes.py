"""`/v1/failures`: groups of errors in the logs, for operators."""

from typing import Annotated

from fastapi import APIRouter, Path

from vigil.operations.failures.model import FailureState
from vigil.operations.failures.schemas import FailureDetail, FailureList, FailureView
from vigil.operations.failures.service import Failures
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/failures", tags=["failures"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("failures:read")]
Manager = Annotated[Principal, requires("failures:manage")]
FailureId = Annotated[str, Path(max_length=64, description="Id of a group of failures: 24 hexadecimal digits.")]
Service = Annotated[Failures, from_app("failures")]


@router.get("", name="list", summary="List failures", responses=responses(400, 401, 403, 422, 503))
async def list_failures(
    _: Reader, failures: Service, place: RequestedPage, state: FailureState = "open", limit: PageSize = 20
) -> FailureList:
    """List groups of failures of a state, latest failure first. A change can take a second to appear."""
    scope = f"failures\n{state}"
    page = failures.page(state, place.after(scope), limit)
    items = [FailureView.from_group(group) for group in page.groups]
    return FailureList(items=items, next_cursor=place.next_cursor(scope, page.next))


@router.get("/{failure_id}", name="get", summary="Fetch a failure", responses=responses(401, 403, 404, 503))
async def get_failure(failure_id: FailureId, _: Reader, failures: Service) -> FailureDetail:
    """Return a group with its exact count and its latest occurrences."""
    return FailureDetail.from_stored(failures.get(failure_id))


@router.post(
    "/{failure_id}/resolve",
    name="resolve",
    summary="Resolve a failure",
    responses=responses(401, 403, 404, 409, 413, 503),
)
async def resolve_failure(failure_id: FailureId, caller: Manager, failures: Service) -> FailureDetail:
    """Record that the next versions of the functions have no such failure. A failure of such a version is a regression.

    A failure without a known version is a regression from 24 hours after this call. A second call has no effect.
    """
    return FailureDetail.from_stored(failures.resolve(failure_id, _actor(caller)))


@router.post(
    "/{failure_id}/ignore", name="ignore", summary="Ignore a failure", responses=responses(401, 403, 404, 409, 413, 503)
)
async def ignore_failure(failure_id: FailureId, caller: Manager, failures: Service) -> FailureDetail:
    """Send no alerts about a group any more. Its failures are still counted. A second call has no effect."""
    return FailureDetail.from_stored(failures.ignore(failure_id, _actor(caller)))


@router.post(
    "/{failure_id}/reopen", name="reopen", summary="Reopen a failure", responses=responses(401, 403, 404, 409, 413, 503)
)
async def reopen_failure(failure_id: FailureId, caller: Manager, failures: Service) -> FailureDetail:
    """Open a resolved or ignored group again. A second call has no effect."""
    return FailureDetail.from_stored(failures.reopen(failure_id, _actor(caller)))


def _actor(caller: Principal) -> str:
    return f"{caller.role}:{caller.key_id}"
