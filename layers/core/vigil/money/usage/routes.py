"""`/v1/usage`, `/v1/tenants/{tenant_id}/usage`: a tenant's usage of a month, its quota and its limits."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from vigil.kernel.time import format_timestamp, month_of, next_month_start
from vigil.money.usage.model import METERS, Amount, Meter, UsageDay, sum_hours
from vigil.money.usage.service import Usage
from vigil.web.app_state import Now, from_app
from vigil.web.schemas import Quantity, responses
from vigil.web.tenant_routes import TargetTenant, target_tenant, tenant_route

router = APIRouter(tags=["usage"])
Service = Annotated[Usage, from_app("usage")]

Granularity = Literal["day", "month"]


class UsageCounts(BaseModel):
    """Usage of a day or of a month, by meter."""

    predictions: int = Field(description="Decisions in the ledger, without replays; seconds behind.")
    api_calls: int = Field(description="Admitted requests, failed ones included; five minutes behind.")
    storage_byte_hours: int = Field(
        description="Bytes of files, summed over hours; a gigabyte stored for a month is about 730 gigabyte-hours."
    )
    database_byte_hours: int = Field(description="Bytes of decisions and batches in the database, summed over hours.")
    llm_input_tokens: int
    llm_output_tokens: int
    embedding_tokens: int
    audio_seconds: Quantity
    sms_messages: int
    emails: int
    webhooks: int


class UsageItem(UsageCounts):
    """Usage of one day (`2026-11-21`) or month (`2026-11`), in UTC."""

    period: str


class StoredView(BaseModel):
    """Stored bytes."""

    storage_bytes: int = Field(description="Files of batches, all versions included; up to 70 minutes behind.")
    database_bytes: int = Field(description="Decisions and batches, indexes included; seconds behind.")


class UsageLimitsView(BaseModel):
    """Limits of the tenant; null means unlimited."""

    predictions_per_month: int | None
    per_minute: int = Field(description="Requests of each API key per minute.")
    per_hour: int = Field(description="Requests of each API key per hour.")
    storage_gb: int | None
    tenant_per_minute: int = Field(description="Requests of all API keys together per minute.")
    tenant_per_hour: int = Field(description="Requests of all API keys together per hour.")


class QuotaView(BaseModel):
    """Predictions that the month's quota counts, exactly and without delay. Without a limit they are not counted."""

    limit: int | None
    used: int | None = Field(description="Charged decisions and reservations of batches.")
    left: int | None
    resets_at: str = Field(json_schema_extra={"format": "date-time"})


class UsageView(BaseModel):
    """Usage of a month."""

    tenant_id: str
    period: str
    granularity: Granularity
    items: list[UsageItem]
    total: UsageCounts
    stored: StoredView
    quota: QuotaView
    limits: UsageLimitsView
    as_of: str = Field(json_schema_extra={"format": "date-time"})


@tenant_route(router, "/usage", name="get", summary="Fetch usage", responses=responses(401, 403, 404, 422, 503))
async def get_usage(
    service: Service,
    now: Now,
    whose: Annotated[TargetTenant, target_tenant("usage:read")],
    period: Annotated[
        str | None,
        Query(
            max_length=7, pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="Month, in UTC; the current one by default."
        ),
    ] = None,
    granularity: Granularity = "day",
) -> UsageView:
    """Return the usage of a month by day or as one sum, with the current limits and the remaining quota."""
    limits = whose.limits
    month = period or month_of(now)
    found = service.month(whose.tenant_id, month)
    limit = limits.predictions_per_month
    whole = sum_hours(found.hours)
    rows = found.days if granularity == "day" else (UsageDay(month, whole),)
    return UsageView(
        tenant_id=whose.tenant_id,
        period=month,
        granularity=granularity,
        items=[UsageItem(period=row.day, **_counts(row.amounts)) for row in rows],
        total=UsageCounts(**_counts(whole)),
        stored=StoredView(**asdict(service.stored_bytes(whose.tenant_id))),
        quota=QuotaView(
            limit=limit,
            used=None if limit is None else found.used,
            left=None if limit is None else max(limit - found.used, 0),
            resets_at=format_timestamp(next_month_start(month)),
        ),
        limits=UsageLimitsView(**{name: getattr(limits, name) for name in UsageLimitsView.model_fields}),
        as_of=format_timestamp(now),
    )


def _counts(amounts: Mapping[Meter, Amount]) -> dict[str, Any]:
    return {meter: amounts.get(meter, 0) for meter in METERS if meter in UsageCounts.model_fields}
