"""`/v1/costs/anomalies` and `/v1/costs/projection`: unusual spend and the projected spend of this month."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from vigil.kernel.time import format_timestamp, month_of
from vigil.money.costs.model import Category, SpendScope
from vigil.money.forecasting.model import CONFIDENCE, Anomaly, Projection
from vigil.money.forecasting.service import Anomalies, Projections
from vigil.web.app_state import Now, from_app
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/costs", tags=["costs"])
Reader = Annotated[Principal, requires("costs:read")]
WatchStatus = Literal["watched", "not_enough_history"]
Micros = Annotated[int | None, Field(description="Millionths of a dollar; null with less than two weeks of history.")]
AnomaliesService = Annotated[Anomalies, from_app("anomalies")]
ProjectionsService = Annotated[Projections, from_app("projections")]


class AnomalyView(BaseModel):
    """Spend that chance does not explain. `began` and `seen` are hours, in UTC (`2026-11-21T05`)."""

    anomaly_id: str
    category: Category
    began: str = Field(description="Hour in which the anomaly was found.")
    seen: str = Field(description="Last hour with an excess.")
    hours: int = Field(description="Number of hours, up to `began`, whose total spend exceeds the bound.")
    spent_micros: int
    expected_micros: int
    bound_micros: int = Field(description="Spend that chance does not exceed.")
    found_at: str = Field(json_schema_extra={"format": "date-time"})

    @classmethod
    def from_anomaly(cls, anomaly: Anomaly) -> "AnomalyView":
        """Return the view of an anomaly."""
        names = cls.model_fields.keys() - {"anomaly_id"}
        facts = {name: getattr(anomaly, name) for name in names}
        return cls(anomaly_id=f"{anomaly.category}-{anomaly.number}", **facts)


class WatchView(BaseModel):
    """Watch status of a category. Detection needs four weeks of history, with spend on most days."""

    category: Category
    status: WatchStatus


class AnomalyList(BaseModel):
    """Anomalies that began in a month, latest first."""

    period: str
    currency: str = "USD"
    items: list[AnomalyView]
    watch: list[WatchView] = Field(description="Watch status of each category today.")


class ProjectionView(BaseModel):
    """Spend of a category, or of the total, so far and projected to the end of the month."""

    category: SpendScope
    spent_micros: int
    low_micros: Micros = None
    middle_micros: Micros = None
    high_micros: Micros = None

    @classmethod
    def from_projection(cls, projection: Projection) -> "ProjectionView":
        """Return the view of a projection."""
        names = cls.model_fields.keys() - {"category"}
        return cls(category=projection.scope, **{name: getattr(projection, name) for name in names})


class ProjectionList(BaseModel):
    """Projected spend of this month: from low to high with the probability `level`, separately for each category."""

    period: str
    as_of: str = Field(json_schema_extra={"format": "date-time"})
    currency: str = "USD"
    level: float = CONFIDENCE
    items: list[ProjectionView]


@router.get("/anomalies", summary="List anomalies", responses=responses(401, 403, 422, 503))
async def list_anomalies(
    service: AnomaliesService,
    now: Now,
    caller: Reader,
    period: Annotated[
        str | None,
        Query(
            max_length=7,
            pattern=r"^20\d\d-(0[1-9]|1[0-2])$",
            description="Month, in UTC; the current month by default.",
        ),
    ] = None,
    category: Annotated[Category | None, Query(description="Only this category.")] = None,
) -> AnomalyList:
    """List the anomalies of a month. Spend is checked every five minutes; a small excess is not an anomaly."""
    month = period or month_of(now)
    found = service.month(caller.tenant_id, month)
    return AnomalyList(
        period=month,
        items=[AnomalyView.from_anomaly(one) for one in found.anomalies if category in {None, one.category}],
        watch=[
            WatchView(category=name, status="watched" if enough else "not_enough_history")
            for name, enough in found.watched.items()
            if category in {None, name}
        ],
    )


@router.get("/projection", summary="Project this month's spend", responses=responses(401, 403, 422, 503))
async def get_projection(
    service: ProjectionsService,
    now: Now,
    caller: Reader,
    category: Annotated[SpendScope | None, Query(description="Only this category, or `total`.")] = None,
) -> ProjectionList:
    """Return the spend of this month so far and its projection to the end of the month, as an interval."""
    ends = service.month_end(caller.tenant_id).values()
    return ProjectionList(
        period=month_of(now),
        as_of=format_timestamp(now),
        items=[ProjectionView.from_projection(end) for end in ends if category in {None, end.scope}],
    )
