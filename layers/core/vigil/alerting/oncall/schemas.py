"""JSON of members and schedules, as shown in OpenAPI."""

from datetime import time
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from vigil.alerting.oncall.model import (
    MAX_EVERY,
    MAX_LAYERS,
    MAX_OVERRIDES,
    MAX_PEOPLE,
    MAX_WINDOWS,
    Layer,
    Member,
    Override,
    RotationUnit,
    Schedule,
    Shift,
    Window,
)
from vigil.alerting.oncall.service import OnCallNow
from vigil.kernel.time import format_day, format_timestamp, format_wall_time
from vigil.web.field_types import Day, Moment, as_whole_number
from vigil.web.schemas import DATE_TIME

_NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
_ADDRESS = r"^[!-?A-~]+@[!-?A-~]+$"
_KEY_ID = r"^[0-9a-f]{16}$"
_WALL_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_ZONE = r"^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]*){1,2})$"

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=_NO_CONTROL_CHARACTERS)]
Address = Annotated[str, Field(max_length=254, pattern=_ADDRESS, description="E-mail address.")]
KeyId = Annotated[str, Field(max_length=16, pattern=_KEY_ID)]
MemberId = Annotated[str, Field(max_length=40)]
WallTime = Annotated[str, Field(max_length=5, pattern=_WALL_TIME, description="Local time of day, such as 09:00.")]
Zone = Annotated[str, Field(max_length=64, pattern=_ZONE, description="IANA time zone, such as Europe/Berlin.")]


class MemberBody(BaseModel):
    """A person of the tenant for on-call duty."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    address: Address
    key_id: KeyId | None = Field(default=None, description="Id of the API key that this person uses.")

    def to_member(self, member_id: str = "") -> Member:
        """Return the member of this body. An id of "" is for a new member."""
        return Member(member_id, self.name, self.address, self.key_id)


class MemberView(BaseModel):
    """A person of the tenant for on-call duty. `address` is null for callers without `alerting:configure`."""

    id: str
    name: str
    address: str | None
    key_id: str | None
    version: int

    @classmethod
    def from_member(cls, member: Member, with_address: bool) -> "MemberView":
        """Return the view of a member. Its address is None without `with_address`."""
        address = member.address if with_address else None
        return cls(id=member.member_id, name=member.name, address=address, key_id=member.key_id, version=member.version)


class MemberList(BaseModel):
    """All members, in order of their ids."""

    items: list[MemberView]


class DutyHours(BaseModel):
    """Local hours in which a layer is on duty. An end that is not after the start is on the next day."""

    model_config = ConfigDict(extra="forbid")

    weekdays: list[Weekday] = Field(min_length=1, max_length=7, description="Weekdays of the start.")
    starts_at: WallTime
    ends_at: WallTime

    def to_window(self) -> Window:
        """Return the window of this body."""
        days = tuple(_WEEKDAYS.index(day) for day in self.weekdays)
        return Window(days, time.fromisoformat(self.starts_at), time.fromisoformat(self.ends_at))

    @classmethod
    def from_window(cls, window: Window) -> "DutyHours":
        """Return the body of a window."""
        starts, ends = format_wall_time(window.starts_at), format_wall_time(window.ends_at)
        return cls(weekdays=[_WEEKDAYS[day] for day in window.weekdays], starts_at=starts, ends_at=ends)


class LayerBody(BaseModel):
    """A rotation. Its members take turns of whole local days or weeks."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    people: list[MemberId] = Field(
        min_length=1, max_length=MAX_PEOPLE, description="Ids of members, in the order of their turns."
    )
    every: Annotated[int, Field(ge=1, le=MAX_EVERY), as_whole_number] = Field(
        default=1, description="Length of a turn in `unit`."
    )
    unit: RotationUnit = "week"
    starts_on: Day = Field(description="Local day of the first turn. Turns of weeks begin on its weekday.")
    hand_off_at: WallTime
    windows: list[DutyHours] = Field(
        default=[], max_length=MAX_WINDOWS, description="Hours on duty. Without windows, the duty has no pause."
    )

    def to_layer(self) -> Layer:
        """Return the layer of this body."""
        return Layer(
            self.name,
            tuple(self.people),
            self.every,
            self.unit,
            self.starts_on,
            time.fromisoformat(self.hand_off_at),
            tuple(window.to_window() for window in self.windows),
        )


