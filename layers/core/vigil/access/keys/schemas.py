"""Request and response bodies of the API keys API."""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field

from vigil.access.keys.model import ApiKey
from vigil.access.keys.service import NewKey
from vigil.access.tenants.schemas import DisplayName, OverlapHours
from vigil.kernel.tenants import Role
from vigil.web.field_types import Moment
from vigil.web.schemas import DATE_TIME


class KeyBody(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")

    role: Role = "member"
    label: DisplayName = ""
    expires_at: Moment | None = Field(default=None, description="Time of expiry, at least one minute from now.")


class RotationBody(BaseModel):
    """Options of a key rotation."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: OverlapHours | None = Field(
        default=None, description="Time in which the old key still works, in hours; default: the tenant's setting."
    )
    expires_at: Moment | None = Field(
        default=None, description="Expiry of the new key; default: the lifetime of the old key, from now on."
    )


class KeyView(BaseModel):
    """A key without its secret."""

    key_id: str
    tenant_id: str
    role: Role
    label: str
    created_at: str = Field(json_schema_extra=DATE_TIME)
    expires_at: str | None = Field(json_schema_extra=DATE_TIME)
    revoked_at: str | None = Field(json_schema_extra=DATE_TIME)
    replaced_by: str | None = Field(description="Id of the key that replaced this one in a rotation.")
    last_used_at: str | None = Field(json_schema_extra=DATE_TIME, description="Up to five minutes late.")

    @classmethod
    def from_key(cls, key: ApiKey) -> "KeyView":
        """Return the view of a key."""
        return cls(**asdict(key))


class NewKeyView(KeyView):
    """A new key with its secret."""

    api_key: str = Field(description="The credential. It is returned only once and not stored.")

    @classmethod
    def from_new_key(cls, new: NewKey) -> "NewKeyView":
        """Return the view of a new key."""
        return cls(**asdict(new.key), api_key=str(new.token))


class KeyList(BaseModel):
    """Keys, oldest first, including revoked and expired ones; `next_cursor` is null on the last page."""

    items: list[KeyView]
    next_cursor: str | None
