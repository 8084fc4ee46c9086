"""Members of a tenant, and schedules that rotate them in local calendar periods."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

MAX_MEMBERS = 100
"""Maximum members per tenant."""
MAX_SCHEDULES = 20
"""Maximum schedules per tenant."""
MAX_LAYERS = 10
"""Maximum layers per schedule."""
MAX_PEOPLE = 50
"""Maximum entries of the rotation of a layer. A member may have several."""
MAX_WINDOWS = 7
"""Maximum windows per layer."""
MAX_OVERRIDES = 100
"""Maximum overrides per schedule."""
MAX_EVERY = 52
"""Maximum length of a turn, in days or weeks."""

RotationUnit = Literal["day", "week"]
"""Unit of a turn's length."""
DAYS_PER_UNIT: dict[RotationUnit, int] = {"day": 1, "week": 7}
"""Days of a turn, by unit."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a tenant for on-call duty. `address` is an e-mail address.

    `key_id` is the id of the person's API key, or None. `version` grows with each change, from 1.
    """

    member_id: str
    name: str
    address: str
    key_id: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Window:
    """Local hours in which a layer is on duty. `weekdays` are those of its start: 0 is Monday, 6 is Sunday.

    An `ends_at` that is not after `starts_at` is on the next day. `00:00` to `00:00` is a whole day.
    """

    weekdays: tuple[int, ...]
    starts_at: time
    ends_at: time


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation of members. `people` are member ids, in the order of their turns.

    A turn has `every` local days or weeks. The first one begins on the local day `starts_on` at the wall time
    `hand_off_at`. Turns of weeks therefore begin on the weekday of that day. `windows` restrict the duty; a layer
    without windows is always on duty.
    """

    name: str
    people: tuple[str, ...]
    every: int
    unit: RotationUnit
    starts_on: date
    hand_off_at: time
    windows: tuple[Window, ...] = ()

    @property
    def days_per_turn(self) -> int:
        """Local calendar days of a turn."""
        return self.every * DAYS_PER_UNIT[self.unit]


@dataclass(frozen=True, slots=True)
class Override:
    """One member in place of all layers. `starts_at` is part of its time, `ends_at` is not. Both have an offset."""

    member_id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers that name the member on call at each moment, in one IANA time zone.

    A later layer replaces earlier ones while it is on duty. An override replaces all layers, and a later override
    replaces earlier ones. `version` grows with each change, from 1.
    """

    schedule_id: str
    name: str
    zone: str
    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...] = ()
    version: int = 1

    @property
    def member_ids(self) -> frozenset[str]:
        """Ids of all members that the layers and overrides name."""
        people = (member for layer in self.layers for member in layer.people)
        return frozenset((*people, *(override.member_id for override in self.overrides)))


@dataclass(frozen=True, slots=True)
class Shift:
    """The time of one member on call; `ends_at` is not part of it. Both times have an offset.

    `layer` is the name of the layer, or None for an override.
    """

    member_id: str
    starts_at: datetime
    ends_at: datetime
    layer: str | None
