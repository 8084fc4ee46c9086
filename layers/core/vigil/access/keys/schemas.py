"""Request and response bodies of API keys."""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field

from vigil.access.keys.model import ApiKey
from vigil.access.keys.service import NewKey
from vigil.access.tenants.schemas import Name, OverlapHours
from vigil.kernel.tenants import Role
from vigil.web.schemas import DATE_TIME, Timestamp


class KeyBody(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")

    role: Role = "member"
    label: Name = ""
    expires_at: Timestamp | None = Field(default=None, description="When it stops working; a minute ahead at least.")


class RotationBody(BaseModel):
    """How a key is replaced."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: OverlapHours | None = Field(
        default=None, description="For how long the old key still works; the tenant's setting if left out."
    )
    expires_at: Timestamp | None = Field(
        default=None, description="When the new key stops working; if left out it lives as long as the old one was to."
    )


class KeyView(BaseModel):
    """A key, without its secret, which nobody has but its owner."""

    key_id: str
    tenant_id: str
    role: Role
    label: str
    created_at: str = Field(json_schema_extra=DATE_TIME)
    expires_at: str | None = Field(json_schema_extra=DATE_TIME)
    revoked_at: str | None = Field(json_schema_extra=DATE_TIME)
    replaced_by: str | None = Field(description="The key that a rotation made of this one.")
    last_used_at: str | None = Field(json_schema_extra=DATE_TIME, description="Up to five minutes behind.")

    @classmethod
    def of(cls, key: ApiKey) -> "KeyView":
        """Return the view of a key."""
        return cls(**asdict(key))


class NewKeyView(KeyView):
    """A key that was just made, with itself."""

    api_key: str = Field(description="The credential. It is shown this once and kept nowhere.")

    @classmethod
    def made(cls, new: NewKey) -> "NewKeyView":
        """Return the view of a new key."""
        return cls(**asdict(new.key), api_key=str(new.token))


class KeyList(BaseModel):
    """Keys, oldest first, dead ones too; `next_cursor` is null on the last page."""

    items: list[KeyView]
    next_cursor: str | None
