"""`/v1/costs/anomalies` and `/v1/costs/projection`: what was unusual of a tenant's spend, and where it will end."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from vigil.kernel.time import month_of
from vigil.money.costs.model import Category
from vigil.money.forecasting.model import CONFIDENCE, Anomaly, Projection, Scope
from vigil.money.forecasting.service import Anomalies, Projections
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/costs", tags=["costs"])
Reader = Annotated[Principal, requires("costs:read")]
Status = Literal["watched", "not_enough_history"]
Micros = Annotated[int | None, Field(description="Millionths of a dollar; null without two weeks of days.")]


class AnomalyView(BaseModel):
    """Spend beyond what chance explains. `began` and `seen` are hours, UTC (`2026-11-21T05`)."""

    anomaly_id: str
    category: Category
    began: str = Field(description="The hour in which it was found.")
    seen: str = Field(description="The last hour in which it was still there.")
    hours: int = Field(description="So many hours up to that one cost too much together.")
    spent_micros: int
    expected_micros: int
    bound_micros: int = Field(description="What chance does not exceed.")
    found_at: str = Field(json_schema_extra={"format": "date-time"})

    @classmethod
    def of(cls, anomaly: Anomaly) -> "AnomalyView":
        """Return how an anomaly is shown."""
        names = cls.model_fields.keys() - {"anomaly_id"}
        facts = {name: getattr(anomaly, name) for name in names}
        return cls(anomaly_id=f"{anomaly.category}-{anomaly.number}", **facts)


class WatchView(BaseModel):
    """Whether a category is watched: it needs four weeks, with spend on most of the days."""

    category: Category
    status: Status


class AnomalyList(BaseModel):
    """The anomalies that began in a month, last first."""

    period: str
    currency: str = "USD"
    items: list[AnomalyView]
    watch: list[WatchView] = Field(description="How things stand today.")


class ProjectionView(BaseModel):
    """What a category, or all, cost so far and will have cost at the end of the month."""

    category: Scope
    spent_micros: int
    low_micros: Micros = None
    middle_micros: Micros = None
    high_micros: Micros = None

    @classmethod
    def of(cls, projection: Projection) -> "ProjectionView":
        """Return how a projection is shown."""
        names = cls.model_fields.keys() - {"category"}
        return cls(category=projection.scope, **{name: getattr(projection, name) for name in names})


class ProjectionList(BaseModel):
    """Where this month will end. Low to high holds the end with the probability `level`; each category by itself."""

    period: str
    as_of: str = Field(json_schema_extra={"format": "date-time"})
    currency: str = "USD"
    level: float = CONFIDENCE
    items: list[ProjectionView]


@router.get("/anomalies", summary="Unusual spend", responses=responses(401, 403, 422, 503))
async def anomalies(
    request: Request,
    caller: Reader,
    period: Annotated[
        str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="A month, UTC; this month.")
    ] = None,
    category: Annotated[Category | None, Query(description="Only this category.")] = None,
) -> AnomalyList:
    """List what was found in a month. Spend is looked at every five minutes; too little of it is no anomaly."""
    service: Anomalies = request.app.state.anomalies
    month = period or month_of(request.app.state.clock())
    found = service.month(caller.tenant_id, month)
    return AnomalyList(
        period=month,
        items=[AnomalyView.of(one) for one in found.anomalies if category in {None, one.category}],
        watch=[
            WatchView(category=name, status="watched" if enough else "not_enough_history")
            for name, enough in found.watched.items()
            if category in {None, name}
        ],
    )


@router.get("/projection", summary="Where this month will end", responses=responses(401, 403, 422, 503))
async def projection(
    request: Request,
    caller: Reader,
    category: Annotated[Scope | None, Query(description="Only this category, or `total`.")] = None,
) -> ProjectionList:
    """Return what this month cost so far, and as an interval what it will have cost at its end."""
    service: Projections = request.app.state.projections
    now: datetime = request.app.state.clock()
    ends = service.month_end(caller.tenant_id).values()
    return ProjectionList(
        period=month_of(now),
        as_of=now.isoformat(timespec="seconds"),
        items=[ProjectionView.of(end) for end in ends if category in {None, end.scope}],
    )
