"""`/v1/costs`, `/v1/tenants/{tenant_id}/costs`: costs of a tenant as lines or sums, in JSON or CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import AfterValidator

from vigil.errors import NotFound
from vigil.kernel.time import month_of
from vigil.money.costs.export import CSV_COLUMNS, to_csv
from vigil.money.costs.model import Category, CostLine, GroupKey, sum_by, sum_micros
from vigil.money.costs.schemas import CostList, CostView, State, StatementView
from vigil.money.costs.service import Costs
from vigil.web.app_state import Now, from_app
from vigil.web.etags import cacheable
from vigil.web.field_types import as_query_whole_number
from vigil.web.paging import RequestedPage
from vigil.web.schemas import responses, sends
from vigil.web.tenant_routes import TargetTenant, target_tenant, tenant_route

router = APIRouter(tags=["costs"])
_MONTH = r"20\d\d-(0[1-9]|1[0-2])"
_DAY_SECONDS = 86_400
_CSV = {
    "description": "Every line",
    "content": {"text/csv": {"schema": {"type": "string"}, "example": f"{','.join(CSV_COLUMNS)}\r\n"}},
}
CostsOwner = Annotated[TargetTenant, target_tenant("costs:read")]


@dataclass(frozen=True, slots=True)
class CostSelection:
    """Selected cost lines of a period, its state, and a name of the selection for page cursors."""

    period: str
    state: State
    lines: Sequence[CostLine]
    scope: str


Service = Annotated[Costs, from_app("costs")]


def _check_calendar(period: str | None) -> str | None:
    if period:
        date.fromisoformat(f"{period}-01"[:10])
    return period


async def select_lines(
    now: Now,
    costs: Service,
    whose: CostsOwner,
    period: Annotated[
        str | None,
        Query(
            max_length=10,
            pattern=rf"^{_MONTH}(-(0[1-9]|[12]\d|3[01]))?$",
            description="Month or day, in UTC; the current month by default.",
        ),
        AfterValidator(_check_calendar),
    ] = None,
    category: Annotated[Category | None, Query(description="Only this category.")] = None,
) -> CostSelection:
    """Return the cost lines of a tenant in a period, optionally of one category."""
    period = period or month_of(now)
    stated = costs.statement(whose.tenant_id, period[:7])
    days = (line for line in stated.lines if line.day.startswith(period))
    lines = [line for line in days if category in {None, line.category}]
    scope = f"costs\n{whose.tenant_id}\n{period}\n{category}"
    return CostSelection(period, "closed" if stated.closed_at else "open", lines, scope)


Selection = Annotated[CostSelection, Depends(select_lines)]


@tenant_route(router, "/costs", name="list", summary="List costs", responses=responses(400, 401, 403, 422, 503))
async def list_costs(
    selected: Selection,
    place: RequestedPage,
    group_by: Annotated[GroupKey | None, Query(description="Return sums by this field instead of lines.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000), as_query_whole_number] = 100,
) -> CostList:
    """List the costs of a period: one line per day, meter and price version, each rounded once."""
    scope = f"{selected.scope}\n{group_by}"
    after = (place.after(scope) or {"after": ""})["after"]
    rows = [(at, row) for at, row in _rows(selected.lines, group_by) if at > after]
    return CostList(
        period=selected.period,
        state=selected.state,
        total_micros=sum_micros(selected.lines),
        items=[row for _, row in rows[:limit]],
        next_cursor=place.next_cursor(scope, {"after": rows[limit - 1][0]} if len(rows) > limit else None),
    )


@tenant_route(
    router,
    "/costs/export",
    name="export",
    summary="Export costs",
    response_class=Response,
    responses={200: _CSV | sends("Content-Disposition"), **responses(401, 403, 422, 503)},
)
async def export_costs(selected: Selection) -> Response:
    """Return every cost line of a month or a day as CSV with a header."""
    name = {"Content-Disposition": f'attachment; filename="costs-{selected.period}.csv"'}
    return Response(to_csv(selected.lines), media_type="text/csv", headers=name)


@tenant_route(
    router,
    "/costs/statements/{period}",
    name="get_statement",
    summary="Fetch a statement",
    dependencies=[cacheable(_DAY_SECONDS, immutable=True)],
    responses=responses(401, 403, 404, 422, 503),
)
async def get_statement(
    costs: Service, whose: CostsOwner, period: Annotated[str, Path(max_length=7, pattern=f"^{_MONTH}$")]
) -> StatementView:
    """Return the statement of a month. A month is closed three days after its end and then never changes."""
    stated = costs.statement(whose.tenant_id, period)
    if stated.closed_at is None:
        raise NotFound("This month is not closed yet; a month closes three days after its end.")
    return StatementView.from_statement(stated)


def _rows(lines: Sequence[CostLine], group_by: GroupKey | None) -> Iterator[tuple[str, CostView]]:
    """Yield the rows of the list with their sort keys."""
    if group_by is None:
        yield from ((line.sort_key(), CostView.from_line(line)) for line in lines)
        return
    for name, micros in sorted(sum_by(lines, group_by).items()):
        yield name, CostView.model_validate({group_by: name, "micros": micros})
