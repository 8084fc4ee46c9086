"""`/v1/scores`: score one subject, fetch a decision, list decisions."""

import json
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from vigil.decisions.scoring.model import Conditions, LedgerRow, ScoreRequest
from vigil.decisions.scoring.schemas import DecisionPage, DecisionView, ScoreBody
from vigil.decisions.scoring.service import Scoring
from vigil.kernel.pseudonyms import PSEUDONYM
from vigil.runtime import correlation, telemetry
from vigil.web import gateway
from vigil.web.app_state import from_app
from vigil.web.etags import cacheable
from vigil.web.fast_route import FastRoute
from vigil.web.idempotency import IdempotencyKey
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import MAX_SUBJECT_ID, responses, sends

router = APIRouter(prefix="/v1/scores", tags=["scores"], route_class=FastRoute)
Reader = Annotated[Principal, requires("scores:read")]
Scorer = Annotated[Principal, requires("scores:write")]
Service = Annotated[Scoring, from_app("scoring")]


@router.post(
    "",
    name="create",
    summary="Score one subject",
    status_code=201,
    response_model=DecisionView,
    responses={
        200: {"model": DecisionView, "description": "Replayed: the answer to an earlier request with the same key"}
        | sends("Location", "Idempotency-Replayed"),
        201: sends("Location"),
        **responses(400, 401, 402, 403, 410, 413, 415, 422, 503),
    },
)
async def score(
    request: Request, scoring: Service, body: ScoreBody, caller: Scorer, idempotency_key: IdempotencyKey = None
) -> Response:
    """Score one subject. A repeated request with the same `Idempotency-Key` returns the first answer, byte for byte."""
    outcome = scoring.score(
        caller.tenant_id,
        ScoreRequest(body.model, body.subject_id, body.features, body.history, body.as_of, body.explain, body.groups),
        idempotency_key,
        correlation.current.get(),
        Conditions(caller.limits.predictions_per_month, caller.limits.hard_stop, caller.consents),
    )
    facts = telemetry.current.get()
    facts.band, facts.replayed, facts.explained = outcome.band, outcome.replayed, outcome.explained
    facts.abstained = ",".join(outcome.reasons) or None
    headers = {"Location": f"{gateway.stage_prefix(request)}/v1/scores/{outcome.row.decision_id}"}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    return _answer(outcome.row, 200 if outcome.replayed else 201, headers)


# A decision never changes. One hour limits the lifetime of a cached copy after an erasure.
@router.get(
    "/{decision_id}",
    summary="Fetch a decision",
    response_model=DecisionView,
    dependencies=[cacheable(3600, immutable=True)],
    responses=responses(401, 403, 404, 410, 503),
)
async def get(scoring: Service, decision_id: Annotated[str, Path(max_length=64)], caller: Reader) -> Response:
    """Return one of your decisions with the bytes of the original answer."""
    return _answer(scoring.get(caller.tenant_id, decision_id), 200)


@router.get(
    "",
    name="list",
    summary="List decisions",
    response_model=DecisionPage,
    responses=responses(400, 401, 403, 422, 503),
)
async def page(
    scoring: Service,
    caller: Reader,
    place: RequestedPage,
    subject: Annotated[
        str | None,
        Query(max_length=MAX_SUBJECT_ID, pattern=PSEUDONYM, description="A pseudonym: see POST /v1/subjects/lookup."),
    ] = None,
    limit: PageSize = 20,
) -> Response:
    """List your decisions, newest first, optionally for one subject. A new decision can take a second to appear."""
    scope = f"scores\n{caller.tenant_id}\n{subject or ''}"
    found = scoring.page(caller.tenant_id, subject, place.after(scope), limit)
    next_cursor = json.dumps(place.next_cursor(scope, found.next))
    content = f'{{"items":[{",".join(found.summaries)}],"next_cursor":{next_cursor}}}'
    return Response(content, media_type="application/json")


def _answer(row: LedgerRow, status: int, headers: dict[str, str] | None = None) -> Response:
    facts = telemetry.current.get()
    facts.model, facts.model_version, facts.decision_id = row.model.name, row.model.version, row.decision_id
    return Response(row.body, status, headers, media_type="application/json")
