"""Request and response bodies of the API keys API."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vigil.access.keys.model import ApiKey
from vigil.access.keys.service import NewKey
from vigil.access.tenants.schemas import DisplayName, OverlapHours
from vigil.kernel.tenants import Permission, Role, sort_permissions
from vigil.web.field_types import Moment
from vigil.web.schemas import DATE_TIME

KeyPermissions = Annotated[
    list[Permission],
    Field(min_length=1, max_length=64, description="Permissions of the role that the key gets; default: all of them."),
]


class KeyBody(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")

    role: Role = "member"
    permissions: KeyPermissions | None = None
    label: DisplayName = ""
    expires_at: Moment | None = Field(
        default=None,
        description="Time of expiry, at least one minute from now; default: 365 days, or the tenant's maximum if that "
        "is shorter.",
    )


class RotationBody(BaseModel):
    """Options of a key rotation."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: OverlapHours | None = Field(
        default=None, description="Time in which the old key still works, in hours; default: the tenant's setting."
    )
    expires_at: Moment | None = Field(
        default=None,
        description="Expiry of the new key; default: the lifetime of the old key from now on, or 365 days.",
    )


class KeyView(BaseModel):
    """A key without its secret."""

    key_id: str
    tenant_id: str
    role: Role
    permissions: list[Permission] = Field(description="Everything that the key may do.")
    label: str
    created_at: str = Field(json_schema_extra=DATE_TIME)
    expires_at: str | None = Field(
        json_schema_extra=DATE_TIME, description="Null only for keys of releases without a default expiry."
    )
    revoked_at: str | None = Field(json_schema_extra=DATE_TIME)
    replaced_by: str | None = Field(description="Id of the key that replaced this one in a rotation.")
    last_used_at: str | None = Field(json_schema_extra=DATE_TIME, description="Up to five minutes late.")
    warning: str | None = Field(
        description="Remedy for a key that expires within 30 days, with the day or time; else null."
    )

    @classmethod
    def from_key(cls, key: ApiKey, now: datetime) -> "KeyView":
        """Return the view of a key at a moment."""
        return cls(**_fields(key, now))


class NewKeyView(KeyView):
    """A new key with its secret."""

    api_key: str = Field(description="The credential. It is returned only once and not stored.")

    @classmethod
    def from_new_key(cls, new: NewKey, now: datetime) -> "NewKeyView":
        """Return the view of a new key at a moment."""
        return cls(**_fields(new.key, now), api_key=str(new.token))


class KeyList(BaseModel):
    """Keys, oldest first, including revoked and expired ones; `next_cursor` is null on the last page."""

    items: list[KeyView]
    next_cursor: str | None


def _fields(key: ApiKey, now: datetime) -> dict[str, Any]:
    derived = {"permissions": sort_permissions(key.rights.effective), "warning": key.expiry_warning(now)}
    return asdict(key) | derived
