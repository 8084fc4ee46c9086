"""Request and response bodies of the tenants API."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vigil.access.tenants.model import MAX_KEY_DAYS, MAX_OVERLAP_HOURS, MAX_OVERRIDES, Tenant, TenantStatus
from vigil.kernel.tenants import Tier
from vigil.web.field_types import as_whole_number
from vigil.web.schemas import DATE_TIME

_CONTROL_CHARACTERS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""Characters that control a terminal or reverse the direction of a text: other people read these names."""
DisplayName = Annotated[str, Field(max_length=100, pattern=rf"^[^{_CONTROL_CHARACTERS}]*$")]
Contact = Annotated[
    str, Field(max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$", description="E-mail address, or empty.")
]
Predictions = Annotated[int, Field(ge=1, le=MAX_OVERRIDES["predictions_per_month"]), as_whole_number]
OverlapHours = Annotated[int, Field(ge=0, le=MAX_OVERLAP_HOURS), as_whole_number]


class OverridesBody(BaseModel):
    """Limits agreed separately from the tier; null restores the limit of the tier."""

    model_config = ConfigDict(extra="forbid")

    predictions_per_month: (
        Annotated[int, Field(ge=1, le=MAX_OVERRIDES["predictions_per_month"]), as_whole_number] | None
    ) = None
    per_minute: Annotated[int, Field(ge=1, le=MAX_OVERRIDES["per_minute"]), as_whole_number] | None = None
    per_hour: Annotated[int, Field(ge=1, le=MAX_OVERRIDES["per_hour"]), as_whole_number] | None = None
    storage_gb: Annotated[int, Field(ge=1, le=MAX_OVERRIDES["storage_gb"]), as_whole_number] | None = None
    tenant_per_minute: Annotated[int, Field(ge=1, le=MAX_OVERRIDES["tenant_per_minute"]), as_whole_number] | None = None
    tenant_per_hour: Annotated[int, Field(ge=1, le=MAX_OVERRIDES["tenant_per_hour"]), as_whole_number] | None = None


class SettingsBody(BaseModel):
    """Settings that a tenant's own administrators decide; omitted fields are unchanged."""

    model_config = ConfigDict(extra="forbid")

    name: DisplayName = ""
    contact: Contact = ""
    max_key_days: Annotated[int, Field(ge=1, le=MAX_KEY_DAYS), as_whole_number] | None = Field(
        default=None, description=f"Maximum lifetime of a new key (days); null allows {MAX_KEY_DAYS:,}."
    )
    overlap_hours: OverlapHours = Field(
        default=24, description="Default overlap of a rotated key and the new one (hours)."
    )


class TenantBody(BaseModel):
    """A new tenant. Its id is permanent: it is the first part of every key of the tenant's data."""

    model_config = ConfigDict(extra="forbid")

    tenant_id: str = Field(max_length=32, pattern=r"^[a-z][a-z0-9-]{2,31}$")
    tier: Tier = "FREE"
    limits: OverridesBody = OverridesBody()
    settings: SettingsBody = SettingsBody()


class TenantPatch(BaseModel):
    """Fields to change; omitted fields are unchanged. Fields other than `settings` need `tenants:manage`."""

    model_config = ConfigDict(extra="forbid")

    tier: Tier | None = None
    status: TenantStatus | None = Field(
        default=None, description="`offboarding` is final; the status becomes `closed` when all data is erased."
    )
    limits: OverridesBody = OverridesBody()
    settings: SettingsBody = SettingsBody()


class LimitsView(BaseModel):
    """Effective limits: the limits of the tier with the tenant's overrides; null means unlimited."""

    predictions_per_month: int | None
    per_minute: int = Field(description="Requests of each API key per minute.")
    per_hour: int = Field(description="Requests of each API key per hour.")
    storage_gb: int | None
    tenant_per_minute: int = Field(description="Requests of all API keys together per minute.")
    tenant_per_hour: int = Field(description="Requests of all API keys together per hour.")


class SettingsView(BaseModel):
    """Settings that a tenant's own administrators decided."""

    name: str
    contact: str
    max_key_days: int | None
    overlap_hours: int
    consents: bool = Field(description="True if scores check consents of persons; set by the first recorded consent.")


class TenantView(BaseModel):
    """A tenant. `version` is also the ETag."""

    tenant_id: str
    tier: Tier
    status: TenantStatus
    created_at: str = Field(json_schema_extra=DATE_TIME)
    changed_at: str = Field(json_schema_extra=DATE_TIME)
    version: int
    limits: LimitsView
    overrides: dict[str, int] = Field(description="Limits agreed separately from the tier.")
    settings: SettingsView

    @classmethod
    def from_tenant(cls, tenant: Tenant) -> "TenantView":
        """Return the view of a tenant."""
        return cls(**asdict(tenant) | {"limits": asdict(tenant.limits)})


class TenantList(BaseModel):
    """Tenants by id; `next_cursor` is null on the last page."""

    items: list[TenantView]
    next_cursor: str | None


def provided_fields(body: BaseModel) -> dict[str, Any]:
    """Return the fields that the request contains, without defaults."""
    return body.model_dump(exclude_unset=True)
