"""What requests and answers about tenants and keys look like."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vigil.access.tenants.model import MAX_KEY_DAYS, MAX_OVERLAP_HOURS, MAX_OVERRIDES, Tenant, TenantStatus
from vigil.kernel.tenants import Tier
from vigil.web.schemas import DATE_TIME

_CONTROL_CHARACTERS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""Characters that steer a terminal, or turn a text around: names are read by others than who gave them."""
DisplayName = Annotated[str, Field(max_length=100, pattern=rf"^[^{_CONTROL_CHARACTERS}]*$")]
Contact = Annotated[str, Field(max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$", description="An e-mail address.")]
Limit = Annotated[int | None, Field(strict=True, ge=1)]
OverlapHours = Annotated[int, Field(strict=True, ge=0, le=MAX_OVERLAP_HOURS)]


class OverridesBody(BaseModel):
    """Limits agreed apart from the tier's; null gives the tier's back."""

    model_config = ConfigDict(extra="forbid")

    predictions_per_month: Limit = Field(default=None, le=MAX_OVERRIDES["predictions_per_month"])
    per_minute: Limit = Field(default=None, le=MAX_OVERRIDES["per_minute"])
    per_hour: Limit = Field(default=None, le=MAX_OVERRIDES["per_hour"])
    storage_gb: Limit = Field(default=None, le=MAX_OVERRIDES["storage_gb"])


class SettingsBody(BaseModel):
    """What a tenant's own administrators decide; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: DisplayName = ""
    contact: Contact = ""
    max_key_days: int | None = Field(
        default=None, strict=True, ge=1, le=MAX_KEY_DAYS, description="The longest life of a new key; null is none."
    )
    overlap_hours: OverlapHours = Field(default=24, description="For how long a rotated key works beside the new one.")


class TenantBody(BaseModel):
    """A new tenant. Its id is for ever: it leads the keys of all that the tenant owns."""

    model_config = ConfigDict(extra="forbid")

    tenant_id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,31}$")
    tier: Tier = "FREE"
    limits: OverridesBody = OverridesBody()
    settings: SettingsBody = SettingsBody()


class TenantPatch(BaseModel):
    """What is to change; what is left out stays. All but `settings` is for operators."""

    model_config = ConfigDict(extra="forbid")

    tier: Tier | None = None
    status: TenantStatus | None = Field(
        default=None, description="`offboarding` has no way back; it ends, when everything is erased, in `closed`."
    )
    limits: OverridesBody = OverridesBody()
    settings: SettingsBody = SettingsBody()


class LimitsView(BaseModel):
    """What holds, the tier's limits and the agreed ones together; null is without limit."""

    predictions_per_month: int | None
    per_minute: int
    per_hour: int
    storage_gb: int | None


class SettingsView(BaseModel):
    """What a tenant's own administrators decided."""

    name: str
    contact: str
    max_key_days: int | None
    overlap_hours: int
    consents: bool = Field(description="Whether scores look at the consents of persons: since the first was recorded.")


class TenantView(BaseModel):
    """A tenant. `version` is also the ETag."""

    tenant_id: str
    tier: Tier
    status: TenantStatus
    created_at: str = Field(json_schema_extra=DATE_TIME)
    changed_at: str = Field(json_schema_extra=DATE_TIME)
    version: int
    limits: LimitsView
    overrides: dict[str, int] = Field(description="Which limits were agreed apart from the tier's.")
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
    """Return what a request says, without what it leaves out."""
    return body.model_dump(exclude_unset=True)
