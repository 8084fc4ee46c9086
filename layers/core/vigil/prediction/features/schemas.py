"""JSON schema of a patient history: shapes, bounds and validation errors."""

import re
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from vigil.errors import InvalidInput
from vigil.kernel.grammar import YEARS
from vigil.kernel.time import format_day, format_timestamp
from vigil.prediction.features.model import (
    OBSERVATION_SPECS,
    FacilityLevel,
    MaritalStatus,
    ObservationCode,
    PartialDate,
    Regimen,
    Sex,
)
from vigil.prediction.features.viral_loads import FORMS, read_viral_load
from vigil.web.field_types import Boolean, Day, Moment, as_number, as_whole_number, bound_error

_Fact = TypeVar("_Fact")
_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
MAX_APPOINTMENT_INTERVAL = timedelta(days=400)
VALUE_FORMS = f"A number, or good or fair_poor for the code adherence. Forms of a censored viral load: {FORMS}."
"""Description of the value of an observation."""


def _partial_date(value: object) -> PartialDate:
    try:
        if isinstance(value, str) and (match := _PARTIAL.fullmatch(value)):
            year, month, day = (int(part) if part else None for part in match.groups())
            born = PartialDate(year or 0, month, day)
            if born.midpoint().year in YEARS:
                return born
    except ValueError:
        pass
    raise bound_error("must be a date such as 1990, 1990-05 or 1990-05-17", "date YYYY, YYYY-MM or YYYY-MM-DD")


BirthDate = Annotated[
    Any,
    BeforeValidator(_partial_date),
    WithJsonSchema({"type": "string", "maxLength": 10, "pattern": r"^\d{4}(-\d\d(-\d\d)?)?$", "examples": ["1990-05"]}),
]


class HistoryRecord(BaseModel):
    """Base class of the objects in a history; unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_domain(self, kind: type[_Fact]) -> _Fact:
        """Return the domain object of this type with the same fields."""
        return kind(**vars(self))


def _not_before(earlier: str, value: datetime, info: ValidationInfo) -> datetime:
    if earlier in info.data and value < info.data[earlier]:
        raise bound_error(f"must not be before {earlier}", f"at or after {earlier}")
    return value


class RegistrationIn(HistoryRecord):
    """Register entry about the patient and the facility. A later registration replaces an earlier one completely."""

    recorded_at: Moment
    sex: Sex | None = None
    birth_date: BirthDate | None = None
    art_started_on: Day | None = None
    pregnant_at_start: Boolean | None = None
    marital_status: MaritalStatus | None = None
    rural: Boolean | None = None
    distance_km: Annotated[float, Field(ge=0, le=1000), as_number] | None = None
    facility_level: FacilityLevel | None = None
    has_phone: Boolean | None = None

    @field_validator("birth_date", "art_started_on")
    @classmethod
    def _in_the_past(cls, value: date | PartialDate | None, info: ValidationInfo) -> date | PartialDate | None:
        recorded = info.data.get("recorded_at")
        if value is not None and recorded is not None:
            day = value.earliest() if isinstance(value, PartialDate) else value
            if day > recorded.date():
                raise bound_error("must not be after recorded_at", "at or before recorded_at")
        return value

    @field_validator("art_started_on")
    @classmethod
    def _after_birth(cls, value: date | None, info: ValidationInfo) -> date | None:
        born = info.data.get("birth_date")
        if value is not None and born is not None and value < born.earliest():
            raise bound_error("must not be before birth_date", "at or after birth_date")
        return value


class VisitIn(HistoryRecord):
    """One form of a visit, and the next appointment that was booked at it. The forms of a day are one contact."""

    visited_at: Moment
    recorded_at: Moment
    next_appointment: Day | None = None
    scheduled: Boolean | None = None

    @field_validator("recorded_at")
    @classmethod
    def _recorded_after(cls, value: datetime, info: ValidationInfo) -> datetime:
        return _not_before("visited_at", value, info)

    @field_validator("next_appointment")
    @classmethod
    def _soon_after(cls, value: date | None, info: ValidationInfo) -> date | None:
        visited = info.data.get("visited_at")
        if value and visited and not timedelta(0) < value - visited.date() <= MAX_APPOINTMENT_INTERVAL:
            raise bound_error("must be 1 to 400 days after visited_at", "1 to 400 days after visited_at")
        return value


class DispenseIn(HistoryRecord):
    """One dispense of medicine. A day with a dispense is a contact, with or without a visit."""

    dispensed_at: Moment
    recorded_at: Moment
    days_supply: Annotated[int, Field(ge=1, le=400, description="days"), as_whole_number] | None = None
    regimen: Regimen | None = None

    @field_validator("recorded_at")
    @classmethod
    def _recorded_after(cls, value: datetime, info: ValidationInfo) -> datetime:
        return _not_before("dispensed_at", value, info)


class ObservationIn(HistoryRecord):
    """One measurement, in the unit of its code: copies/mL, cells/uL, kg, cm, stage 1 to 4, or good/fair_poor."""

    code: ObservationCode
    observed_at: Moment
    recorded_at: Moment
    value: Annotated[Any, WithJsonSchema({"type": ["number", "string", "object"], "description": VALUE_FORMS})]

    @field_validator("recorded_at")
    @classmethod
    def _recorded_after(cls, value: datetime, info: ValidationInfo) -> datetime:
        return _not_before("observed_at", value, info)

    @field_validator("value")
    @classmethod
    def _within_its_range(cls, value: object, info: ValidationInfo) -> object:
        if value is None:
            raise bound_error("must have a value", "required")
        if "code" in info.data:
            try:
                value = read_viral_load(value) if info.data["code"] == "viral_load" else value
                OBSERVATION_SPECS[info.data["code"]].encode(value)
            except InvalidInput as error:
                raise bound_error(error.errors[0].message, error.errors[0].bound or "") from None
        return value


class HistoryIn(HistoryRecord):
    """A patient's facts, each list in order of time, with at least one visit or dispense.

    Facts recorded after `as_of` are ignored.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [name], "properties": {name: {"minItems": 1}}} for name in ("visits", "dispenses")]
        }
    )

    registrations: Annotated[list[RegistrationIn], Field(max_length=50)] = []
    visits: Annotated[list[VisitIn], Field(max_length=600)] = []
    dispenses: Annotated[list[DispenseIn], Field(max_length=600)] = []
    observations: Annotated[list[ObservationIn], Field(max_length=1200)] = []


def to_json(value: object) -> object:
    """Return a history, or a part of it, as JSON values without None fields; the inverse of parsing.

    Times keep their UTC offset, because features depend on the local calendar day.
    """
    if is_dataclass(value) and not isinstance(value, PartialDate | type):
        given = {f.name: getattr(value, f.name) for f in fields(value)}
        return {name: to_json(part) for name, part in given.items() if part is not None}
    if isinstance(value, tuple):
        return [to_json(part) for part in value]
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, date):
        return format_day(value)
    return str(value) if isinstance(value, PartialDate) else value
