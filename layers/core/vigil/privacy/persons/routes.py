"""`/v1/subjects`: pseudonyms of persons, and consents, export and erasure of a person's data."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vigil.kernel.pseudonyms import PSEUDONYM
from vigil.privacy.persons.schemas import (
    ConsentBody,
    ConsentState,
    ConsentView,
    ErasureView,
    ExportView,
    LookupBody,
    SubjectView,
)
from vigil.privacy.persons.service import PersonRights
from vigil.web import gateway
from vigil.web.app_state import from_app
from vigil.web.bodies import BoundedRoute
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import MAX_SUBJECT_ID, responses, sends

lookup_router = APIRouter(prefix="/v1/subjects", tags=["subjects"], route_class=BoundedRoute)
router = APIRouter(prefix="/v1/subjects/{subject}", tags=["subjects"], route_class=IdempotentRoute)
Subject = Annotated[
    str,
    Path(
        max_length=MAX_SUBJECT_ID,
        pattern=PSEUDONYM,
        description="Pseudonym of the person: see POST /v1/subjects/lookup.",
    ),
]
Reader = Annotated[Principal, requires("consents:read")]
Recorder = Annotated[Principal, requires("consents:write")]
Exporter = Annotated[Principal, requires("subjects:export")]
Eraser = Annotated[Principal, requires("subjects:erase")]
Service = Annotated[PersonRights, from_app("subjects")]


@lookup_router.post("/lookup", summary="Look up a pseudonym", responses=responses(400, 401, 403, 413, 415, 422, 503))
async def lookup(subjects: Service, body: LookupBody, caller: Reader) -> SubjectView:
    """Return the pseudonym of a person, by which URLs name the person. It never changes.

    The answer does not tell whether data of the person is stored, and the request stores nothing.
    """
    return SubjectView(subject=subjects.pseudonym(caller.tenant_id, body.subject_id))


@router.put("/consent", name="set_consent", summary="Record a consent", responses=responses(401, 403, 413, 415))
async def declare(subjects: Service, subject: Subject, body: ConsentBody, caller: Recorder) -> ConsentState:
    """Record given or withdrawn consents. Without consent to `scoring`, requests to score the person are rejected."""
    request_body = body.to_request()
    return ConsentState.from_consent(
        subjects.declare(caller.tenant_id, subject, request_body, caller.key_id, known=caller.consents)
    )


@router.get(
    "/consent",
    name="get_consent",
    summary="Fetch consents",
    responses=responses(400, 401, 403, 404, 422, 503),
)
async def consent(
    subjects: Service, subject: Subject, caller: Reader, place: RequestedPage, limit: PageSize = 20
) -> ConsentView:
    """Return a person's current consents and the declarations, oldest first."""
    scope = f"consent\n{caller.tenant_id}\n{subject}"
    current = subjects.consent(caller.tenant_id, subject)
    found = subjects.declarations(caller.tenant_id, subject, place.after(scope), limit)
    return ConsentView.from_page(current, found, place.next_cursor(scope, found.next))


@router.get("/export", summary="Export a person's data", responses=responses(400, 401, 403, 422, 503))
async def export(
    request: Request,
    subjects: Service,
    subject: Subject,
    caller: Exporter,
    place: RequestedPage,
) -> ExportView:
    """Return all data of a person by store, in one or more parts."""
    scope = f"export\n{caller.tenant_id}\n{subject}"
    found = subjects.export(
        caller.tenant_id,
        subject,
        place.after(scope),
        lambda: request.scope["aws.context"].get_remaining_time_in_millis() / 1e3,
    )
    data = {store: list(map(dict, entries)) for store, entries in found.data.items()}
    return ExportView(data=data, next_cursor=place.next_cursor(scope, found.next))


@router.delete(
    "",
    status_code=202,
    summary="Erase a person's data",
    responses={202: sends("Location"), **responses(401, 403)},
)
async def erase(
    request: Request, subjects: Service, response: Response, subject: Subject, caller: Eraser
) -> ErasureView:
    """Start erasing a person's data. Repeating the request while an erasure runs has no effect."""
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/subjects/{subject}/erasure"
    return ErasureView.from_erasures(subjects.erase(caller.tenant_id, subject, caller.key_id))


@router.get(
    "/erasure",
    name="get_erasure",
    summary="Fetch the state of an erasure",
    responses=responses(401, 403, 404, 422, 503),
)
async def erasure(subjects: Service, subject: Subject, caller: Eraser) -> ErasureView:
    """Return the running erasure of a person, if there is one, and the certificates of completed erasures."""
    return ErasureView.from_erasures(subjects.erasures(caller.tenant_id, subject))
