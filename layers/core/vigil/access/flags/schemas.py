"""Request and response bodies of the flags API."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vigil.access.flags.model import BUCKET_COUNT, Flag, Stage, Sticky
from vigil.web.field_types import Number, bound_error
from vigil.web.schemas import MAX_SUBJECT_ID, SUBJECT_ID

FLAG_NAME = r"^[a-z][a-z0-9-]{1,63}$"
TenantList = Annotated[
    list[Annotated[str, Field(max_length=32, pattern=r"^[a-z][a-z0-9-]{2,31}$")]], Field(max_length=50)
]


def _two_decimals(percentage: float) -> float:
    if abs(percentage * BUCKET_COUNT / 100 - round(percentage * BUCKET_COUNT / 100)) > 1e-6:
        raise bound_error("has too many decimals", "at most two decimals")
    return percentage


class FlagDefinition(BaseModel):
    """Definition of a flag for the whole deployment."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(min_length=1, max_length=300)
    stages: list[Stage] = Field(
        max_length=4, description="Stages in which the flag can be on; it is off in all others."
    )
    percentage: Annotated[Number, AfterValidator(_two_decimals)] = Field(
        default=0,
        ge=0,
        le=100,
        description="Share of tenants or subjects, besides `allow`. An increase never turns the flag off for one.",
    )
    sticky: Sticky = Field(default="tenant", description="Unit of the percentage: tenants, or the subjects of each.")
    allow: TenantList = Field(default=[], description="Tenants with the flag on, regardless of the percentage.")
    deny: TenantList = Field(default=[], description="Tenants with the flag off, regardless of other fields.")

    @classmethod
    def from_flag(cls, flag: Flag) -> "FlagDefinition":
        """Return the definition of a flag."""
        return cls(**{name: getattr(flag, name) for name in cls.model_fields})

    def to_flag(self, name: str) -> Flag:
        """Return the flag of this definition."""
        lists = {field: tuple(getattr(self, field)) for field in ("stages", "allow", "deny")}
        return Flag(name, self.description, percentage=self.percentage, sticky=self.sticky, **lists)


class EvaluationBody(BaseModel):
    """The subject for which flags are evaluated."""

    model_config = ConfigDict(extra="forbid")

    subject_id: str = Field(
        max_length=MAX_SUBJECT_ID, pattern=SUBJECT_ID, description="Your id of the subject, as in score requests."
    )


class FlagView(BaseModel):
    """A flag, evaluated for the caller's tenant."""

    name: str
    description: str
    on: bool | None = Field(description="Null if it depends on the subject and no subject was given.")
    obeyed: bool = Field(
        description="True if this version of Vigil acts on the flag; other flags are only for API clients."
    )
    definition: FlagDefinition | None = Field(description="Null unless the caller is an operator.")


class FlagList(BaseModel):
    """All flags by name. `digest` is the value that decisions record for this set; null if the set cannot be read."""

    digest: str | None
    flags: list[FlagView]
