"""All members and schedules of a tenant, and the rules that they have to meet together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from vigil.alerting.oncall.model import MAX_MEMBERS, MAX_SCHEDULES, Layer, Member, Schedule
from vigil.errors import FieldError, InUse, InvalidInput

UNKNOWN_MEMBER = "names no member of the tenant. Create the member first, or correct the id"
"""Message for a member id that does not exist."""


@dataclass(frozen=True, slots=True)
class OnCallPlan:
    """Members and schedules of a tenant by id, as they were read together.

    `generation` counts the changes of the tenant's whole configuration, policies, routes and silences included. `users`
    are the ids of the policies that name a target, by target: `schedule:<id>` or `member:<id>`.
    """

    generation: int = 0
    members: Mapping[str, Member] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def checked_member(self, member: Member) -> Member:
        """Return the member itself, new or changed, if the plan allows it.

        Raises InvalidInput if the tenant has MAX_MEMBERS others, or if another member has the same API key (`key_id`).
        """
        others = [other for other in self.members.values() if other.member_id != member.member_id]
        if len(others) >= MAX_MEMBERS:
            raise too_many("members", MAX_MEMBERS)
        if member.key_id is not None and member.key_id in {other.key_id for other in others}:
            message = "belongs to another member. Use a key of this person, or remove it from the other member first"
            raise InvalidInput(FieldError("key_id", message, "a key of one member"))
        return member

    def checked_schedule(self, schedule: Schedule) -> Schedule:
        """Return the schedule itself, new or changed, if the plan allows it.

        Raises InvalidInput if the tenant has MAX_SCHEDULES others, or with all broken rules of its zone, members and
        times.
        """
        others = self.schedules.keys() - {schedule.schedule_id}
        if len(others) >= MAX_SCHEDULES:
            raise too_many("schedules", MAX_SCHEDULES)
        if errors := list(self._schedule_errors(schedule)):
            raise InvalidInput(*errors)
        return schedule

    def unused_member(self, member: Member) -> Member:
        """Return the member itself if it can be deleted.

        Raises InUse with the ids of the schedules and policies that name it.
        """
        schedules = [each.schedule_id for each in self.schedules.values() if member.member_id in each.member_ids]
        policies = self.users.get(f"member:{member.member_id}", ())
        check_unused("member", "schedules and policies", [*schedules, *policies])
        return member

    def unused_schedule(self, schedule: Schedule) -> Schedule:
        """Return the schedule itself if it can be deleted. Raises InUse with the ids of the policies that name it."""
        check_unused("schedule", "policies", self.users.get(f"schedule:{schedule.schedule_id}", ()))
        return schedule

    def _schedule_errors(self, schedule: Schedule) -> Iterator[FieldError]:
        if not is_zone(schedule.zone):
            yield FieldError("zone", "is not a time zone of the IANA database", "a name such as Europe/Berlin")
        names = [layer.name for layer in schedule.layers]
        for number, layer in enumerate(schedule.layers):
            if layer.name in names[:number]:
                yield FieldError(f"layers.{number}.name", "is the name of an earlier layer", "one name per layer")
            yield from self._layer_errors(layer, f"layers.{number}")
        for number, override in enumerate(schedule.overrides):
            field = f"overrides.{number}"
            if override.member_id not in self.members:
                yield FieldError(f"{field}.member_id", UNKNOWN_MEMBER, "the id of a member")
            if override.ends_at <= override.starts_at:
                yield FieldError(f"{field}.ends_at", "must be after starts_at", "later than starts_at")

    def _layer_errors(self, layer: Layer, field: str) -> Iterator[FieldError]:
        for number, member in enumerate(layer.people):
            if member not in self.members:
                yield FieldError(f"{field}.people.{number}", UNKNOWN_MEMBER, "the id of a member")
        for number, window in enumerate(layer.windows):
            if len(set(window.weekdays)) < len(window.weekdays):
                yield FieldError(f"{field}.windows.{number}.weekdays", "names a day twice", "each day at most once")


def is_zone(name: str) -> bool:
    """Return True if the IANA database has a time zone with this name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        return False
    return True


def check_unused(kind: str, users_kind: str, users: Iterable[str]) -> None:
    """Raise InUse if `users` is not empty; it has the ids of the entries that name the one to delete.

    `kind` and `users_kind` name both sorts in the message, such as `member` and `policies`.
    """
    if found := ", ".join(sorted(users)):
        raise InUse(f"The {kind} is used by the {users_kind} {found}. Remove it there first.")


def too_many(kind: str, most: int) -> InvalidInput:
    """Return, without raising it, the error for one more entry than a tenant may have. `kind` is a plural."""
    return InvalidInput(FieldError(kind, f"cannot be more than {most} per tenant. Delete one first", f"at most {most}"))
