"""`/v1/budgets`: what a tenant means to spend, by category and period, and how that stands."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from vigil.money.budgets.model import Period, Scope
from vigil.money.budgets.schemas import BudgetBody, BudgetList, BudgetView
from vigil.money.budgets.service import Budgets
from vigil.web import gateway
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/budgets", tags=["costs"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("costs:read")]
Writer = Annotated[Principal, requires("budgets:write")]


async def current_budgets(request: Request) -> Budgets:
    """Return the service that `bootstrap` put on the app."""
    return cast("Budgets", request.app.state.budgets)


Service = Annotated[Budgets, Depends(current_budgets)]


@router.get("", summary="List budgets", responses=responses(401, 403, 503))
async def page(budgets: Service, caller: Reader) -> BudgetList:
    """Return every budget of yours, what is spent of it in the present month or on this day, and its alerts."""
    return BudgetList(items=[BudgetView.of(status) for status in budgets.all(caller.tenant_id)])


@router.get("/{category}/{period}", summary="Fetch a budget", responses=responses(401, 403, 404, 422, 503))
async def get(category: Scope, period: Period, budgets: Service, caller: Reader) -> BudgetView:
    """Return a budget and how it stands."""
    return BudgetView.of(budgets.get(caller.tenant_id, category, period))


@router.put(
    "/{category}/{period}",
    summary="Set a budget",
    responses={201: {"model": BudgetView, "description": "A new budget"}, **responses(401, 403, 413, 415)},
)
async def put(
    request: Request,
    response: Response,
    category: Scope,
    period: Period,
    body: BudgetBody,
    budgets: Service,
    caller: Writer,
) -> BudgetView:
    """Set what may be spent on a category, or in total, in each month or on each day.

    A threshold that has alerted does not do so again in the same month or on the same day, whatever becomes of the
    limit. A hard stop holds from the next minute on, as long as credentials are remembered, and counts all that was
    spent before.
    """
    status, new = budgets.put(caller.tenant_id, body.budget(category, period), caller.key_id)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/budgets/{category}/{period}"
    return BudgetView.of(status)


@router.delete(
    "/{category}/{period}", summary="Give a budget up", status_code=204, responses=responses(401, 403, 422, 503)
)
async def delete(category: Scope, period: Period, budgets: Service, caller: Writer) -> None:
    """Give a budget up, if there is one, its hard stop as well; alerts that were sent stay sent."""
    budgets.delete(caller.tenant_id, category, period)
