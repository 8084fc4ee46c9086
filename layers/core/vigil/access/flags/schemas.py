"""The JSON of the API of flags, as OpenAPI shows it."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from vigil.access.flags.model import BUCKET_COUNT, Flag, Stage, Sticky

FLAG_NAME = r"^[a-z][a-z0-9-]{1,63}$"
TenantList = Annotated[list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,31}$")]], Field(max_length=50)]


def _two_decimals(percentage: float) -> float:
    if abs(percentage * BUCKET_COUNT / 100 - round(percentage * BUCKET_COUNT / 100)) > 1e-6:
        raise PydanticCustomError("bound", "has too many decimals", {"bound": "at most two decimals"})
    return percentage


class FlagDefinition(BaseModel):
    """How a flag is defined for the whole deployment."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(min_length=1, max_length=300)
    stages: list[Stage] = Field(max_length=4, description="Where it may be on; off for everyone elsewhere.")
    percentage: Annotated[float, AfterValidator(_two_decimals)] = Field(
        default=0,
        strict=True,
        ge=0,
        le=100,
        description="Whom it is on for besides `allow`; whoever is in stays in as it grows.",
    )
    sticky: Sticky = Field(default="tenant", description="What a percentage counts: tenants, or subjects of each.")
    allow: TenantList = Field(default=[], description="Tenants for whom it is on whatever the percentage.")
    deny: TenantList = Field(default=[], description="Tenants for whom it is off whatever else is said.")

    @classmethod
    def from_flag(cls, flag: Flag) -> "FlagDefinition":
        """Return the definition of a flag."""
        return cls(**{name: getattr(flag, name) for name in cls.model_fields})

    def to_flag(self, name: str) -> Flag:
        """Return the flag that is defined like this."""
        lists = {field: tuple(getattr(self, field)) for field in ("stages", "allow", "deny")}
        return Flag(name, self.description, percentage=self.percentage, sticky=self.sticky, **lists)


class FlagView(BaseModel):
    """A flag as the caller's tenant meets it."""

    name: str
    description: str
    on: bool | None = Field(description="Null where it depends on the subject, and none was given.")
    obeyed: bool = Field(description="Whether this version acts on it; otherwise it is for its readers alone.")
    definition: FlagDefinition | None = Field(description="For operators; null for anyone else.")


class FlagList(BaseModel):
    """Every flag by name; `digest` is what decisions made under this set name, null where it cannot be read."""

    digest: str | None
    flags: list[FlagView]
