"""`/v1/outcomes`: report, correct and read outcomes."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vigil.decisions.outcomes.model import DecisionWindow, Outcome, OutcomeStatus, RecordedOutcome, Report
from vigil.decisions.outcomes.service import Outcomes
from vigil.kernel.rows import MAX_BATCH_ROWS
from vigil.web.app_state import from_app
from vigil.web.field_types import Boolean, Moment, QueryBoolean, as_whole_number
from vigil.web.idempotency import IdempotentRoute
from vigil.web.paging import PageSize, RequestedPage
from vigil.web.principal import Principal, requires
from vigil.web.schemas import MAX_MODEL_NAME, MAX_SUBJECT_ID, MODEL_NAME, SUBJECT_ID, responses

router = APIRouter(prefix="/v1/outcomes", tags=["outcomes"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("outcomes:read")]
Reporter = Annotated[Principal, requires("outcomes:write")]
Service = Annotated[Outcomes, from_app("outcomes")]


class WindowBody(BaseModel):
    """Every decision about a subject by a model with `as_of` from `start` (inclusive) to `end` (exclusive)."""

    model_config = ConfigDict(extra="forbid")

    subject_id: str = Field(max_length=MAX_SUBJECT_ID, pattern=SUBJECT_ID)
    model: str = Field(max_length=MAX_MODEL_NAME, pattern=MODEL_NAME)
    start: Moment
    end: Moment


class OutcomeBody(BaseModel):
    """One report for exactly one of `decision_id`, `window`, and `batch_id` with `row`."""

    model_config = ConfigDict(extra="forbid")

    decision_id: str | None = Field(
        default=None, min_length=1, max_length=64, description="Id of a decision, or `<batch_id>.<row>`."
    )
    window: WindowBody | None = None
    batch_id: str | None = Field(default=None, min_length=1, max_length=64)
    row: Annotated[int, Field(ge=1, le=MAX_BATCH_ROWS), as_whole_number] | None = Field(
        default=None, description="Number of the row in the results."
    )
    status: OutcomeStatus = Field(
        description="`unresolved`: not known yet. `excluded`: no label by definition, e.g. died or transferred."
    )
    recorded_at: Moment = Field(
        description="Time of the record in your system. A correction has a later one; a repeated report has no effect."
    )
    happened_at: Moment | None = Field(default=None, description="Time of the event, if it happened.")
    treated: Boolean = Field(
        default=False,
        description="True if the subject was helped because of the score. Performance counts such outcomes apart.",
    )

    @model_validator(mode="after")
    def _one_target(self) -> "OutcomeBody":
        if (self.batch_id is None) != (self.row is None):
            raise ValueError("batch_id and row must be given together")
        if sum(target is not None for target in (self.decision_id, self.window, self.batch_id)) != 1:
            raise ValueError("exactly one of decision_id, window, and batch_id with row must be given")
        return self


class OutcomeView(BaseModel):
    """An outcome of one decision."""

    decision_id: str = Field(description="Id of the decision. That of a row of a batch is `<batch_id>.<row>`.")
    model: str
    model_version: int
    status: OutcomeStatus
    recorded_at: str = Field(json_schema_extra={"format": "date-time"})
    received_at: str = Field(json_schema_extra={"format": "date-time"})
    happened_at: str | None
    treated: bool


class OutcomeList(BaseModel):
    """Outcomes; `next_cursor` is null on the last page."""

    items: list[OutcomeView]
    next_cursor: str | None = None


class OutcomeDetail(OutcomeView):
    """The current outcome of a decision, and a page of its reports by `recorded_at`."""

    history: list[OutcomeView]
    next_cursor: str | None = None


@router.post(
    "",
    name="create",
    status_code=201,
    summary="Report an outcome",
    responses={
        200: {"model": OutcomeList, "description": "Replayed: the report is already stored"},
        **responses(401, 403, 404, 410, 413, 415),
    },
)
async def record(outcomes: Service, response: Response, body: OutcomeBody, caller: Reporter) -> OutcomeList:
    """Join a late label to a decision, to a row of a batch, or to every decision in a window.

    Returns one outcome per decision.
    """
    report = Report(body.status, body.recorded_at, body.happened_at, body.treated)
    recorded: tuple[RecordedOutcome, ...]
    if body.window is not None:
        recorded = outcomes.record_window(caller.tenant_id, DecisionWindow(**dict(body.window)), report)
    elif body.batch_id is not None and body.row is not None:
        recorded = (outcomes.record_row(caller.tenant_id, body.batch_id, body.row, report),)
    else:
        recorded = (outcomes.record(caller.tenant_id, str(body.decision_id), report),)
    if all(entry.replayed for entry in recorded):
        response.status_code = 200
        response.headers["Idempotency-Replayed"] = "true"
    return OutcomeList(items=[_view(entry.outcome) for entry in recorded])


@router.get("/{decision_id}", summary="Fetch an outcome", responses=responses(400, 401, 403, 404, 422, 503))
async def get(
    outcomes: Service,
    decision_id: Annotated[str, Path(max_length=64)],
    caller: Reader,
    place: RequestedPage,
    limit: PageSize = 20,
) -> OutcomeDetail:
    """Return the current outcome of one of your decisions, with the history of its corrections, oldest first."""
    scope = f"outcome\n{caller.tenant_id}\n{decision_id}"
    current = outcomes.current(caller.tenant_id, decision_id)
    found = outcomes.history(caller.tenant_id, decision_id, place.after(scope), limit)
    reports = [_view(outcome) for outcome in found.outcomes]
    return OutcomeDetail(**_fields(current), history=reports, next_cursor=place.next_cursor(scope, found.next))


@router.get("", name="list", summary="List outcomes", responses=responses(400, 401, 403, 422, 503))
async def page(
    outcomes: Service,
    caller: Reader,
    place: RequestedPage,
    resolved: Annotated[QueryBoolean, Query(description="False lists the unresolved outcomes instead.")] = True,
    limit: PageSize = 20,
) -> OutcomeList:
    """List the current outcomes of your decisions, last received first. A new one can take a second to appear."""
    scope = f"outcomes\n{caller.tenant_id}\n{resolved}"
    found = outcomes.page(caller.tenant_id, place.after(scope), limit, resolved=resolved)
    return OutcomeList(items=list(map(_view, found.outcomes)), next_cursor=place.next_cursor(scope, found.next))


def _fields(outcome: Outcome) -> dict[str, Any]:
    return {name: getattr(outcome, name) for name in OutcomeView.model_fields}


def _view(outcome: Outcome) -> OutcomeView:
    return OutcomeView(**_fields(outcome))
