"""`/v1/flags`: flags evaluated for the caller's tenant, and their definitions for operators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Response

from vigil.access.flags.model import KNOWN_FLAGS, Evaluation
from vigil.access.flags.schemas import FLAG_NAME, EvaluationBody, FlagDefinition, FlagList, FlagView
from vigil.access.flags.service import Flags, Precondition
from vigil.web.app_state import from_app
from vigil.web.bodies import BoundedRoute
from vigil.web.etags import cacheable
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends

router = APIRouter(prefix="/v1/flags", tags=["flags"], route_class=IdempotentRoute)
evaluation_router = APIRouter(prefix="/v1/flags", tags=["flags"], route_class=BoundedRoute)
Reader = Annotated[Principal, requires("flags:read")]
Writer = Annotated[Principal, requires("flags:write")]
Name = Annotated[str, Path(max_length=64, pattern=FLAG_NAME)]
Service = Annotated[Flags, from_app("flags")]


async def precondition(
    if_match: Annotated[
        str | None, Header(alias="If-Match", max_length=256, description="Current ETag of the flag.")
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(alias="If-None-Match", max_length=1, pattern=r"^\*$", description="`*` to create a new flag."),
    ] = None,
) -> Precondition | None:
    """Return the precondition of a change, or None if the request has no precondition header."""
    if if_match is not None:
        return Precondition(tags=tuple(tag.strip() for tag in if_match.split(",")))
    return Precondition(absent=True) if if_none_match is not None else None


@router.get("", name="list", summary="List flags", dependencies=[cacheable(0)], responses=responses(401, 403, 422))
async def page(flags: Service, caller: Reader) -> FlagList:
    """Return all flags, evaluated for your tenant. A change reaches every instance within a minute."""
    return _list(flags, caller)


@evaluation_router.post(
    "/evaluate", summary="Evaluate flags for a subject", responses=responses(400, 401, 403, 413, 415, 422)
)
async def evaluate(body: EvaluationBody, flags: Service, caller: Reader) -> FlagList:
    """Return all flags, evaluated for one of your subjects."""
    return _list(flags, caller, body.subject_id)


@router.get(
    "/{name}",
    summary="Fetch a flag",
    dependencies=[cacheable(0)],
    responses=responses(401, 403, 404, 422, 503),
)
async def get(name: Name, flags: Service, response: Response, caller: Reader) -> FlagView:
    """Return a flag, evaluated for your tenant. For operators, `ETag` is the value that a change must send."""
    if not caller.has_permission("flags:write"):
        return _view(flags.evaluation(name, caller.tenant_id), caller)
    flags.expire()  # an operator needs the stored definition, not the cached one
    evaluation = flags.evaluation(name, caller.tenant_id)
    response.headers["ETag"] = (
        evaluation.flag.etag()
    )  # only for operators: it reveals changes that concern other tenants
    return _view(evaluation, caller)


@router.put(
    "/{name}",
    name="set",
    summary="Define a flag",
    responses={
        200: sends("ETag"),
        201: {"model": FlagView, "description": "A new flag"} | sends("ETag"),
        **responses(401, 403, 412, 413, 415, 428),
    },
)
async def define(
    name: Name,
    body: FlagDefinition,
    flags: Service,
    response: Response,
    caller: Writer,
    expected: Annotated[Precondition | None, Depends(precondition)],
) -> FlagView:
    """Define a flag for the whole deployment. Only for operators; `If-Match` prevents lost updates."""
    flag = body.to_flag(name)
    response.status_code = 201 if flags.define(flag, expected, caller.key_id) else 200
    response.headers["ETag"] = flag.etag()
    return _view(flags.evaluation(name, caller.tenant_id), caller)


def _list(flags: Flags, caller: Principal, subject_id: str | None = None) -> FlagList:
    digest, found = flags.evaluations(caller.tenant_id, subject_id)
    return FlagList(digest=digest, flags=[_view(evaluation, caller) for evaluation in found])


def _view(evaluation: Evaluation, caller: Principal) -> FlagView:
    flag = evaluation.flag
    return FlagView(
        name=flag.name,
        description=flag.description,
        on=evaluation.on,
        obeyed=flag.name in KNOWN_FLAGS,
        definition=FlagDefinition.from_flag(flag) if caller.has_permission("flags:write") else None,
    )
