"""`/v1/budgets`: budgets of a tenant by category and period, with their current spend."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from vigil.money.budgets.model import BudgetPeriod
from vigil.money.budgets.schemas import BudgetBody, BudgetList, BudgetView
from vigil.money.budgets.service import Budgets
from vigil.money.costs.model import SpendScope
from vigil.web import gateway
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends

router = APIRouter(prefix="/v1/budgets", tags=["budgets"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("costs:read")]
Writer = Annotated[Principal, requires("budgets:write")]
Service = Annotated[Budgets, from_app("budgets")]


@router.get("", name="list", summary="List budgets", responses=responses(401, 403, 503))
async def list_budgets(budgets: Service, caller: Reader) -> BudgetList:
    """Return every budget of the tenant, with the spend of the current month or day and the alerts."""
    return BudgetList(items=[BudgetView.from_status(status) for status in budgets.list_all(caller.tenant_id)])


@router.get(
    "/{category}/{period}",
    name="get",
    summary="Fetch a budget",
    responses=responses(401, 403, 404, 422, 503),
)
async def get_budget(category: SpendScope, period: BudgetPeriod, budgets: Service, caller: Reader) -> BudgetView:
    """Return a budget with its current spend and alerts."""
    return BudgetView.from_status(budgets.get(caller.tenant_id, category, period))


@router.put(
    "/{category}/{period}",
    name="set",
    summary="Set a budget",
    responses={
        200: sends("Location"),
        201: {"model": BudgetView, "description": "The budget is new"} | sends("Location"),
        **responses(401, 403, 413, 415),
    },
)
async def put_budget(
    request: Request,
    response: Response,
    category: SpendScope,
    period: BudgetPeriod,
    body: BudgetBody,
    budgets: Service,
    caller: Writer,
) -> BudgetView:
    """Set the budget of a category, or of the total, per month or per day.

    A threshold publishes one alert per month or day, even if the limit changes. A hard stop is enforced within one
    minute, because credentials are cached for that time. Earlier spend counts against it.
    """
    status, new = budgets.put(caller.tenant_id, body.to_budget(category, period), caller.key_id)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"{gateway.stage_prefix(request)}/v1/budgets/{category}/{period}"
    return BudgetView.from_status(status)


@router.delete(
    "/{category}/{period}",
    name="delete",
    summary="Delete a budget",
    status_code=204,
    responses=responses(401, 403, 422, 503),
)
async def delete_budget(category: SpendScope, period: BudgetPeriod, budgets: Service, caller: Writer) -> None:
    """Delete a budget and its hard stop. Alerts already sent are kept."""
    budgets.delete(caller.tenant_id, category, period)