class LayerView(BaseModel):
    """A rotation of a schedule."""

    name: str
    people: list[str]
    every: int
    unit: RotationUnit
    starts_on: str = Field(json_schema_extra={"format": "date"})
    hand_off_at: str
    windows: list[DutyHours]

    @classmethod
    def from_layer(cls, layer: Layer) -> "LayerView":
        """Return the view of a layer."""
        return cls(
            name=layer.name,
            people=list(layer.people),
            every=layer.every,
            unit=layer.unit,
            starts_on=format_day(layer.starts_on),
            hand_off_at=format_wall_time(layer.hand_off_at),
            windows=list(map(DutyHours.from_window, layer.windows)),
        )


class OverrideBody(BaseModel):
    """One member in place of all layers, from `starts_at` until before `ends_at`."""

    model_config = ConfigDict(extra="forbid")

    member_id: MemberId
    starts_at: Moment
    ends_at: Moment


class OverrideView(BaseModel):
    """One member in place of all layers."""

    member_id: str
    starts_at: str = Field(json_schema_extra=DATE_TIME)
    ends_at: str = Field(json_schema_extra=DATE_TIME)


class ScheduleBody(BaseModel):
    """A rotation of members. A later layer replaces earlier ones on duty, and an override replaces all layers."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    zone: Zone
    layers: list[LayerBody] = Field(min_length=1, max_length=MAX_LAYERS)
    overrides: list[OverrideBody] = Field(default=[], max_length=MAX_OVERRIDES)

    def to_schedule(self, schedule_id: str = "") -> Schedule:
        """Return the schedule of this body. An id of "" is for a new schedule."""
        overrides = (Override(each.member_id, each.starts_at, each.ends_at) for each in self.overrides)
        layers = tuple(layer.to_layer() for layer in self.layers)
        return Schedule(schedule_id, self.name, self.zone, layers, tuple(overrides))


class ScheduleView(BaseModel):
    """A schedule with its version."""

    id: str
    name: str
    zone: str
    layers: list[LayerView]
    overrides: list[OverrideView]
    version: int

    @classmethod
    def from_schedule(cls, schedule: Schedule) -> "ScheduleView":
        """Return the view of a schedule."""
        overrides = [
            OverrideView(
                member_id=each.member_id,
                starts_at=format_timestamp(each.starts_at),
                ends_at=format_timestamp(each.ends_at),
            )
            for each in schedule.overrides
        ]
        return cls(
            id=schedule.schedule_id,
            name=schedule.name,
            zone=schedule.zone,
            layers=list(map(LayerView.from_layer, schedule.layers)),
            overrides=overrides,
            version=schedule.version,
        )


class ScheduleList(BaseModel):
    """All schedules, in order of their ids."""

    items: list[ScheduleView]


class OnCallView(BaseModel):
    """The member on call at a moment. `member` is null if no layer is on duty."""

    at: str = Field(json_schema_extra=DATE_TIME)
    member: MemberView | None
    until: str | None = Field(
        json_schema_extra=DATE_TIME, description="End of the shift; null if it is more than 31 days away."
    )

    @classmethod
    def from_now(cls, now: OnCallNow, with_address: bool) -> "OnCallView":
        """Return the view of the member on call."""
        return cls(
            at=format_timestamp(now.at),
            member=MemberView.from_member(now.member, with_address) if now.member else None,
            until=format_timestamp(now.until) if now.until else None,
        )


class ShiftView(BaseModel):
    """The time of one member on call."""

    member_id: str
    starts_at: str = Field(json_schema_extra=DATE_TIME)
    ends_at: str = Field(json_schema_extra=DATE_TIME)
    layer: str | None = Field(description="Name of the layer; null for an override.")

    @classmethod
    def from_shift(cls, shift: Shift) -> "ShiftView":
        """Return the view of a shift."""
        starts, ends = format_timestamp(shift.starts_at), format_timestamp(shift.ends_at)
        return cls(member_id=shift.member_id, starts_at=starts, ends_at=ends, layer=shift.layer)


class ShiftList(BaseModel):
    """The shifts of a schedule in order. They do not overlap; a gap has no member on call."""

    items: list[ShiftView]
