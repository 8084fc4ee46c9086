"""`/v1/costs`, `/v1/tenants/{tenant_id}/costs`: what a tenant's use costs, by the line or summed up, as JSON or CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator

from vigil.errors import NotFound
from vigil.kernel.time import month_of
from vigil.money.costs.export import as_csv
from vigil.money.costs.model import Category, Key, Line, spend, total
from vigil.money.costs.schemas import CostList, CostView, State, StatementView
from vigil.money.costs.service import Costs
from vigil.web.etags import cacheable
from vigil.web.paging import RequestedPage
from vigil.web.schemas import responses
from vigil.web.tenant_routes import TargetTenant, target_tenant, tenant_route

router = APIRouter(tags=["costs"])
_MONTH = r"20\d\d-(0[1-9]|1[0-2])"
_DAY_SECONDS = 86_400
Whose = Annotated[TargetTenant, target_tenant("costs:read")]


@dataclass(frozen=True, slots=True)
class Selected:
    """What was asked for: a period, its state, the lines, and a name for the selection."""

    period: str
    state: State
    lines: Sequence[Line]
    scope: str


async def current_costs(request: Request) -> Costs:
    """Return the service that `bootstrap` put on the app."""
    return cast("Costs", request.app.state.costs)


Service = Annotated[Costs, Depends(current_costs)]


def _of_the_calendar(period: str | None) -> str | None:
    if period:
        date.fromisoformat(f"{period}-01"[:10])
    return period


async def select(
    costs: Service,
    whose: Whose,
    period: Annotated[
        str | None,
        Query(pattern=rf"^{_MONTH}(-(0[1-9]|[12]\d|3[01]))?$", description="A month or a day, UTC; this month."),
        AfterValidator(_of_the_calendar),
    ] = None,
    category: Annotated[Category | None, Query(description="Only this category.")] = None,
) -> Selected:
    """Return the lines of a period and a category that are a tenant's."""
    period = period or month_of(datetime.now(UTC))
    stated = costs.statement(whose.tenant_id, period[:7])
    days = (line for line in stated.lines if line.day.startswith(period))
    lines = [line for line in days if category in {None, line.category}]
    scope = f"costs\n{whose.tenant_id}\n{period}\n{category}"
    return Selected(period, "closed" if stated.closed_at else "open", lines, scope)


Selection = Annotated[Selected, Depends(select)]


@tenant_route(router, "/costs", summary="What use costs", responses=responses(400, 401, 403, 422, 503))
async def page(
    selected: Selection,
    place: RequestedPage,
    group_by: Annotated[Key | None, Query(description="Sum up; otherwise each line.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> CostList:
    """List what was used and what it costs: a line for each day, meter and version of its price, each rounded once."""
    scope = f"{selected.scope}\n{group_by}"
    after = (place.after(scope) or {"after": ""})["after"]
    rows = [(at, row) for at, row in _rows(selected.lines, group_by) if at > after]
    return CostList(
        period=selected.period,
        state=selected.state,
        total_micros=total(selected.lines),
        items=[row for _, row in rows[:limit]],
        next_cursor=place.next_cursor(scope, {"after": rows[limit - 1][0]} if len(rows) > limit else None),
    )


@tenant_route(
    router,
    "/costs/export",
    summary="Costs as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "Every line"}, **responses(401, 403, 422, 503)},
)
async def export(selected: Selection) -> Response:
    """Return every line of a month or a day as CSV with a head."""
    name = {"Content-Disposition": f'attachment; filename="costs-{selected.period}.csv"'}
    return Response(as_csv(selected.lines), media_type="text/csv", headers=name)


@tenant_route(
    router,
    "/costs/statements/{period}",
    summary="The statement of a closed month",
    dependencies=[cacheable(_DAY_SECONDS, immutable=True)],
    responses=responses(401, 403, 404, 422, 503),
)
async def statement(costs: Service, whose: Whose, period: Annotated[str, Path(pattern=f"^{_MONTH}$")]) -> StatementView:
    """Return a month as it was closed, three days after its end; it never changes."""
    stated = costs.statement(whose.tenant_id, period)
    if stated.closed_at is None:
        raise NotFound("This month is not closed.")
    return StatementView.of(stated)


def _rows(lines: Sequence[Line], group_by: Key | None) -> Iterator[tuple[str, CostView]]:
    """Yield what is listed, each with its place among the others."""
    if group_by is None:
        yield from ((line.place(), CostView.of(line)) for line in lines)
        return
    for name, micros in sorted(spend(lines, group_by).items()):
        yield name, CostView.model_validate({group_by: name, "micros": micros})
