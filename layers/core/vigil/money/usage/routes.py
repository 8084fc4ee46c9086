"""`/v1/usage`, `/v1/tenants/{tenant_id}/usage`: what a tenant has used of a month, and what is left of it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from vigil.kernel.time import month_of, next_month_start
from vigil.money.usage.model import METERS, Day, Meter, total
from vigil.money.usage.service import Usage
from vigil.web.schemas import responses
from vigil.web.tenant_routes import TargetTenant, target_tenant, tenant_route

router = APIRouter(tags=["usage"])

Granularity = Literal["day", "month"]


class UsageCounts(BaseModel):
    """What is counted of a day or of a month."""

    predictions: int = Field(description="Decisions in the ledger; a replay is none. Seconds behind.")
    api_calls: int = Field(description="Requests that were let in, whatever they were answered; five minutes behind.")
    storage_byte_hours: int = Field(
        description="Bytes of files, every hour's added up; a gigabyte-month is about 730 GB."
    )
    database_byte_hours: int = Field(description="The same of decisions and batches in the database.")
    llm_input_tokens: int
    llm_output_tokens: int
    embedding_tokens: int
    audio_seconds: int
    sms_messages: int
    emails: int
    webhooks: int


class UsageItem(UsageCounts):
    """The counts of one day (`2026-11-21`) or month (`2026-11`), by UTC."""

    period: str


class StoredView(BaseModel):
    """What is stored, in bytes."""

    storage_bytes: int = Field(description="Files of batches, every version counted; up to 70 minutes behind.")
    database_bytes: int = Field(description="Decisions and batches, with their indexes; seconds behind.")


class LimitsView(BaseModel):
    """What the tenant may use; null is without limit. Requests are per key."""

    predictions_per_month: int | None
    per_minute: int
    per_hour: int
    storage_gb: int | None


class QuotaView(BaseModel):
    """The month's predictions as the ledger charges them: exact, and never behind. Without a limit none are."""

    limit: int | None
    used: int | None = Field(description="Charged decisions and what batches have set aside.")
    left: int | None
    resets_at: str = Field(json_schema_extra={"format": "date-time"})


class UsageView(BaseModel):
    """The use of a month."""

    tenant_id: str
    period: str
    granularity: Granularity
    items: list[UsageItem]
    total: UsageCounts
    stored: StoredView
    quota: QuotaView
    limits: LimitsView
    as_of: str = Field(json_schema_extra={"format": "date-time"})


@tenant_route(router, "/usage", summary="What was used, and what is left", responses=responses(401, 403, 404, 422, 503))
async def usage(
    request: Request,
    whose: Annotated[TargetTenant, target_tenant("usage:read")],
    period: Annotated[
        str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="A month, UTC; this one.")
    ] = None,
    granularity: Granularity = "day",
) -> UsageView:
    """Return the use of a month by day or in one sum, the limits that hold now, and what is left of the quota."""
    metering: Usage = request.app.state.usage
    now = datetime.now(UTC)
    limits = whose.limits
    month = period or month_of(now)
    found = metering.month(whose.tenant_id, month)
    limit = limits.predictions_per_month
    whole = total(found.hours)
    rows = found.days if granularity == "day" else (Day(month, whole),)
    return UsageView(
        tenant_id=whose.tenant_id,
        period=month,
        granularity=granularity,
        items=[UsageItem(period=row.day, **_counts(row.amounts)) for row in rows],
        total=UsageCounts(**_counts(whole)),
        stored=StoredView(**asdict(metering.held(whose.tenant_id))),
        quota=QuotaView(
            limit=limit,
            used=None if limit is None else found.used,
            left=None if limit is None else max(limit - found.used, 0),
            resets_at=next_month_start(month).isoformat(),
        ),
        limits=LimitsView(**{name: getattr(limits, name) for name in LimitsView.model_fields}),
        as_of=now.isoformat(timespec="seconds"),
    )


def _counts(amounts: Mapping[Meter, int]) -> dict[str, int]:
    return {meter: amounts.get(meter, 0) for meter in METERS if meter in UsageCounts.model_fields}
