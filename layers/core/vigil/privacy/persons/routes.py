"""`/v1/subjects/{subject_id}`: a person's consents, all that is kept of one, and its erasure."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vigil.privacy.persons.schemas import ConsentBody, ConsentView, ErasureView, ExportView
from vigil.privacy.persons.service import Subjects
from vigil.web import gateway
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import SUBJECT_ID, responses

router = APIRouter(prefix="/v1/subjects/{subject_id}", tags=["subjects"], route_class=IdempotentRoute)
SubjectId = Annotated[str, Path(pattern=SUBJECT_ID)]
Reader = Annotated[Principal, requires("consents:read")]
Recorder = Annotated[Principal, requires("consents:write")]
Exporter = Annotated[Principal, requires("subjects:export")]
Eraser = Annotated[Principal, requires("subjects:erase")]


@router.put("/consent", summary="Record a consent", responses=responses(401, 403, 413, 415))
async def declare(request: Request, subject_id: SubjectId, body: ConsentBody, caller: Recorder) -> ConsentView:
    """Record what a person gives or withdraws. Without the one to scoring, the person is not scored any more."""
    subjects: Subjects = request.app.state.subjects
    said = body.said()
    return ConsentView.of(subjects.declare(caller.tenant_id, subject_id, said, caller.key_id, known=caller.consents))


@router.get("/consent", summary="Fetch consents", responses=responses(401, 403, 404, 422, 503))
async def consent(request: Request, subject_id: SubjectId, caller: Reader) -> ConsentView:
    """Return what holds of a person's consents, and every declaration that led there."""
    subjects: Subjects = request.app.state.subjects
    return ConsentView.of(subjects.consent(caller.tenant_id, subject_id))


@router.get("/export", summary="Fetch all of a person", responses=responses(400, 401, 403, 422, 503))
async def export(
    request: Request,
    subject_id: SubjectId,
    caller: Exporter,
    place: RequestedPage,
) -> ExportView:
    """Return all that is kept of a person, by store, in as many parts as it takes."""
    subjects: Subjects = request.app.state.subjects

    scope = f"export\n{caller.tenant_id}\n{subject_id}"
    found = subjects.export(
        caller.tenant_id,
        subject_id,
        place.after(scope),
        lambda: request.scope["aws.context"].get_remaining_time_in_millis() / 1e3,
    )
    data = {store: list(map(dict, entries)) for store, entries in found.data.items()}
    return ExportView(data=data, next_cursor=place.next_cursor(scope, found.next))


@router.delete("", status_code=202, summary="Erase a person", responses=responses(401, 403))
async def erase(request: Request, response: Response, subject_id: SubjectId, caller: Eraser) -> ErasureView:
    """Begin to erase all that is kept of a person by now; asking again while that is under way begins nothing."""
    subjects: Subjects = request.app.state.subjects
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/subjects/{subject_id}/erasure"
    return ErasureView.of(subjects.erase(caller.tenant_id, subject_id, caller.key_id))


@router.get("/erasure", summary="How an erasure stands", responses=responses(401, 403, 404, 422, 503))
async def erasure(request: Request, subject_id: SubjectId, caller: Eraser) -> ErasureView:
    """Return how far the erasure of a person is, and the signed certificates of those that are done."""
    subjects: Subjects = request.app.state.subjects
    return ErasureView.of(subjects.erasures(caller.tenant_id, subject_id))
